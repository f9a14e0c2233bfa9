import { describe, expect, it } from 'vitest'
import { importKeys } from '../../src/jwks/import.ts'
import { allAlgorithms } from '../../src/crypto/algorithms.ts'
import { everyAlgorithm, quickKeyFor } from '../support/every-algorithm.ts'
import { createToken, keyFor } from '../support/tokens.ts'
import type { Algorithm, JsonWebKey } from '../support/types.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const rsa = bare(keyFor('RS256').publicJwk)
const p256 = bare(keyFor('ES256').publicJwk)
const p384 = bare(keyFor('ES384').publicJwk)
const p521 = bare(keyFor('ES512').publicJwk)
const ed = bare(keyFor('Ed25519').publicJwk)
const marker = { ...ed, kid: 'marker' }

/** A JWK with nothing but its type and material. */
function bare({ kty, crv, x, y, n, e }: JsonWebKey): JsonWebKey {
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JsonWebKey
}

/** The algorithms that `jwk` is bound to, or `undefined` when it is skipped. A good key beside it keeps the set usable. */
async function boundTo(jwk: unknown, allowed: readonly Algorithm[] = allAlgorithms): Promise<unknown> {
  const { keys, skipped } = await importKeys({ keys: [jwk, marker] }, [...new Set([...allowed, 'Ed25519' as const])])
  expect(keys.length + skipped).toBe(2)
  const [key] = keys.filter(({ kid }) => kid !== 'marker')
  expect(skipped).toBe(key ? 0 : 1)
  return key?.algorithms
}

function expectSkipped(jwk: unknown): Promise<void> {
  return expect(boundTo(jwk)).resolves.toBeUndefined()
}

/** The keys of the set, whether the engine answers at once or later. */
async function imported(jwks: unknown): Promise<unknown> {
  return importKeys(jwks, allAlgorithms)
}

describe('a JWK Set', () => {
  it.each([undefined, null, 'keys', [], [p256], {}, { keys: null }, { keys: {} }, { keys: 'x' }, { Keys: [p256] }])(
    'is an object with a list of keys, not %j',
    async (jwks) => {
      await expect(imported(jwks)).rejects.toThrow('not a JWK Set')
    },
  )

  it.each([[[]], [[{ ...rsa, use: 'enc' }]], [[{ kty: 'oct', k: 'c2VjcmV0' }, null]]])(
    'without a usable key is a fault: %j',
    async (keys) => {
      await expect(imported({ keys })).rejects.toThrow('no usable key')
    },
  )

  it('has at most 1000 keys', async () => {
    const junk = Array.from({ length: 999 }, () => ({}))
    const { keys, skipped } = await importKeys({ keys: [...junk, p256] }, allAlgorithms)
    expect([keys.length, skipped]).toEqual([1, 999])
    await expect(imported({ keys: [...junk, p256, p256] })).rejects.toThrow('more than 1000 keys')
  })

  it.each([
    ['nothing', null],
    ['a string', 'key'],
    ['a list', [p256]],
    ['a key without kty', { ...p256, kty: undefined }],
    ['an unknown kty', { ...p256, kty: 'XYZ' }],
    ['a kty in lower case', { ...p256, kty: 'ec' }],
    ['an unknown curve', { ...p256, crv: 'secp256k1' }],
    ['no curve', { ...p256, crv: undefined }],
    ['no modulus', { ...rsa, n: undefined }],
    ['a modulus that is a number', { ...rsa, n: 65537 }],
    ['no exponent', { ...rsa, e: undefined }],
  ])('[RFC7517-5-1] stays usable beside %s', async (_, broken) => {
    const { keys, skipped } = await importKeys({ keys: [broken, { ...p256, kid: 'good' }] }, allAlgorithms)
    expect(keys.map(({ kid }) => kid)).toEqual(['good'])
    expect(skipped).toBe(1)
  })

  it('[RFC7517-5-1] verifies tokens of its good key, and none of its broken one', async () => {
    const good = keyFor('ES256')
    const broken = { ...keyFor('Ed25519').publicJwk, crv: 'Ed448' }
    const { verifyToken } = createTestVerifier({ keys: [broken, good.publicJwk] })
    await verifyToken(createToken({ key: good }))
    await expectInvalidToken(verifyToken(createToken({ key: keyFor('Ed25519') })), 'key_not_found')
  })

  it('[RFC7517-4-1] may say more of itself and of a key than we know', async () => {
    const more = { x5t: 'abc', x5c: ['MII'], x5u: 'https://x.example', ext: true, iat: 1, crv: 'x', y: 1, 'urn:x': {} }
    expect(await boundTo({ ...more, ...rsa })).toEqual(['RS256'])
    const { keys } = await importKeys({ more: 1, keys: [{ ...more, ...p256 }] }, allAlgorithms)
    expect(keys[0]?.algorithms).toEqual(['ES256'])
  })
})

describe('a key', () => {
  it.each(everyAlgorithm)('serves the algorithm that it names: %s', async (alg) => {
    const algorithms = await boundTo(quickKeyFor(alg).publicJwk)
    expect(algorithms).toEqual(alg.startsWith('Ed') ? ['Ed25519', 'EdDSA'] : [alg])
  })

  it.each([
    ['RSA', rsa, allAlgorithms, ['RS256']],
    ['RSA, PS256 first', rsa, ['ES256', 'PS256', 'RS256'], ['PS256']],
    ['P-256', p256, allAlgorithms, ['ES256']],
    ['P-384', p384, allAlgorithms, ['ES384']],
    ['P-521', p521, allAlgorithms, ['ES512']],
    ['Ed25519', ed, ['Ed25519', 'EdDSA'], ['Ed25519', 'EdDSA']],
    ['RSA, no RSA algorithm allowed', rsa, ['ES256'], undefined],
    ['P-384, only ES256 allowed', p384, ['ES256'], undefined],
  ] as const)('[RFC8725bis-3.1-4] without alg is bound by configuration: %s', async (_, jwk, allowed, expected) => {
    expect(await boundTo(jwk, allowed)).toEqual(expected)
  })

  it.each([
    ['RSA', rsa, 'ES256'],
    ['RSA', rsa, 'rs256'],
    ['RSA', rsa, 'RSA-OAEP'],
    ['RSA', rsa, 'HS256'],
    ['RSA', rsa, 'none'],
    ['RSA', rsa, null],
    ['RSA', rsa, ['RS256']],
    ['RSA', rsa, ''],
    ['P-256', p256, 'ES384'],
    ['P-256', p256, 'ES256K'],
    ['P-256', p256, 'ECDH-ES'],
    ['Ed25519', ed, 'ES256'],
    ['Ed25519', ed, 'Ed448'],
    ['Ed25519', ed, 'toString'],
    ['Ed25519', ed, null],
    ['Ed25519', ed, ['EdDSA']],
  ])('is skipped when its alg cannot be: %s with %j', async (_, jwk, alg) => {
    await expectSkipped({ ...jwk, alg })
  })

  it('[RFC8725bis-3.1-1] is skipped when its alg is not among the configured ones', async () => {
    expect(await boundTo({ ...rsa, alg: 'PS256' }, ['RS256'])).toBeUndefined()
    expect(await boundTo({ ...rsa, alg: 'PS256' }, ['RS256', 'PS256'])).toEqual(['PS256'])
  })

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'is skipped when it holds the private or secret member %s',
    async (member) => {
      for (const jwk of [rsa, p256, ed]) await expectSkipped({ ...jwk, [member]: 'AQAB' })
      await expectSkipped({ ...rsa, [member]: undefined })
    },
  )

  it.each([{ use: 'enc' }, { use: 'SIG' }, { use: '' }, { use: null }, { use: ['sig'] }])(
    '[RFC7517-4.2-1] is skipped when it is not for signatures: %j',
    async (use) => {
      await expectSkipped({ ...p256, ...use })
    },
  )

  it.each([
    { key_ops: [] },
    { key_ops: ['sign'] },
    { key_ops: ['encrypt', 'wrapKey'] },
    { key_ops: 'verify' },
    { key_ops: null },
    { key_ops: { verify: true } },
    { use: 'sig', key_ops: ['deriveKey'] },
    { use: 'enc', key_ops: ['verify'] },
  ])('[RFC7517-4.2-1] is skipped when its operations leave verify out: %j', async (operations) => {
    await expectSkipped({ ...p256, ...operations })
  })

  it.each([{ use: 'sig' }, { key_ops: ['verify'] }, { use: 'sig', key_ops: ['sign', 'verify'] }])(
    '[RFC7517-4.2-1] serves with %j',
    async (operations) => {
      expect(await boundTo({ ...p256, ...operations })).toEqual(['ES256'])
    },
  )

  it('[RFC7517-4.2-1] for encryption never verifies a token that names its kid', async () => {
    const key = keyFor('ES256')
    const { verifyToken } = createTestVerifier({ keys: [{ ...key.publicJwk, use: 'enc' }, marker] })
    await expectInvalidToken(verifyToken(createToken({ key })), 'key_not_found')
  })

  it('keeps its kid of up to 256 characters, and needs none', async () => {
    for (const kid of ['k', 'k'.repeat(256)]) {
      const { keys } = await importKeys({ keys: [{ ...p256, kid }] }, allAlgorithms)
      expect(keys[0]).toHaveProperty('kid', kid)
    }
    const { keys } = await importKeys({ keys: [p256] }, allAlgorithms)
    expect(keys[0]).not.toHaveProperty('kid')
  })

  it.each(['', 'k'.repeat(257), 7, null, ['k']])('is skipped when its kid is %j', async (kid) => {
    await expectSkipped({ ...p256, kid })
  })
})
