// What Keycloak says of its own addresses, over real HTTP on 127.0.0.1, and the network of a container that reaches it by name.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { json, text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { signTexts, type TestKey } from './tokens.ts'

export const realm = '/realms/acme'
export const keysOfRealm = `${realm}/protocol/openid-connect/certs`
export const metadataOfRealm = `${realm}/.well-known/openid-configuration`

export interface KeycloakOptions {
  readonly key: TestKey
  /** Claims of its access tokens, but for `iss`. */
  readonly claims: object
  /** `KC_HOSTNAME`, a full URL. Without it Keycloak takes its name from each request. */
  readonly hostname?: string
  /** `KC_HOSTNAME_BACKCHANNEL_DYNAMIC`: `jwks_uri` takes its name from each request. */
  readonly backchannelDynamic?: boolean
}

export interface KeycloakServer {
  readonly port: number
  /** The path of every GET so far. */
  readonly requests: string[]
  /** The access token of a browser that sends these headers, or whose proxy does. */
  logIn(headers: Readonly<Record<string, string>>): Promise<string>
}

/** Starts listening; stops when the test ends. */
export async function startKeycloak({ key, claims, hostname, backchannelDynamic = false }: KeycloakOptions) {
  const requests: string[] = []

  function answerTo({ method, url = '', headers }: IncomingMessage): unknown {
    const { 'x-forwarded-proto': scheme = 'http', 'x-forwarded-host': host = headers.host } = headers
    const asked = `${scheme}://${host}`
    const issuer = `${hostname ?? asked}${realm}`
    if (method === 'GET') requests.push(url)
    if (url === metadataOfRealm)
      return { issuer, jwks_uri: `${backchannelDynamic ? asked : (hostname ?? asked)}${keysOfRealm}` }
    if (url === keysOfRealm) return { keys: [key.publicJwk] }
    const header = { alg: key.alg, kid: key.kid, typ: 'JWT' }
    return { access_token: signTexts(JSON.stringify(header), JSON.stringify({ ...claims, iss: issuer }), key) }
  }

  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answerTo(request)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo

  async function logIn(headers: Readonly<Record<string, string>>): Promise<string> {
    const path = `${realm}/protocol/openid-connect/token`
    const sent = requestHttp({ host: '127.0.0.1', port, path, headers, method: 'POST', agent: false }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return ((await json(answer)) as { access_token: string }).access_token
  }

  return { port, requests, logIn } satisfies KeycloakServer
}

/** A `fetch` that finds each of `names` at 127.0.0.1 and no other name, `localhost` included: a container is a machine of its own. */
export function containerFetch(...names: readonly string[]): (url: string) => Promise<Response> {
  const lookup: LookupFunction = (name, { all }, done) => {
    if (!names.includes(name)) return done(Object.assign(new Error(name), { code: 'ENOTFOUND' }), '')
    if (all) return done(null, [{ address: '127.0.0.1', family: 4 }])
    return done(null, '127.0.0.1', 4)
  }
  return async (url) => {
    const options = { lookup, agent: false, rejectUnauthorized: false } as const
    const sent = url.startsWith('https:') ? requestHttps(url, options) : requestHttp(url, options)
    const [answer] = (await once(sent.end(), 'response')) as [IncomingMessage]
    const headers = { 'content-type': answer.headers['content-type'] ?? '' }
    return new Response(await text(answer), { status: answer.statusCode ?? 500, headers })
  }
}
