// A process of its own, for what must not have happened in this one.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs a script of this folder, which may import the package by its name, and returns what it prints. */
export async function runInNewProcess(script: string, args: readonly string[], env = {}): Promise<string> {
  const file = new URL(script, import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file, ...args], {
    // One that hangs is ended before the test gives up.
    timeout: 45_000,
    env: { ...process.env, TSX_TSCONFIG_PATH: new URL('../../tsconfig.json', import.meta.url).pathname, ...env },
  })
  return stdout.trim()
}
