import { importPublicKey } from '#engine'
import { AuthError } from 'claimcheck'
import { expect, it } from 'vitest'
import { isPromise } from '../../src/internal/maybe-promise.ts'
import { createLocalKeys, type LocalKeysOptions } from '../../src/jwks/local.ts'
import { createToken, keyFor } from '../support/tokens.ts'
import { createTestVerifier, refusalOf } from '../support/verifiers.ts'

const { publicJwk } = keyFor('ES256')
const weak = { kty: 'RSA', n: Buffer.alloc(255, 0xff).toString('base64url'), e: 'AQAB' }
const { kty, crv, x, y } = publicJwk
const answersAtOnce = !isPromise(importPublicKey({ kty, crv, x, y } as never, 'ES256'))
const createKeys = (jwks: unknown, options: Partial<LocalKeysOptions> = {}) =>
  createLocalKeys({ issuer: 'https://sts.example.com', jwks, algorithms: ['ES256'], ...options })
const unusable = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'ES256' }]

it('finds a key of the set by kid and algorithm', async () => {
  const keys = createKeys({ keys: [publicJwk, keyFor('Ed25519').publicJwk] })
  const key = await keys.findKey({ kid: 'ES256', alg: 'ES256' })
  expect(key).toMatchObject({ kid: 'ES256', algorithms: ['ES256'] })
  expect(await keys.findKey({ kid: 'other', alg: 'ES256' })).toBeUndefined()
  expect(await keys.findKey({ kid: 'Ed25519', alg: 'Ed25519' })).toBeUndefined()
})

it('is ready when the set has a usable key, and resolves to nothing', async () => {
  expect(await createKeys({ keys: [publicJwk] }).ready?.()).toBeUndefined()
})

it('imports the set once, however many ask', async () => {
  let reads = 0
  const jwks = {
    get keys() {
      reads++
      return [publicJwk]
    },
  }
  const keys = createKeys(jwks)
  const query = { kid: 'ES256', alg: 'ES256' }
  const [first, second] = await Promise.all([keys.findKey(query), keys.findKey(query), keys.ready?.()])
  expect(await keys.findKey(query)).toBe(first)
  expect(second).toBe(first)
  expect(first?.kid).toBe('ES256')
  expect(reads).toBe(1)
})

it.each([{ keys: unusable }, { keys: [] }, { keys: 'x' }, [], null, 'x', { keys: [{ ...weak, kid: 'ES256' }] }])(
  'is a TypeError at creation with the set %j, which says what to write',
  (jwks) => {
    const create = () => createKeys(jwks, { algorithms: ['ES256', 'RS256'] })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(
      /no usable key.*\{ keys: \[ … \] \} with a public key for ES256, RS256\. .*2048 to 8192 bits/,
    )
  },
)

it('names the use that keys of its issuer have', () => {
  const create = () => createKeys({ keys: [publicJwk] }, { keyUse: 'jwt-svid' })
  expect(create).toThrow(/a public key for ES256 and use 'jwt-svid'/)
})

it('is a TypeError when the verifier is made, not a 503 when its tokens come', () => {
  expect(() => createTestVerifier({ keys: unusable })).toThrow(TypeError)
  expect(() => createTestVerifier({ keys: [publicJwk], oidc: { algorithms: ['RS256'] } })).toThrow(TypeError)
})

it('with a point off its curve is a TypeError at creation; where cryptography answers later, 503 and not ready', async () => {
  const create = () => createTestVerifier({ keys: [{ ...publicJwk, y: publicJwk.x } as typeof publicJwk] })
  if (answersAtOnce) return expect(create).toThrow(TypeError)
  const { verifyToken, ready } = create()
  const error = await refusalOf(verifyToken(createToken()))
  expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  expect(error.headers).not.toHaveProperty('WWW-Authenticate')
  expect(error.headers['Retry-After']).toBe('1')
  expect(error).toBeInstanceOf(AuthError)
  expect(await ready()).toMatchObject([{ ok: false, error: { message: 'the JWK Set has no usable key' } }])
})
