// The platform's fetch is read at each call: what replaces it after the verifier was made counts (mocks, monitoring, proxies).
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import nock from 'nock'
import { createVerifier } from 'claimcheck'
import { createAuthzen, discoverAuthzen } from 'claimcheck/policy/authzen'
import { createOpa } from 'claimcheck/policy/opa'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }
const metadata = { issuer, jwks_uri: `${issuer}/keys` }

// As in any process that has been running for a while: Node loads its own fetch with the first request.
beforeAll(async () => void (await fetch('data:,')))

/** A verifier made before anything is replaced. */
function verifierMadeBefore(clock = createTestClock()) {
  const { verifyToken } = createVerifier({ issuer, audience, clock })
  return async () => (await verifyToken(createToken())).principal.subject
}

describe('a verifier without the option fetch', () => {
  it('asks msw when that starts later', async () => {
    const verify = verifierMadeBefore()
    const server = setupServer(
      http.get(`${issuer}/.well-known/*`, () => HttpResponse.json(metadata)),
      http.get(`${issuer}/keys`, () => HttpResponse.json(jwks)),
    )
    server.listen({ onUnhandledRequest: 'error' })
    onTestFinished(() => server.close())
    expect(await verify()).toBe('alice')
  })

  it('asks nock when that starts later', async () => {
    const verify = verifierMadeBefore()
    onTestFinished(() => {
      nock.cleanAll()
      nock.restore()
    })
    if (!nock.isActive()) nock.activate()
    nock(issuer)
      .get(/well-known/)
      .reply(200, metadata)
      .get('/keys')
      .reply(200, jwks)
    expect(await verify()).toBe('alice')
    expect(nock.isDone()).toBe(true)
  })

  it('asks a global that a test stubs later, at each call anew', async () => {
    const clock = createTestClock()
    const verify = verifierMadeBefore(clock)
    vi.stubGlobal('fetch', async () => Promise.reject(new Error('the network of the test is down')))
    await expect(verify()).rejects.toMatchObject({ status: 503 })
    clock.advanceMs(1000)
    vi.stubGlobal('fetch', async (url: string) => Response.json(url.endsWith('/keys') ? jwks : metadata))
    expect(await verify()).toBe('alice')
  })

  it('keeps the fetch that it was given', async () => {
    const own = vi.fn(async (url: string) => Response.json(url.endsWith('/keys') ? jwks : metadata))
    const { verifyToken } = createVerifier({ issuer, audience, clock: createTestClock(), fetch: own })
    vi.stubGlobal('fetch', async () => Promise.reject(new Error('not this one')))
    expect((await verifyToken(createToken())).principal.subject).toBe('alice')
    expect(own).toHaveBeenCalledTimes(2)
  })
})

describe('an engine without the option fetch', () => {
  const query = { auth: {}, resource: {} }

  it.each([
    [
      'OPA',
      { result: true },
      () => createOpa({ url: 'https://opa.example/v1/data/allow', map: () => ({}) }).policy('read'),
    ],
    [
      'AuthZEN',
      { decision: true },
      () =>
        createAuthzen({
          pdp: 'https://pdp.example',
          map: () => ({ subject: { type: 'user', id: 'alice' }, resource: { type: 'order', id: '1' } }),
        }).policy('read'),
    ],
  ])('%s asks a global that is stubbed later', async (_, answer, make) => {
    const policy = make()
    vi.stubGlobal('fetch', async () => Response.json(answer))
    expect(await policy.evaluate(query as never)).toMatchObject({ effect: 'allow' })
  })

  it('discovery of AuthZEN asks it, too', async () => {
    const found = { policy_decision_point: 'https://pdp.example', access_evaluation_endpoint: 'https://pdp.example/v1' }
    vi.stubGlobal('fetch', async () => Response.json(found))
    expect(await discoverAuthzen('https://pdp.example')).toEqual({ evaluation: 'https://pdp.example/v1' })
  })
})
