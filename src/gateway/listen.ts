// The decision server over HTTP. It answers the questions of trusted gateways, and everything else with a 403: never with a 5xx, on
// which fail-open switches act.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { viewNodeRequest } from '../http/request-view.ts'
import { checkOptionNames } from '../internal/options.ts'
import type { JwkSet } from '../issuer/issuer.ts'
import { type DialectAnswer, type Question, writePlain } from './dialects/dialect.ts'
import { type DialectName, dialects } from './dialects/dialects.ts'
import type { DecisionServer } from './decision.ts'
import { type Address, createPeerCheck, readAddress, type TrustOptions } from './peers.ts'
import { clientLines, valuesOf } from './request.ts'

/** Options of `gateway.listen`. */
export interface ListenOptions {
  /** The kinds of gateways that ask: each has the path of its name, and no other path exists. */
  readonly dialects: readonly DialectName[]
  /** `address:port` or `unix:/path`. Default `127.0.0.1:9001`; port 0 is any free one. */
  readonly listen?: string
  /** The gateways to believe. Required where other machines can reach the server. */
  readonly trust?: TrustOptions
}

/** A server that listens. */
export interface GatewayServer {
  /** Where gateways ask: `http://127.0.0.1:9001`, or `unix:/path`. */
  readonly url: string
  /** Accepts no connection more, answers the questions that have come, and resolves when all are answered, at most 5 s later. */
  drain(): Promise<void>
  /** Drops every connection. */
  close(): Promise<void>
}

/**
 * Sees a question of a trusted peer as it came, and may answer in the server's place, or reset the connection. Only
 * `claimcheck serve --doctor` has one.
 */
export type Interceptor = (
  dialect: DialectName,
  question: Question,
  decide: () => Promise<DialectAnswer>,
) => Promise<DialectAnswer | 'reset'>

const recipeHeader = 'x-claimcheck-recipe'
const jwksPath = '/.well-known/jwks.json'
const drainMs = 5000
// A gateway adds its headers to those of the client: more than Node's 16 KiB for a request that the gateway let in.
const maxHeaderSize = 64 * 1024

/** @throws TypeError for an unknown dialect, and for an address that other machines reach without `trust`. */
export function readListenOptions(options: ListenOptions): {
  readonly address: Address
  readonly names: readonly DialectName[]
  readonly isTrusted: ReturnType<typeof createPeerCheck>
} {
  checkOptionNames('listen()', options, ['dialects', 'listen', 'trust'])
  const address = readAddress(options.listen ?? '127.0.0.1:9001')
  return { address, names: readDialects(options.dialects), isTrusted: createPeerCheck(address, options.trust) }
}

/**
 * Serves what `current` returns: it is asked once for each question, so a reload shows in none that has begun.
 *
 * @throws TypeError as `readListenOptions` does.
 */
export async function listen(
  current: () => DecisionServer,
  options: ListenOptions,
  intercept?: Interceptor,
): Promise<GatewayServer> {
  const { address, names, isTrusted } = readListenOptions(options)

  const server = createServer({ maxHeaderSize, requireHostHeader: false, keepAliveTimeout: 65_000 })
  // Bounded by maxHeaderSize alone. A bound on lines drops some of them silently.
  server.maxHeadersCount = 0
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // An answer that cannot be sent ends its connection, and not the process.
    answer(request)
      .then((answered) => (answered === 'reset' ? request.socket.resetAndDestroy() : send(server, response, answered)))
      .catch(() => response.destroy())
  }
  server.on('request', onRequest)
  // "Expect" of the client means nothing here, and Node's 417 would be an outage to some gateways.
  server.on('checkContinue', onRequest)
  server.on('checkExpectation', onRequest)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseRaw(socket, `the question is no HTTP that can be read (${error.code})`),
  )
  server.on('connect', (_, socket) => refuseRaw(socket, 'CONNECT has no target that a route could match'))

  function refuseRaw(socket: Duplex, hint: string): void {
    sendRaw(socket, writePlain(current().refuseQuestion('unreadable', hint)))
  }

  async function answer(request: IncomingMessage): Promise<DialectAnswer | 'reset'> {
    const gateway = current()
    // Public by nature: it lets an API check assertions, and not make one.
    if (gateway.jwks && request.url === jwksPath) return jwksAnswer(gateway.jwks())
    if (!isTrusted(request))
      return writePlain(gateway.refuseQuestion('untrusted_peer', 'the peer is none that `trust` names'))
    const { method, url, headers, headersTruncated } = viewNodeRequest(request, undefined)
    const name = names.find((one) => url === `/${one}` || url.startsWith(`/${one}/`) || url.startsWith(`/${one}?`))
    if (!name)
      return writePlain(gateway.refuseQuestion('unreadable', `no dialect has this path; there are ${pathsOf(names)}`))
    const question: Question = { method, target: url.slice(name.length + 1), headers }
    const asked = headersTruncated ? { ...question, headersTruncated } : question
    return intercept ? intercept(name, asked, async () => decide(gateway, name, asked)) : decide(gateway, name, asked)
  }

  server.listen(address)
  await once(server, 'listening')
  return { url: urlOf(server), drain: async () => stop(server, drainMs), close: async () => stop(server, 0) }
}

async function decide(gateway: DecisionServer, name: DialectName, question: Question): Promise<DialectAnswer> {
  const { read, write } = dialects[name]
  const recipes = valuesOf(question.headers, recipeHeader)
  if (recipes.some((one) => one !== gateway.identity.fingerprint)) {
    const hint = `the recipe is older than the configuration: run npx claimcheck recipe ${name}`
    return write(gateway.refuseQuestion('outdated_recipe', hint, name))
  }
  const check = read({ ...question, headers: clientLines(question.headers, gateway.identity.known) })
  if (typeof check === 'string') return write(gateway.refuseQuestion('unreadable', check, name))
  return write(await gateway.decide(check, name))
}

function readDialects(names: readonly DialectName[]): readonly DialectName[] {
  const list: readonly unknown[] = Array.isArray(names) ? names : []
  const known = Object.keys(dialects)
  if (list.length > 0 && list.every((one) => known.includes(one as string))) return [...names]
  throw new TypeError(`dialects must be a list of the gateways that ask: ${known.join(', ')}.`)
}

function jwksAnswer(keys: JwkSet): DialectAnswer {
  const headers = { 'Content-Type': 'application/jwk-set+json', 'Cache-Control': 'max-age=300' }
  return { status: 200, headers, body: JSON.stringify(keys) }
}

function pathsOf(names: readonly string[]): string {
  return names.map((name) => `/${name}`).join(', ')
}

function send(server: Server, response: ServerResponse, { status, headers, body }: DialectAnswer): void {
  // A server that drains tells its gateways to open no further question on this connection.
  const last = server.listening ? {} : { Connection: 'close' }
  response.writeHead(status, { ...headers, ...last, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

/** Answers where Node has no response object, in our form: a bare 400 of Node's looks like an outage to nginx. */
function sendRaw(socket: Duplex, { headers, body }: DialectAnswer): void {
  if (!socket.writable) return void socket.destroy()
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${[value].flat().join(', ')}`)
  const head = ['HTTP/1.1 403 Forbidden', ...lines, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function urlOf(server: Server): string {
  const address = server.address() as AddressInfo | string
  if (typeof address === 'string') return `unix:${address}`
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

async function stop(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  if (graceMs === 0) server.closeAllConnections()
  else server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
