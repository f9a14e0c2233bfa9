import { AuthError } from 'claimcheck'
import { expect, it } from 'vitest'
import { createLocalKeys } from '../../src/keys/local-keys.ts'
import { createToken, keyFor } from '../support/tokens.ts'
import { createTestVerifier, refusalOf } from '../support/verifiers.ts'

const { publicJwk } = keyFor('ES256')
const unusable = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'ES256' }]

it('finds a key of the set by kid and algorithm', async () => {
  const keys = createLocalKeys({ keys: [publicJwk, keyFor('Ed25519').publicJwk] }, ['ES256'])
  const key = await keys.findKey({ kid: 'ES256', alg: 'ES256' })
  expect(key).toMatchObject({ kid: 'ES256', algorithms: ['ES256'] })
  expect(await keys.findKey({ kid: 'other', alg: 'ES256' })).toBeUndefined()
  expect(await keys.findKey({ kid: 'Ed25519', alg: 'Ed25519' })).toBeUndefined()
})

it('is ready when the set has a usable key, and resolves to nothing', async () => {
  expect(await createLocalKeys({ keys: [publicJwk] }, ['ES256']).ready?.()).toBeUndefined()
})

it('imports the set once, however many ask', async () => {
  let reads = 0
  const jwks = {
    get keys() {
      reads++
      return [publicJwk]
    },
  }
  const keys = createLocalKeys(jwks, ['ES256'])
  const query = { kid: 'ES256', alg: 'ES256' }
  const [first, second] = await Promise.all([keys.findKey(query), keys.findKey(query), keys.ready?.()])
  expect(await keys.findKey(query)).toBe(first)
  expect(second).toBe(first)
  expect(first?.kid).toBe('ES256')
  expect(reads).toBe(1)
})

it.each([{ keys: unusable }, { keys: [] }, { keys: 'x' }, [], null, 'x'])(
  'rejects every question, and is never ready, with the set %j',
  async (jwks) => {
    const keys = createLocalKeys(jwks, ['ES256'])
    await expect(keys.ready?.()).rejects.toThrow(/JWK Set/)
    await expect(keys.findKey({ kid: 'ES256', alg: 'ES256' })).rejects.toThrow(/JWK Set/)
  },
)

it('answers 503 and not 401 while the configured set has no usable key, and ready() says so', async () => {
  const { verifyToken, ready } = createTestVerifier({ keys: unusable })
  const error = await refusalOf(verifyToken(createToken()))
  expect([error.code, error.status]).toEqual(['keys_unavailable', 503])
  expect(error.headers).not.toHaveProperty('WWW-Authenticate')
  expect(error.headers['Retry-After']).toBe('1')
  expect(error).toBeInstanceOf(AuthError)
  expect(await ready()).toMatchObject([{ ok: false, error: { message: 'the JWK Set has no usable key' } }])
})
