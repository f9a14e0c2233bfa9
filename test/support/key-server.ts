// An issuer's metadata and JWK Set over real HTTP on loopback, with every fault that an STS can have. It issues no
// tokens: tests sign those by hand. Where the tokens themselves must be an STS's own, use examples/quickstart/sts.ts.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { freePort } from './ports.ts'
import type { JsonWebKey } from './types.ts'

export interface KeyServer {
  readonly issuer: string
  /** The path of every request so far. */
  readonly requests: string[]
  /** What the JWK Set holds now. */
  keys: readonly JsonWebKey[]
  /** Replaces the answer to a path (`/jwks`, `/.well-known/…`) or, as `*`, to everything; `undefined` restores it. */
  answer(path: string, answer: Answer | undefined): void
  /** Requests of `path` (default: the JWK Set) so far. */
  count(path?: string): number
  /** Stops listening and drops every connection; `start` listens on the same port again. */
  stop(): Promise<void>
  start(): Promise<void>
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Answers that servers in trouble give. */
export const faults = {
  status:
    (status: number, headers = {}): Answer =>
    (_, response) =>
      void response.writeHead(status, headers).end('{}'),
  json:
    (body: unknown, headers = {}): Answer =>
    (_, response) =>
      void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)),
  text:
    (body: string, headers = {}): Answer =>
    (_, response) =>
      void response.writeHead(200, headers).end(body),
  hang: ((_, response) => void response) as Answer,
  /** A good beginning, and then nothing more. */
  stall: ((_, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":[')) as Answer,
  reset: ((request) => void request.socket.destroy()) as Answer,
}

/** Starts listening; metadata is at the OpenID Connect path below `path`, keys at `/jwks`. Stop it after the test. */
export async function startKeyServer({ keys = [] as readonly JsonWebKey[], path = '' } = {}): Promise<KeyServer> {
  const answers = new Map<string, Answer>()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://loopback')
    self.requests.push(pathname)
    const answer = answers.get(pathname) ?? answers.get('*') ?? good(pathname)
    answer(request, response)
  })
  const port = await freePort()

  function good(pathname: string): Answer {
    if (pathname === '/jwks') return faults.json({ keys: self.keys })
    if (pathname === `${path}/.well-known/openid-configuration`) {
      return faults.json({ issuer: self.issuer, jwks_uri: `${new URL(self.issuer).origin}/jwks` })
    }
    return faults.status(404)
  }

  async function start(): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  await start()
  const self: KeyServer = {
    issuer: `http://127.0.0.1:${port}${path}`,
    requests: [],
    keys,
    answer(at, answer) {
      if (answer) answers.set(at, answer)
      else answers.delete(at)
    },
    count: (at = '/jwks') => self.requests.filter((one) => one === at).length,
    stop,
    start,
  }
  return self
}
