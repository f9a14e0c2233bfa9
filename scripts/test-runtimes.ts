// `npm run test:runtimes` packs the tarball, starts one API with it on every runtime, and prints one table of what holds there.
// `--few` takes two runtimes. Needs the registry, or npm's cache. The last line is `N passed, N failed`.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createTestIssuer, oidcLike, type TestIssuer } from 'claimcheck/testing'
import { build } from 'esbuild'
import { algorithms, checks, type Running } from '../test/runtimes/checks.ts'
import { askExample } from '../test/runtimes/example.ts'
import { allRuntimes, fewRuntimes, type Runtime } from '../test/runtimes/runtimes.ts'
import { root } from './subpaths.ts'

/** `yes`, the reason for a no that is known, or a failure. */
type Cell = { readonly text: string; readonly failure?: unknown }

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const chosen = process.argv.includes('--few') ? fewRuntimes : allRuntimes
const runtimes = chosen.filter(({ name }) => named.length === 0 || named.includes(name))
const home = mkdtempSync(join(tmpdir(), 'claimcheck-runtimes-'))

try {
  await install()
  // Copies: within the repository `claimcheck` is the repository itself, and not what was packed.
  for (const folder of ['test/runtimes', 'examples/hono-worker'])
    cpSync(join(root, folder), join(home, folder), { recursive: true })
  await bundle('test/runtimes/serve', 'node')
  await bundle('test/runtimes/worker', 'neutral')
  await bundle('examples/hono-worker/worker', 'neutral', 'example')
  const columns: (readonly Cell[])[] = []
  for (const runtime of runtimes) columns.push(await tryRuntime(runtime))
  printTable(columns)
} finally {
  rmSync(home, { recursive: true, force: true })
}

/** Installs the tarball and the programs into a private package of their own, outside the repository and its lock file. */
async function install(): Promise<void> {
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }')
  await npm(root, 'pack', '--pack-destination', home)
  const tarball = readdirSync(home).find((file) => file.endsWith('.tgz'))
  const { devDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
    devDependencies: Readonly<Record<'hono', string>>
  }
  const programs = new Map(runtimes.map((runtime) => [aliasOf(runtime), runtime.spec]))
  await npm(
    home,
    'install',
    `./${tarball}`,
    `hono@${devDependencies.hono}`,
    ...[...programs].map(([alias, spec]) => `${alias}@npm:${spec}`),
  )
}

async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']
  await promisify(execFile)('npm', [...args, ...flags], { cwd, timeout: 600_000 })
}

function aliasOf({ spec }: Runtime): string {
  return spec.replace(/^@/, '').replaceAll(/[/@]/g, '-')
}

/**
 * Writes a program as JavaScript. On a Node, Bun and Deno it finds the installed package by itself, so that the conditions
 * of each runtime count. Workers are bundled, as by Cloudflare's own tools.
 */
async function bundle(program: string, platform: 'node' | 'neutral', name = basename(program)): Promise<void> {
  await build({
    entryPoints: [join(home, `${program}.ts`)],
    outfile: join(home, `${name}.mjs`),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform,
    absWorkingDir: home,
    ...(platform === 'node'
      ? { packages: 'external' }
      : {
          external: ['cloudflare:workers'],
          conditions: ['workerd', 'worker', 'browser'],
        }),
  })
}

/** Starts the API and runs the checks, one after the other. After a failure the rest is not tried. */
async function tryRuntime(runtime: Runtime): Promise<readonly Cell[]> {
  const cells: Cell[] = []
  try {
    await serveOn(runtime, 'worker', async (api) => {
      for (const check of Object.values(checks)) cells.push({ text: (await check(api)) ?? 'yes' })
    })
    // A Worker: test/examples starts those of Node.
    if (runtime.worker?.keepAlive) {
      await serveOn(runtime, 'example', askExample)
      cells.push({ text: 'yes' })
    }
  } catch (failure) {
    cells.push({ text: 'FAILED', failure })
  }
  return cells
}

/** Starts an API for the tokens of a new STS, and ends it after `ask`. `module`: the one that a Worker is made of. */
async function serveOn(runtime: Runtime, module: string, ask: (api: Running) => Promise<void>): Promise<void> {
  const sts = createTestIssuer(oidcLike(), { algorithms })
  await sts.listen()
  const child = start(runtime, sts, module)
  try {
    const port = await Promise.race([portOf(child, runtime), once(child, 'exit').then(() => undefined)])
    if (port === undefined) throw new Error(`${module} did not start`)
    await ask({ ...runtime, sts, origin: `http://127.0.0.1:${port}` })
  } finally {
    child.kill('SIGKILL')
    await sts.close()
  }
}

function start(runtime: Runtime, sts: TestIssuer, module: string): ChildProcess {
  const env = { ...process.env, NODE_OPTIONS: '', ISSUER: sts.issuer, AUDIENCE: sts.audience }
  if (runtime.worker) writeFileSync(join(home, runtime.args[1] ?? ''), workerConfig(sts, module, runtime.worker))
  const program = join(home, 'node_modules', aliasOf(runtime), runtime.program)
  return spawn(program, runtime.args, { cwd: home, env, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
}

function workerConfig(
  { issuer, audience }: TestIssuer,
  module: string,
  { keepAlive }: { readonly keepAlive: boolean },
): string {
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "api", worker = .api), (name = "internet", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "api")]
);
const api :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${module}.mjs")],
  compatibilityDate = "2026-04-01",
  bindings = [
    (name = "ISSUER", text = "${issuer}"), (name = "AUDIENCE", text = "${audience}"),
    (name = "KEEP_ALIVE", text = "${keepAlive ? 'yes' : 'no'}")
  ]
);
`
}

/** The port, from the first line that has one. */
async function portOf({ stdio }: ChildProcess, { worker }: Runtime): Promise<string | undefined> {
  for await (const line of createInterface({ input: stdio[worker ? 3 : 1] as Readable })) {
    const port = /port"?[: ](\d+)/.exec(line)?.[1]
    if (port !== undefined) return port
  }
  return undefined
}

function printTable(columns: readonly (readonly Cell[])[]): void {
  const titles = [...Object.keys(checks), 'examples/hono-worker']
  const width = Math.max(...titles.map(({ length }) => length)) + 2
  console.log(''.padEnd(width) + runtimes.map(({ name }) => name.padEnd(name.length + 2)).join(''))
  const notes = new Set<string>()
  for (const [row, title] of titles.entries()) {
    const cells = columns.map((column, index) => {
      const { text } = column[row] ?? { text: '-' }
      if (text.startsWith('no:')) notes.add(`${title}, ${runtimes[index]?.name}: ${text}`)
      return text.replace(/:.*/s, '').padEnd((runtimes[index]?.name.length ?? 0) + 2)
    })
    console.log(title.padEnd(width) + cells.join(''))
  }
  for (const note of notes) console.log(note)
  for (const [index, column] of columns.entries()) {
    for (const { failure } of column) if (failure !== undefined) console.log(`\n${runtimes[index]?.name}:`, failure)
  }
  const all = columns.flat()
  const failed = all.filter(({ failure }) => failure !== undefined).length
  if (failed > 0 || all.length === 0) process.exitCode = 1
  console.log(`${all.length - failed} passed, ${failed} failed`)
}
