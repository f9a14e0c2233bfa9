// Real gateways as child processes, each with a configuration in a folder of its own, on a free port of loopback.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, watch, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecipeFile } from 'claimcheck/gateway'

export type GatewayProgram = 'nginx' | 'caddy' | 'haproxy' | 'apache'

export interface RunningGateway {
  readonly port: number
  stop(): Promise<void>
}

const commands: Readonly<Record<GatewayProgram, (folder: string, file: string) => readonly string[]>> = {
  nginx: (folder, file) => [
    'nginx',
    '-p',
    folder,
    '-e',
    join(folder, 'error.log'),
    '-c',
    file,
    '-g',
    `daemon off; pid ${join(folder, 'pid')}; user root;`,
  ],
  haproxy: (folder, file) => ['haproxy', '-W', '-p', join(folder, 'pid'), '-f', file],
  apache: (folder, file) => [
    'apache2',
    ...['-D', 'FOREGROUND', '-f', file, '-C', `Define CLAIMCHECK_DIR ${folder}`],
    ...['-C', `PidFile ${join(folder, 'pid')}`, '-C', `ErrorLog ${join(folder, 'error.log')}`],
  ],
  caddy: (folder, file) => [
    'caddy',
    ...['run', '--adapter', 'caddyfile', '--config', file, '--pidfile', join(folder, 'pid')],
  ],
}

const path = `${process.env.PATH}:/usr/sbin`

/** Whether the program is installed. A test that needs it is skipped without, and its title says what is missing. */
export function isInstalled(program: GatewayProgram): boolean {
  return (
    spawnSync('sh', ['-c', `command -v ${program === 'apache' ? 'apache2' : program}`], { env: { PATH: path } })
      .status === 0
  )
}

/** A port that was free a moment ago, since these programs cannot say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts `program` with the configuration that `write` makes for its port, and waits until it takes connections. */
export async function startGateway(
  program: GatewayProgram,
  write: (port: number) => readonly RecipeFile[],
): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), `claimcheck-${program}-`))
  const port = await freePort()
  const files = write(port)
  for (const { name, text } of files) writeFileSync(join(folder, name), text)
  const file = join(folder, files[0]?.name ?? '')
  mkdirSync(join(folder, 'home'))
  const [command = '', ...args] = commands[program](folder, file)
  const env = { PATH: path, HOME: join(folder, 'home') }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  async function stop(): Promise<void> {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  }
  if (await hasStarted(child, folder)) return { port, stop }
  await stop()
  throw new Error(`${program} did not start:\n${output}`)
}

/** Each of them opens its sockets first, and writes its pid file then. False when it ends before. */
async function hasStarted(child: ChildProcess, folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    const watcher = watch(folder)
    const settle = (started: boolean): void => {
      watcher.close()
      resolve(started)
    }
    const look = (): void => {
      if ((statSync(join(folder, 'pid'), { throwIfNoEntry: false })?.size ?? 0) > 0) settle(true)
    }
    watcher.on('change', look)
    child.once('exit', () => settle(false))
    // It may have been there before the watcher.
    look()
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
