// A test issuer over real HTTP on loopback.
import { once } from 'node:events'
import { connect } from 'node:net'
import { createVerifier } from 'claimcheck'
import { createTestIssuer, entraLike, type IssuerProfile, oidcLike, rfc9068Like, stsLike } from 'claimcheck/testing'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../support/ports.ts'
import { fixtureOf } from '../support/sts-fixture.ts'

function start(profile?: IssuerProfile) {
  const sts = createTestIssuer(profile, { algorithms: ['ES256'] })
  onTestFinished(sts.close)
  return sts
}

it.each([
  oidcLike(),
  rfc9068Like(),
  ...['keycloak', 'duende', 'oidcProvider', 'logto', 'zitadel', 'kubernetes'].map((name) =>
    stsLike(fixtureOf(name).makeIssuer({})),
  ),
])('serves metadata and keys, and is its own issuer: $name', async (profile) => {
  const sts = start(profile)
  const issuer = await sts.listen()
  expect(issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+(\/realms\/acme|\/oidc)?$/)
  expect(sts.issuer).toBe(issuer)
  const { verifyToken } = createVerifier({ issuer, audience: sts.audience })
  expect((await verifyToken(sts.token())).issuer).toBe(issuer)
  expect(sts.requests).toMatchObject({ metadata: 1, keys: 1 })
})

it('answers everything else with 404, and hands out no tokens', async () => {
  const issuer = await start().listen()
  for (const path of ['/', '/token', '/oauth2/token', '/authorize', '//', '/jwks/../token', '/%00']) {
    expect((await fetch(`${issuer}${path}`, { method: 'POST' })).status).toBe(404)
  }
})

it('answers this machine only', async () => {
  const { port } = new URL(await start().listen())
  // A server on all interfaces would answer on every address of this machine, of which this is one.
  await expect(fetch(`http://127.0.0.2:${port}/jwks`)).rejects.toThrow('fetch failed')
})

it('listens on the port that it is given', async () => {
  const port = await freePort()
  const first = start()
  expect(await first.listen({ port })).toBe(`http://127.0.0.1:${port}`)
  await expect(start().listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

it('leaves no socket behind when it is closed, whatever clients hold', async () => {
  const sts = start()
  const issuer = await sts.listen()
  const socket = connect(Number(new URL(issuer).port), '127.0.0.1')
  await once(socket, 'connect')
  sts.outage('drip')
  socket.write('GET /jwks HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  const ended = once(socket, 'close')
  await sts.close()
  await ended
  await expect(fetch(`${issuer}/jwks`)).rejects.toThrow('fetch failed')
  await sts.close()
})

it('can listen again after close()', async () => {
  const sts = start()
  await sts.listen()
  await sts.close()
  const issuer = await sts.listen()
  expect((await fetch(`${issuer}/jwks`)).status).toBe(200)
})

it('refuses to listen twice, and for an STS whose address is fixed', async () => {
  const sts = start()
  const listening = sts.listen()
  await expect(sts.listen()).rejects.toThrow('The test issuer listens already.')
  await listening
  const entra = createTestIssuer(entraLike({ tenant: 't', clientId: 'c' }))
  await expect(entra.listen()).rejects.toThrow(
    "The address of entra is fixed: give the issuer's fetch to the verifier.",
  )
})
