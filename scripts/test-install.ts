// `npm run test:install` packs the tarball once, installs it as users do, and prints one table: where it compiles, runs and is bundled.
// `--few` takes one row of each kind. Needs the registry, or npm's cache. The last line is `N passed, N failed, N skipped`.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { allRows, fewRows, installs, type Row } from '../test/install/rows.ts'
import { root } from './subpaths.ts'

interface Result {
  readonly good: boolean
  readonly output: string
}

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const chosen = process.argv.includes('--few') ? fewRows : allRows
const rows = chosen.filter(({ name }) => named.length === 0 || named.some((text) => name.includes(text)))
const home = mkdtempSync(join(tmpdir(), 'claimcheck-install-'))
const installed = new Map<string, Promise<Result>>()

try {
  const packed = await npm(root, 'pack', '--pack-destination', home)
  if (!packed.good) throw new Error(packed.output)
  const tarball = join(home, readdirSync(home).find((name) => name.endsWith('.tgz')) ?? '')
  const waiting = [...rows]
  const results = new Map<Row, Result>()
  await Promise.all([work(), work()])
  printTable(results)

  /** Takes rows from the one list until there is none. */
  async function work(): Promise<void> {
    for (let row = waiting.shift(); row; row = waiting.shift()) results.set(row, await tryRow(row, tarball))
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}

async function tryRow(row: Row, tarball: string): Promise<Result> {
  const folder = join(home, row.install)
  const install = installed.get(row.install) ?? installIn(folder, tarball, installs[row.install])
  installed.set(row.install, install)
  const ready = await install
  if (!ready.good) return ready
  for (const [file, text] of Object.entries(row.files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  const program = row.node === undefined ? process.execPath : join(folder, row.node)
  let result: Result = { good: false, output: '' }
  for (const command of row.commands) {
    result = judge(row, await run(folder, program, command))
    if (!result.good) return result
  }
  const good = row.kind === 'TypeScript' || result.output.includes('verified')
  return { ...result, good }
}

/** Errors in the declarations of other packages are theirs: fastify's need TypeScript 5.4. */
function judge({ kind }: Row, { good, output }: Result): Result {
  if (kind !== 'TypeScript' || good) return { good, output }
  const errors = output.split('\n').filter((line) => /^\S.*: error TS\d+/.test(line))
  const ours = errors.filter((line) => !/^(?:.*\/)?node_modules\/(?!claimcheck\/)/.test(line))
  return { good: errors.length > 0 && ours.length === 0, output: ours.join('\n') || output }
}

function installIn(folder: string, tarball: string, packages: readonly string[]): Promise<Result> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  return npm(folder, 'install', tarball, ...packages)
}

function npm(folder: string, command: string, ...args: readonly string[]): Promise<Result> {
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']
  return run(folder, 'npm', [command, ...args, ...flags])
}

function run(cwd: string, program: string, args: readonly string[]): Promise<Result> {
  const env = { ...process.env, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' }
  return new Promise((resolve) => {
    const shell = program === 'npm' && process.platform === 'win32'
    const done = (error: unknown, stdout: string, stderr: string): void =>
      resolve({ good: error === null, output: `${stdout}${stderr}` })
    execFile(program, args, { cwd, env, shell, maxBuffer: 64 * 1024 ** 2, timeout: 600_000 }, done)
  })
}

function printTable(results: ReadonlyMap<Row, Result>): void {
  const width = Math.max(...rows.map(({ name }) => name.length))
  for (const row of rows) {
    const { good, output } = results.get(row) ?? { good: false, output: 'did not run' }
    console.log(`${row.name.padEnd(width)}  ${good ? 'yes' : `no\n${output}`}`)
  }
  const failed = rows.filter((row) => results.get(row)?.good !== true).length
  if (failed > 0 || rows.length === 0) process.exitCode = 1
  console.log(`${rows.length - failed} passed, ${failed} failed, 0 skipped`)
}
