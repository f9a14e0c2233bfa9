// A command of `claimcheck`. A TypeError that it throws, or a file that is not there, is about arguments or configuration (exit code 2);
// any other error is not (1).
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** What `--help` prints. */
  readonly usage: string
  /** Resolves to the exit code. */
  run(args: readonly string[]): Promise<number>
}

/** Writes a line to the standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** The members of an error of Node's. `address` of a Unix socket is its path. */
interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string
  readonly port?: number
}

/** What went wrong, for people: files that are missing and ports that are in use are told in a sentence. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isMissingFile(error)) return missing(error.path)
  const { code, message, address, port = 0 } = error as SystemError
  if (code === 'EADDRINUSE' && port > 0)
    return `${address}:${port} is in use (EADDRINUSE), perhaps by a server that still drains.`
  if (code === 'EADDRINUSE')
    return `${address} is in use (EADDRINUSE), or a server that was killed has left it behind: then remove it.`
  return message
}

/** Says that there is no `path`. A file that is to be written may lack its folder. */
export function missing(path: string): string {
  const file = resolve(path)
  const folder = dirname(file)
  return `there is no file ${file}${existsSync(folder) ? '' : `, and no folder ${folder}`}.`
}

/** Whether a file that was to be opened is not there. */
export function isMissingFile(error: unknown): error is Error & { readonly path: string } {
  const { code, syscall, path } = error instanceof Error ? (error as SystemError) : {}
  return code === 'ENOENT' && syscall === 'open' && path !== undefined
}

/** Whether `parseArgs` threw it. */
export function isAboutArguments(error: unknown): error is Error {
  return error instanceof Error && String((error as SystemError).code).startsWith('ERR_PARSE_ARGS_')
}
