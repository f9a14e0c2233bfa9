// Endpoints that share an `iss` and not their keys: what a store remembers of one must not serve the other.
import { createVerifier, type KeySnapshot } from 'claimcheck'
import { expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { customIssuer } from '../support/issuers.ts'
import { createKey, createToken, issuer } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

it('keeps the snapshots of each apart', async () => {
  const [one, two] = [createKey('ES256', { kid: 'k' }), createKey('ES256', { kid: 'k' })]
  const kept = new Map<string, KeySnapshot>()
  const keyStore = {
    load: async (name: string) => kept.get(name),
    save: async (name: string, snapshot: KeySnapshot) => void kept.set(name, snapshot),
  }
  const endpoint = (policy: string) => ({
    issuer,
    discriminator: { claim: 'tfp', values: [policy] },
    keys: { jwksUri: `https://sts.example.com/${policy}` },
    insecureAllowHttp: false,
  })
  const create = (fetch: (url: string) => Promise<Response>) =>
    createVerifier({
      issuer: customIssuer({ endpoints: [endpoint('one'), endpoint('two')] }),
      clock: createTestClock(),
      keyStore,
      fetch,
    })
  const online = create(async (url) => Response.json({ keys: [(url.endsWith('one') ? one : two).publicJwk] }))
  await online.verifyToken(createToken({ key: one, claims: { tfp: 'one' } }))
  await online.verifyToken(createToken({ key: two, claims: { tfp: 'two' } }))
  expect([...kept.keys()]).toEqual(['https://sts.example.com#tfp=one', 'https://sts.example.com#tfp=two'])

  const offline = create(() => Promise.reject(new Error('down')))
  await offline.verifyToken(createToken({ key: one, claims: { tfp: 'one' } }))
  await offline.verifyToken(createToken({ key: two, claims: { tfp: 'two' } }))
  // Refused, and not as a bad token: while the STS is down nothing says that it has not replaced the key.
  const other = await refusalOf(offline.verifyToken(createToken({ key: one, claims: { tfp: 'two' } })))
  expect(other).toMatchObject({ reason: 'keys_unavailable', status: 503 })
})
