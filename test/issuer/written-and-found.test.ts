// The operator may write an http address, whatever the name of the issuer. A document may lead only where it is no less safe itself.
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createVerifier } from 'claimcheck'
import { type IssuerWithAudience, oidc, rfc9068 } from 'claimcheck/issuers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { certificateOf } from '../support/certificates.ts'
import { createTestClock } from '../support/clock.ts'
import { customIssuer } from '../support/issuers.ts'
import { faults } from '../support/key-server.ts'
import { containerFetch } from '../support/keycloak-server.ts'
import { startLoopback } from '../support/loopback.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }

/** The three ways to write the address of an issuer's keys. */
const written: readonly [string, (jwksUri: string, insecureAllowHttp: boolean) => IssuerWithAudience][] = [
  ['oidc()', (jwksUri, insecureAllowHttp) => oidc({ issuer, audience, jwksUri, insecureAllowHttp })],
  ['rfc9068()', (jwksUri, insecureAllowHttp) => rfc9068({ issuer, audience, jwksUri, insecureAllowHttp })],
  [
    'an endpoint made by hand',
    (jwksUri, insecureAllowHttp) => ({
      ...customIssuer({ endpoints: [{ issuer, keys: { jwksUri }, insecureAllowHttp }] }),
      audience: [audience],
    }),
  ],
]

describe.each(written)('the keys of an https issuer, at an http address written in %s', (_, make) => {
  it('are fetched on this machine', async () => {
    const server = await startLoopback(faults.json(jwks))
    const { verifyToken } = createVerifier({ issuer: make(server.url, false), clock: createTestClock() })
    expect((await verifyToken(createToken())).issuer).toBe(issuer)
    expect(server.requests()).toBe(1)
  })

  it('are fetched beyond this machine only where the options say so', async () => {
    const server = await startLoopback(faults.json(jwks))
    const jwksUri = server.url.replace('127.0.0.1', 'sts')
    const create = (insecureAllowHttp: boolean) =>
      createVerifier({
        issuer: make(jwksUri, insecureAllowHttp),
        fetch: containerFetch('sts'),
        clock: createTestClock(),
      })
    expect(() => create(false)).toThrow(/must be https: .*; if not, set insecureAllowHttp: true\.$/)
    expect(server.requests()).toBe(0)
    expect((await create(true).verifyToken(createToken())).issuer).toBe(issuer)
  })
})

/** A document of `named` at a public name, over TLS or without; and a JWK Set at its `jwksUri` on this machine. */
async function documentLeadingTo(scheme: 'http' | 'https', linked: (keysPort: number) => string) {
  const keys = await startLoopback(faults.json(jwks))
  const jwks_uri = linked(Number(new URL(keys.url).port))
  const answer: RequestListener = (request, response) =>
    faults.json({ issuer: `${scheme}://${request.headers.host}`, jwks_uri })(request, response)
  const key = keyFor('ES256')
  const tls = { key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: certificateOf(key) }
  const server = scheme === 'https' ? createHttpsServer(tls, answer) : createHttpServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.close().closeAllConnections())
  const named = `${scheme}://sts.example.com:${(server.address() as AddressInfo).port}`
  const { verifyToken } = createVerifier({
    issuer: oidc({ issuer: named, audience, insecureAllowHttp: true }),
    fetch: containerFetch('sts.example.com', 'keys.example.com', 'localhost'),
    clock: createTestClock(),
  })
  return { keys, jwks_uri, verdict: () => verifyToken(createToken({ claims: { iss: named } })) }
}

describe('an address found in a document', () => {
  it('that came over http may be http where the options say so', async () => {
    const { keys, verdict } = await documentLeadingTo('http', (port) => `http://keys.example.com:${port}/jwks`)
    expect((await verdict()).issuer).toMatch(/^http:/)
    expect(keys.requests()).toBe(1)
  })

  it.each([
    ['https', 'http://keys.example.com', 'is not https, and the document came over https'],
    ['https', 'http://127.0.0.1', 'is not https, and the document came over https'],
    ['https', 'https://127.0.0.1', 'is on this machine, and the document is not'],
    ['http', 'http://127.0.0.1', 'is on this machine, and the document is not'],
    ['http', 'http://localhost', 'is on this machine, and the document is not'],
  ] as const)('that came from a public %s address never leads to %s', async (scheme, origin, reason) => {
    const { keys, jwks_uri, verdict } = await documentLeadingTo(scheme, (port) => `${origin}:${port}/jwks`)
    const error = await refusalOf(verdict())
    expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect((error.details.cause as Error).message).toContain(`its jwks_uri ${jwks_uri} ${reason}`)
    expect(keys.requests()).toBe(0)
  })
})

it('the issuer that a document names is cut, and printable', async () => {
  const server = await startLoopback(faults.json({ issuer: `https://\n${'x'.repeat(1000)}`, jwks_uri: issuer }))
  const origin = new URL(server.url).origin
  const verifier = createVerifier({ issuer: oidc({ issuer: origin, audience }), clock: createTestClock() })
  const error = await refusalOf(verifier.verifyToken(createToken({ claims: { iss: origin } })))
  const { message } = error.details.cause as Error
  expect(message).toContain(
    `the document is for another issuer: its issuer is https://?${'x'.repeat(111)}..., expected ${origin}`,
  )
  expect(message).not.toMatch(/[^ -~]/)
})
