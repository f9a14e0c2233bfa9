// The command as a process of its own, bundled from the sources: with tsx, each start takes a second. Tests wait for its log lines and its end, never for time.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { threadId } from 'node:worker_threads'
import { createTestIssuer } from 'claimcheck/testing'
import { buildSync } from 'esbuild'
import { onTestFinished } from 'vitest'
import { root } from '../../scripts/subpaths.ts'
import { type RawAnswer, sendRaw } from '../support/raw-request.ts'

export interface LogLine {
  readonly what: string
  readonly [name: string]: unknown
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly lines: readonly LogLine[]
  /** The first log line of this kind behind those that were waited for before. Rejects when the process ends without. */
  line(what: string): Promise<LogLine>
  readonly ended: Promise<Ended>
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** From the sources themselves: for modules that import the package, which must be the same copy. */
  readonly unbundled?: boolean
}

const program = bundle()

function bundle(): string {
  const { outputFiles } = buildSync({
    entryPoints: [`${root}/src/cli/main.ts`],
    alias: { '#engine': `${root}/src/crypto/engine-node.ts` },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
  })
  mkdirSync(`${root}/reports`, { recursive: true })
  const file = `${root}/reports/claimcheck.mjs`
  // Another worker may be starting it.
  const own = `${file}.${process.pid}-${threadId}`
  writeFileSync(own, outputFiles[0]?.contents ?? '')
  renameSync(own, file)
  return file
}

/** Starts `claimcheck` with these arguments. Ends with its test. */
export function start(args: readonly string[], { env = {}, input, unbundled = false }: RunOptions = {}): Running {
  const file = unbundled ? ['--import', 'tsx', `${root}/src/cli/main.ts`] : [program]
  const child = spawn(process.execPath, [...file, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, TSX_TSCONFIG_PATH: `${root}/tsconfig.json`, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end(input)
  const lines: LogLine[] = []
  const output = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  let isOver = false
  let next = 0
  const wake = (): void => {
    for (const go of waiting) go()
  }
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)))
  createInterface(child.stdout).on('line', (text) => {
    if (text.startsWith('{"time"')) lines.push(JSON.parse(text) as LogLine)
    wake()
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true
    wake()
    return { code: code as number | null, signal: signal as string | null, ...output }
  })

  async function line(what: string): Promise<LogLine> {
    for (;;) {
      const at = lines.findIndex((one, index) => index >= next && one.what === what)
      const found = lines[at]
      if (found) {
        next = at + 1
        return found
      }
      if (isOver) throw new Error(`it ended without '${what}':\n${output.stdout}${output.stderr}`)
      await new Promise<void>((resolve) => {
        const go = (): void => {
          waiting.delete(go)
          resolve()
        }
        waiting.add(go)
      })
    }
  }

  return { child, lines, line, ended }
}

/** Runs `claimcheck` to its end. */
export async function run(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return start(args, options).ended
}

/** A folder that goes with its test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'claimcheck-cli-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Writes a file into a folder of its own, and returns its path. */
export function write(name: string, content: unknown): string {
  const path = join(folder(), name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** An STS on loopback, and the configuration of a server that trusts it. */
export async function stsAndConfig() {
  const sts = createTestIssuer()
  await sts.listen()
  onTestFinished(() => sts.close())
  const config = {
    dialects: ['caddy'],
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    drainSeconds: 0,
    issuer: sts.issuer,
    audience: sts.audience,
    routes: {
      'GET /orders/{id}': { anyOf: [{ scope: 'orders:read' }, { role: 'auditor' }] },
      '/users/{user}/{rest...}': { claim: { sub: { param: 'user' } } },
      '/account': 'authenticated',
      '/health': 'anonymous',
    } as Record<string, unknown>,
  }
  return { sts, config }
}

/** A running server, and how to ask it. */
export async function serve(args: readonly string[], options?: RunOptions) {
  const running = start(['serve', ...args], options)
  const { url, admin } = await running.line('listening')
  const port = (of: unknown): number => Number(String(of).split(':').at(-1))
  return {
    ...running,
    /** Asks about `GET target`, with these header lines of the client. */
    ask: (target: string, token?: string, lines: readonly string[] = []): Promise<RawAnswer> =>
      sendRaw(port(url), {
        path: '/caddy',
        lines: [
          'X-Forwarded-Method: GET',
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: api.example.com',
          `X-Forwarded-Uri: ${target}`,
          ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
          ...lines,
        ],
      }),
    admin: (path: string, lines: readonly string[] = []): Promise<RawAnswer> => sendRaw(port(admin), { path, lines }),
    port: port(url),
    adminAddress: String(admin).replace('http://', ''),
  }
}
