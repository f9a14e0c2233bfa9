// Real gateways as child processes, each with a configuration in a folder of its own, on a free port of loopback. None runs as root.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { RecipeFile } from 'claimcheck/gateway'
import { freePort } from './ports.ts'

export type GatewayProgram = 'nginx' | 'caddy' | 'haproxy' | 'apache'

export interface RunningGateway {
  readonly port: number
  /** What it has logged until now. */
  output(): string
  stop(): Promise<void>
}

const commands: Readonly<Record<GatewayProgram, (folder: string, file: string) => readonly string[]>> = {
  nginx: (_, file) => ['nginx', '-e', 'stderr', '-c', file, '-g', 'daemon off;'],
  haproxy: (folder, file) => ['haproxy', '-W', '-p', join(folder, 'pid'), '-f', file],
  apache: (folder, file) => ['apache2', '-D', 'FOREGROUND', '-C', `Define CLAIMCHECK_DIR ${folder}`, '-f', file],
  caddy: (folder, file) => [
    'caddy',
    ...['run', '--adapter', 'caddyfile', '--config', file, '--pidfile', join(folder, 'pid')],
  ],
}

// What a recipe writes beside its own folder.
const pidLine = /^pid(?:File)? (.+?);?$/im
const temporaryLines = /_(?:temp|cache)_path ([^;\s]+)/gm
// No recipe may need root. Tests that run as root start each gateway as a user without rights (65534 in Debian).
const unprivileged = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

/** A configuration of nginx for any user, with one server. */
export function nginxServing(listen: string, server: string): string {
  const own = `/tmp/claimcheck-nginx-${listen.split(':').at(-1)}`
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${own}-${name};\n`,
  )
  return `pid ${own}.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${paths.join('')}server { listen ${listen}; ${server} }\n}\n`
}

const path = `${process.env.PATH}:/usr/sbin`

/** Whether the program is installed. A test that needs it is skipped without, and its title says what is missing. */
export function isInstalled(program: GatewayProgram): boolean {
  return (
    spawnSync('sh', ['-c', `command -v ${program === 'apache' ? 'apache2' : program}`], { env: { PATH: path } })
      .status === 0
  )
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
  const { name = '', text = '' } = files[0] ?? {}
  const file = join(folder, name)
  const pidFile = resolve(folder, pidLine.exec(text)?.[1] ?? 'pid')
  mkdirSync(join(folder, 'home'))
  if (unprivileged) for (const one of ['', 'home']) chownSync(join(folder, one), unprivileged.uid, unprivileged.gid)
  const [command = '', ...args] = commands[program](folder, file)
  const env = { PATH: path, HOME: join(folder, 'home') }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], ...unprivileged })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  async function stop(): Promise<void> {
    await end(child)
    const others = [...text.matchAll(temporaryLines)].map(([, other]) => resolve(folder, other ?? ''))
    for (const one of [folder, pidFile, ...others]) rmSync(one, { recursive: true, force: true })
  }
  const log = join(folder, 'error.log')
  const readOutput = (): string => output + (existsSync(log) ? readFileSync(log, 'utf8') : '')
  if (await hasStarted(child, pidFile)) return { port, output: readOutput, stop }
  const told = readOutput()
  await stop()
  throw new Error(`${program} did not start:\n${told}`)
}

/** Each of them opens its sockets first, and writes its pid file then. False when it ends before. */
async function hasStarted(child: ChildProcess, pidFile: string): Promise<boolean> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(pidFile))
    const settle = (started: boolean): void => {
      watcher.close()
      resolve(started)
    }
    const look = (): void => {
      if ((statSync(pidFile, { throwIfNoEntry: false })?.size ?? 0) > 0) settle(true)
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
