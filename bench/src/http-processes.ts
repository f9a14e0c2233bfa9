// The processes of the framework measure: servers on one core, the load on another.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { fixtureFolder, reports } from './prepare.ts'

export interface HttpServer {
  readonly port: number
  cpuSeconds(): number
  stop(): void
}

export interface HttpLoad {
  run(port: number, millis: number): Promise<{ responses: number; seconds: number }>
  stop(): void
}

export async function startServer(
  node: string,
  { kind, keysUrl }: { kind: string; keysUrl: string },
): Promise<HttpServer> {
  const { child, lines } = start(0, [node, `${reports}/js/http-server.js`, kind, fixtureFolder, keysUrl])
  const port = Number(await nextLine(lines))
  return { port, cpuSeconds: () => cpuSecondsOf(child), stop: () => void child.kill() }
}

export function startLoad(node: string): HttpLoad {
  const { child, lines } = start(1, [node, `${reports}/js/http-load.js`, fixtureFolder])
  return {
    async run(port, millis) {
      const answer = nextLine(lines)
      child.stdin?.write(`${port} ${millis}\n`)
      const result = JSON.parse(await answer) as { responses: number; seconds: number; error?: string }
      if (result.error) throw new Error(result.error)
      return result
    },
    stop: () => void child.kill(),
  }
}

/** taskset becomes the process that it starts, so that its id is the server's. */
function start(core: number, [command = '', ...args]: string[]): { child: ChildProcess; lines: Interface } {
  const pinned = canPin ? ['taskset', '-c', String(core), command, ...args] : [command, ...args]
  const child = spawn(pinned[0] as string, pinned.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  return { child, lines: createInterface({ input: child.stdout }) }
}

const canPin = cpus().length > 1 && hasTaskset()

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function nextLine(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('A process of the measurement has ended.'))
    lines.once('close', ended)
    lines.once('line', (line) => {
      lines.off('close', ended)
      resolve(line)
    })
  })
}

/** User and system time of a process, in ticks of 10 ms; `NaN` where the system does not tell. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  if (process.platform !== 'linux') return Number.NaN
  const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1] ?? ''
  const fields = afterName.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
