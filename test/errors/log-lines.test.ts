// The lines that an operator reads: one for each classic mistake. Each must name its fix.
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createResourceServer, fromWeb, logTo, type ResourceServerOptions } from 'claimcheck'
import { entra, keycloak, oidc } from 'claimcheck/issuers'
import { role, scope } from 'claimcheck/policy'
import { createTestIssuer, entraLike, stsLike } from 'claimcheck/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { certificateOf } from '../support/certificates.ts'
import { createKey, createToken } from '../support/tokens.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const clientId = '11112222-bbbb-3333-cccc-4444dddd5555'
const sts = createTestIssuer(entraLike({ tenant, clientId }))

type Policy = Parameters<ReturnType<typeof createResourceServer>['guard']>[1]

/** The warnings of one request with `credential`. */
async function linesFor(options: object, credential: string, policy?: Policy): Promise<string[]> {
  const lines: string[] = []
  const onEvent = logTo({ warn: (line) => void lines.push(line), info: () => {} })
  const api = createResourceServer({ ...(options as ResourceServerOptions), onEvent })
  const request = fromWeb(new Request('https://api.example.com/orders/1', { headers: { authorization: credential } }))
  await (policy ? api.guard(request, policy as never) : api.guard(request)).catch(() => {})
  return lines
}

const ofEntra = { issuer: entra({ tenant, clientId, versions: ['2.0'] }), fetch: sts.fetch, clock: sts.clock }
const v1 = createTestIssuer(entraLike({ tenant, clientId, version: '1.0' }))
const elsewhere = createTestIssuer(entraLike({ tenant: '77776666-2b34-4da1-9baa-8bc8c9d6a490', clientId }))
const emulator = createTestIssuer(entraLike({ tenant, clientId }))
const elsewhereId = '77776666-58c5-4b57-8b7a-3a9a3a1f0b11'
const graph = '00000003-0000-0000-c000-000000000000'

it.each<[string, string, RegExp, Policy?]>([
  [
    'has expired',
    sts.badToken('expired'),
    /hint="expired \d+ (minutes|hours) ago: the clock of this machine says 20\d\d-\d\d-\d\dT/,
  ],
  [
    'is not valid yet',
    sts.token({ nbf: sts.clock.nowMs() / 1000 + 900 }),
    /nbf is 15 minutes ahead: the clock .*Do the clocks differ/,
  ],
  ['is for another API', sts.token({ aud: 'https://billing.example.com' }), /expected=".*hint="this API is /],
  [
    'is for another application',
    sts.token({ aud: elsewhereId }),
    /hint="the token is for the API with the id 77776666[^"]*: ask for/,
  ],
  ['has format 1.0', v1.token(), /hint="the token is of format 1\.0: set api\.requestedAccessTokenVersion to 2/],
  ['is an ID token', sts.idToken(), /hint=".*looks like an ID token: send the access token/],
  ['is of another tenant', elsewhere.token(), /hint="the token is of the tenant 77776666.*allowedTenants"/],
  [
    'names a key that is not there',
    sts.badToken('unknown-kid'),
    /hint="no published key has this kid: .*customSigningKeys: true/,
  ],
  ['is of an emulator', emulator.token(), /hint=".*is the token of another STS with this issuer, such as an emulator/],
  // Graph's tokens have format 1.0, and no registration of an API changes that.
  ['is for Graph', v1.token({ aud: graph }), /hint="the token is for Microsoft Graph .*ask for a scope of this API/],
  ['was cut', sts.token().slice(0, 150), /hint=".*begins like a JWT\. Was it cut/],
  ['is of an application without a role', sts.applicationToken({ roles: undefined }), /Grant the client an app role/],
  [
    'meets a scope in its long form',
    sts.token({ scp: 'Orders.Read' }),
    /scopes="Orders\.Read" .*needed="api:.*short names: write scope\('Orders\.Read'\)"/,
    scope(`api://${clientId}/Orders.Read`),
  ],
  [
    'is of an application and meets a scope',
    sts.applicationToken(),
    /roles="Access\.All" needed="Orders\.Read" hint=".*roles and no scopes\. Write anyOf/,
    scope('Orders.Read'),
  ],
  ['lacks a role', sts.token({ roles: ['Reader'] }), /policy="role\(Admin\)" .*roles="Reader"/, role('Admin')],
  ['comes behind two words Bearer', `Bearer ${sts.token()}`, /hint="the word Bearer is there twice/],
  ['stands between quotes', `"${sts.token()}"`, /hint="the token stands between quotes/],
  ['is an object', '[object Object]', /hint="the client made text of an object/],
  ['is undefined', 'undefined', /hint="the client sent the word undefined in place of a token/],
  ['is opaque', 'NkpDbW9wYXF1ZXRva2Vu', /hint=".*opaque token.*ask the STS for the audience.*Auth0/],
])('the line of a token that %s names the fix', async (_, token, line, policy) => {
  const lines = await linesFor(ofEntra, `Bearer ${token}`, policy)
  expect(lines.join('\n')).toMatch(line)
  // One line, and no text of the token.
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toMatch(/\n|eyJ/)
})

it('names a slash that the iss of the token has and the configuration has not', async () => {
  const lines = await linesFor(
    { issuer: 'https://sts.example.com', audience: 'https://api.example.com' },
    `Bearer ${createToken({ claims: { iss: 'https://sts.example.com/' } })}`,
  )
  expect(lines.join()).toMatch(/differ by the slash at the end: write issuer 'https:\/\/sts\.example\.com\/'/)
})

it('says which mapper a Keycloak token needs that is for the account pages alone', async () => {
  const realmUrl = 'https://sso.example.com/realms/acme'
  const issuer = keycloak({ realmUrl, audience: 'orders' })
  const realm = createTestIssuer(stsLike(issuer))
  const options = { issuer, fetch: realm.fetch, clock: realm.clock }
  const lines = await linesFor(options, `Bearer ${realm.token({ aud: 'account' })}`)
  expect(lines.join()).toMatch(
    /aud is account, which Keycloak writes for its own account pages: add an audience mapper/,
  )
  expect(lines.join()).not.toMatch(/add it to audience/)
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An STS that answers each request with this document. */
async function serveDocument(of: (issuer: string) => object): Promise<string> {
  const issuer = await serve((request, response) => {
    const body = JSON.stringify(of(`http://${request.headers.host}`))
    response.setHeader('content-type', 'application/json').end(body)
  })
  return issuer
}

async function serveUntrusted(): Promise<string> {
  const key = createKey('ES256')
  const pem = {
    key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: certificateOf(key, { lastYear: 2049 }),
  }
  const server = createHttpsServer(pem, (_, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An address where a server was. */
async function unusedAddress(): Promise<string> {
  const server = createHttpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

const page: RequestListener = (_, response) =>
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Please log in</html>')
const moved: RequestListener = ({ url }, response) =>
  response.writeHead(301, { location: `https://new.example.com${url}` }).end()
const other = 'https://other.example.com'

it.each<[string, () => Promise<string>, RegExp]>([
  ['has no address', async () => 'https://sts.invalid', /\((ENOTFOUND|EAI_AGAIN)\): this machine finds no address/],
  ['is down', unusedAddress, /\(ECONNREFUSED\): no server listens there/],
  [
    'answers 500',
    () => serve((_, response) => response.writeHead(500).end()),
    /answered 500: the server itself failed/,
  ],
  ['is behind a login page', () => serve(page), /sent a page \(text\/html\), not JSON: does a proxy or a login page/],
  [
    'has moved',
    () => serve(moved),
    /answered 301, a redirect to https:\/\/new\.example\.com.*Configure the issuer of that address/,
  ],
  [
    'is another one',
    () => serveDocument(() => ({ issuer: other })),
    /its issuer is https:\/\/other.*expected http:.*If that is this STS, write it as the issuer/,
  ],
  [
    'names keys over http',
    () => serveDocument((issuer) => ({ issuer, jwks_uri: 'http://keys.example.com/jwks' })),
    /its jwks_uri http:\/\/keys\.example\.com\/jwks is http beyond this machine: the STS must write https/,
  ],
  ['has a certificate of a private CA', serveUntrusted, /SELF_SIGNED_CERT\): .*NODE_EXTRA_CA_CERTS/],
])('the line of an STS that %s begins with the reason, and ends with the address', async (_, start, reason) => {
  const issuer = await start()
  const nowSeconds = Math.floor(Date.now() / 1000)
  const token = createToken({ claims: { iss: issuer, iat: nowSeconds, exp: nowSeconds + 300 } })
  const options = { issuer: oidc({ issuer, audience: 'https://api.example.com' }) }
  const [failure = '', refusal = ''] = await linesFor(options, `Bearer ${token}`)
  expect(failure).toMatch(/^claimcheck keys\.refresh_failed issuer="[^"]+" reason="no metadata: /)
  expect(failure).toMatch(reason)
  // Uncut: the last address is there whole.
  expect(failure).toMatch(/\.well-known\/openid-configuration\)" retryInMs=/)
  expect(refusal).toMatch(/reason="keys_unavailable" status=503 .*hint="the keys of the issuer could not be fetched/)
  const [readiness] = await createResourceServer({ ...options, onEvent: () => {} }).ready()
  expect(String(readiness?.error)).toMatch(reason)
})

it('a proxy that Node does not use is named where a connection fails', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://user:SECRET@proxy.example.com')
  const issuer = await unusedAddress()
  const [readiness] = await createResourceServer({ issuer, audience: 'https://api.example.com' }).ready()
  expect(String(readiness?.error)).toMatch(
    /HTTPS_PROXY is set, and Node's fetch does not use it: .*NODE_USE_ENV_PROXY=1/,
  )
  expect(String(readiness?.error)).not.toMatch(/SECRET|proxy\.example/)
})
