// One store, and issuers of one name that have their keys in different places: what was kept for one must not serve the other.
import { createVerifier, type KeySnapshot } from 'claimcheck'
import { firebase, type IssuerWithAudience, workos } from 'claimcheck/issuers'
import { expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { createKey, signTexts, type TestKey } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

function createStore() {
  const kept = new Map<string, KeySnapshot>()
  return {
    load: async (name: string) => kept.get(name),
    save: async (name: string, snapshot: KeySnapshot) => void kept.set(name, snapshot),
  }
}

const down = () => Promise.reject(new Error('down'))
const publicKey = ({ kid, publicJwk: { kty, n, e } }: TestKey) => ({ kty, use: 'sig', kid, n, e })
const sessionOf = (key: TestKey) =>
  signTexts(
    JSON.stringify({ alg: 'RS256', kid: key.kid }),
    JSON.stringify({ iss: 'https://api.workos.com', sub: 'user_01', sid: 'session_01', iat: now, exp: now + 300 }),
    key,
  )

it('the keys of another environment (WorkOS) verify nothing after a restart in an outage', async () => {
  const key = createKey('RS256', { kid: 'k' })
  const keyStore = createStore()
  const create = (issuer: IssuerWithAudience, fetch: () => Promise<Response>) =>
    createVerifier({ issuer, fetch, keyStore, clock: createTestClock() })
  const mine = workos({ clientId: 'client_01AAAA' })
  await create(mine, async () => Response.json({ keys: [publicKey(key)] })).verifyToken(sessionOf(key))
  await create(mine, down).verifyToken(sessionOf(key))

  const other = create(workos({ clientId: 'client_01BBBB' }), down)
  expect(await refusalOf(other.verifyToken(sessionOf(key)))).toMatchObject({ reason: 'keys_unavailable' })
})

it('a snapshot says where its keys were, also those of PEM texts', async () => {
  const requests: string[] = []
  const from = 'https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com'
  const snapshot = { version: 1, issuer: 'https://securetoken.google.com/my-project', loadedAtMs: now * 1000 }
  const key = createKey('RS256', { kid: 'k' })
  const token = signTexts(
    JSON.stringify({ alg: 'RS256', kid: 'k', typ: 'JWT' }),
    JSON.stringify({ iss: snapshot.issuer, aud: 'my-project', sub: 'u', iat: now, exp: now + 300 }),
    key,
  )
  const create = (source: string) =>
    createVerifier({
      issuer: firebase({ projectId: 'my-project' }),
      clock: createTestClock(),
      fetch: down,
      keyStore: {
        load: async (name) => (requests.push(name), { ...snapshot, source, jwks: { keys: [publicKey(key)] } }),
        save: async () => {},
      },
    })
  await create(from).verifyToken(token)
  expect(requests).toEqual([snapshot.issuer])
  expect(await refusalOf(create(`${from}x`).verifyToken(token))).toMatchObject({ reason: 'keys_unavailable' })
})
