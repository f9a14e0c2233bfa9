// Starts a real nginx with a printed recipe, in a folder of its own.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const env = { PATH: `${process.env.PATH}:/usr/sbin` }

export interface Nginx {
  readonly port: number
  stop(): Promise<void>
}

export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v'], { env }).status === 0
}

/** @param write makes the configuration for a port. */
export async function startNginx(write: (listen: string) => string | undefined): Promise<Nginx> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-example-'))
  const text = write(`127.0.0.1:${port}`) ?? ''
  writeFileSync(join(folder, 'nginx.conf'), text)
  const pidFile = /^pid (.+);$/m.exec(text)?.[1] ?? ''
  const started = watch(dirname(pidFile))
  const nginx = spawn('nginx', ['-e', 'stderr', '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  async function stop(): Promise<void> {
    started.close()
    if (nginx.kill()) await once(nginx, 'exit')
    const temporary = [...text.matchAll(/_temp_path (.+);$/gm)].map(([, path = '']) => path)
    for (const path of [folder, pidFile, ...temporary]) rmSync(path, { recursive: true, force: true })
  }
  // nginx opens its sockets first, and writes its pid file then.
  const hasStarted = new Promise<void>((resolve, reject) => {
    started.on('change', (_, name) => (name === basename(pidFile) ? resolve() : undefined))
    nginx.once('error', reject).once('exit', () => reject(new Error('nginx did not start')))
  })
  try {
    await hasStarted
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Sends a request by bytes: fetch would clean the path. */
export async function send(
  port: number,
  { method, path, headers }: { readonly method: string; readonly path: string; readonly headers: object },
): Promise<Answer> {
  const lines = Object.entries({ Host: 'api.example.com', Connection: 'close', ...headers }).map((one) =>
    one.join(': '),
  )
  const socket = connect(port, '127.0.0.1')
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return { status: Number(text.slice(9, 12)), body: /\r\n\r\n(?:[0-9a-f]+\r\n)?([^\r]*)/.exec(text)?.[1] ?? '' }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const free = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return free
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
