// What the measures of a gateway run: decision servers as they ship, each a process, and nginx with the recipe that `claimcheck recipe`
// prints.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nginxServing, type RunningGateway, startGateway } from '../../../test/support/gateways.ts'
import { freePort } from '../../../test/support/ports.ts'

const command = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** A decision server. */
export interface DecisionServer {
  /** `host:port`. */
  readonly address: string
  readonly child: ChildProcess
  /** The text of `/metrics`. */
  metrics(): Promise<string>
  /** Of its memory, what the machine keeps in its own. `NaN` where the system does not tell. */
  residentMegabytes(): number
  stop(): Promise<void>
}

/** A folder of this run. It goes with the process. */
export const folder: string = mkdtempSync(join(tmpdir(), 'claimcheck-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Writes a configuration, and returns its file. */
export function writeConfiguration(name: string, configuration: object): string {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(configuration))
  return file
}

/** Starts `claimcheck serve`, and waits until it listens: its first requests wait for the keys. It logs no request that it allows. */
export async function startDecisions(config: string, address?: string): Promise<DecisionServer> {
  const listen = address ?? `127.0.0.1:${await freePort()}`
  const admin = `127.0.0.1:${await freePort()}`
  const args = ['serve', '--config', config, '--listen', listen, '--admin', admin]
  const child = await start([command, ...args, '--drain-seconds', '1'])
  return {
    address: listen,
    child,
    metrics: async () => (await fetch(`http://${admin}/metrics`)).text(),
    residentMegabytes: () => residentMegabytesOf(child),
    stop: async () => end(child),
  }
}

/** Starts what every decision server is compared with: it reads nothing, and says yes. */
export async function startBare(): Promise<Pick<DecisionServer, 'address' | 'stop'>> {
  const port = await freePort()
  const program = `import { createServer } from 'node:http'
    createServer((_, response) => response.writeHead(200, { 'X-Auth-Status': '200', 'Content-Length': 0 }).end()).listen(${port}, '127.0.0.1', () => console.log('listening'))`
  const child = await start(['--input-type=module', '--eval', program])
  return { address: `127.0.0.1:${port}`, stop: async () => end(child) }
}

/** Starts nginx with the recipe for `config`. `change` is what an operator edits in it. */
export async function startNginx(
  config: string,
  { upstream, decisions, change = (text) => text }: NginxParts,
): Promise<RunningGateway> {
  return startGateway('nginx', (port) => {
    const addresses = ['--listen', `127.0.0.1:${port}`, '--upstream', upstream, '--decisions', decisions]
    const args = [command, 'recipe', 'nginx', '--config', config, ...addresses]
    return [{ name: 'nginx.conf', text: change(execFileSync(process.execPath, args, { encoding: 'utf8' })) }]
  })
}

export interface NginxParts {
  readonly upstream: string
  readonly decisions: string
  readonly change?: (text: string) => string
}

/** Starts an API that costs next to nothing. */
export async function startApi(): Promise<RunningGateway> {
  return startGateway('nginx', (port) => [
    { name: 'nginx.conf', text: nginxServing(`127.0.0.1:${port}`, 'keepalive_requests 1000000; return 200 ok;') },
  ])
}

/** Starts a program that says when it listens. What it says later is thrown away. */
async function start(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return new Promise((resolve, reject) => {
    // Read to the end: a program whose lines nothing takes keeps them in memory, and cannot end.
    child.stdout.on('data', (text) => void (String(text).includes('listening') && resolve(child)))
    child.once('exit', () => reject(new Error('a process of the measurement ended before it listened')))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

function residentMegabytesOf({ pid }: ChildProcess): number {
  if (process.platform !== 'linux') return Number.NaN
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kilobytes) / 1024
}
