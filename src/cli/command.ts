// A command of `claimcheck`. A TypeError that it throws is about arguments or configuration (exit code 2); any other error is not (1).

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
