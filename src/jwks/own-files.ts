// Rules for files that only this service may write to.
import { constants, type Stats } from 'node:fs'

/** Opens a file for reading: follows no link and waits for no pipe. Windows has neither flag. */
export const readOnly: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Refuses a file or directory that every user may write to: any of them could add keys. The sticky bit does not help, since a
 * file may be missing.
 */
export function checkWriters({ mode }: Stats, what: string): void {
  // Windows has no numeric users and no modes: Node makes those up.
  if (process.getuid === undefined || (mode & constants.S_IWOTH) === 0) return
  throw new Error(`every user of the machine may write to ${what}: take that away (chmod o-w)`)
}

/** Checks an open file, so that no other file can take its place before it is read. */
export function checkOwnFile(stats: Stats, what: string, maxBytes: number): void {
  if (!stats.isFile()) throw new Error(`${what} is no file`)
  checkWriters(stats, what)
  if (stats.size > maxBytes) throw new Error(`${what} is too large`)
}

/** The error of an open that met a link, with the cause in words. */
export function explainLink(error: unknown, what: string): unknown {
  return codeOf(error) === 'ELOOP' ? new Error(`${what} is a symbolic link`) : error
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
