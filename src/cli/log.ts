// The log of `claimcheck serve`: one line for each thing that happened. Holds no token, no path and no subject.
import { print } from './command.ts'

export type LogFacts = Readonly<Record<string, unknown>>

export interface Log {
  info(what: string, facts?: LogFacts): void
  warn(what: string, facts?: LogFacts): void
  error(what: string, facts?: LogFacts): void
}

/** Writes to the standard output. A value is JSON in both forms, so that none ends its line. */
export function createLog(form: 'json' | 'text' | 'silent'): Log {
  const write = (level: string, what: string, facts: LogFacts = {}): void => {
    if (form === 'silent') return
    const time = new Date().toISOString()
    const known = Object.entries(facts).filter(([, value]) => value !== undefined)
    if (form === 'json') return print(JSON.stringify({ time, level, what, ...Object.fromEntries(known) }))
    print([time, level, what, ...known.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' '))
  }
  return {
    info: (what, facts) => write('info', what, facts),
    warn: (what, facts) => write('warn', what, facts),
    error: (what, facts) => write('error', what, facts),
  }
}
