import type { KeyQuery, VerificationKey } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { indexKeys, type KeySelection } from '../../src/jwks/key-set.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'
import { createKey, createToken, keyFor } from '../support/tokens.ts'

/** Selection looks at names only, so these keys need no material. */
function named(kid: string | undefined, ...algorithms: VerificationKey['algorithms']): VerificationKey {
  return { ...(kid !== undefined && { kid }), algorithms, key: {} as VerificationKey['key'] }
}

const rsa = named('a', 'RS256')
const pss = named('b', 'PS256')
const ec = named('a', 'ES256')
const ed = named('e', 'Ed25519', 'EdDSA')
const nameless = named(undefined, 'ES384')
const set = [rsa, pss, ec, ed, nameless]

function selectKey(keys: readonly VerificationKey[], query: KeyQuery): KeySelection {
  return indexKeys(keys).select(query)
}

describe('a key index', () => {
  it.each([
    ['the kid and the algorithm', { kid: 'b', alg: 'PS256' }, pss],
    ['[FAPI2-5.4.3-1] a kid that two keys share: RSA', { kid: 'a', alg: 'RS256' }, rsa],
    ['[FAPI2-5.4.3-1] a kid that two keys share: EC', { kid: 'a', alg: 'ES256' }, ec],
    ['the first name of two', { kid: 'e', alg: 'Ed25519' }, ed],
    ['the second name of two', { kid: 'e', alg: 'EdDSA' }, ed],
    ['[RFC7515-4.1.4-1] the algorithm alone', { alg: 'PS256' }, pss],
    ['[RFC7515-4.1.4-1] the algorithm alone, where the key has no kid', { alg: 'ES384' }, nameless],
  ])('finds a key by %s', (_, query, expected) => {
    const selection = selectKey(set, query)
    expect(selection.key).toBe(expected)
    expect(selection).not.toHaveProperty('missing')
  })

  it.each([
    ['a kid that the set does not have', { kid: 'c', alg: 'RS256' }],
    ['the kid in other letters', { kid: 'A', alg: 'RS256' }],
    ['a kid, where the key of that algorithm has none', { kid: 'c', alg: 'ES384' }],
    ['a name of every object', { kid: '__proto__', alg: 'RS256' }],
    ['another name of every object', { kid: 'constructor', alg: 'RS256' }],
    ['an algorithm that no key has', { alg: 'RS512' }],
  ])('says that a newer set may know %s', (_, query) => {
    expect(selectKey(set, query)).toEqual({ missing: 'unknown' })
  })

  it('takes a key whose algorithms name one twice for one key', () => {
    const twice = named('a', 'RS256', 'RS256')
    expect(selectKey([twice], { kid: 'a', alg: 'RS256' })).toEqual({ key: twice })
    expect(selectKey([twice], { alg: 'RS256' })).toEqual({ key: twice })
  })

  it.each([
    ['two keys have the kid and the algorithm', [rsa, rsa], { kid: 'a', alg: 'RS256' }],
    ['no kid is given and two keys have the algorithm', [rsa, named('z', 'RS256')], { alg: 'RS256' }],
    ['no kid is given and five keys have the algorithm', [rsa, rsa, rsa, rsa, rsa], { alg: 'RS256' }],
  ])('says that there is no single answer when %s', (_, keys, query) => {
    expect(selectKey(keys, query)).toEqual({ missing: 'ambiguous' })
  })

  it('says that a newer set may help when the kid has no key of that algorithm', () => {
    expect(selectKey(set, { kid: 'b', alg: 'RS256' })).toEqual({ missing: 'unknown' })
  })

  it('says that a newer set may help when this one is empty', () => {
    expect(selectKey([], { kid: 'a', alg: 'RS256' })).toEqual({ missing: 'unknown' })
    expect(selectKey([], { alg: 'RS256' })).toEqual({ missing: 'unknown' })
  })
})

describe('a token', () => {
  it('[FAPI2-5.4.3-1] verifies with the key of its algorithm where two keys share a kid', async () => {
    const [rsaKey, ecKey] = [keyFor('RS256'), keyFor('ES256')]
    const keys = [rsaKey, ecKey].map(({ publicJwk }) => ({ ...publicJwk, kid: 'shared' }))
    const { verifyToken } = createTestVerifier({ keys })
    for (const key of [rsaKey, ecKey]) {
      expect((await verifyToken(createToken({ key, header: { kid: 'shared' } }))).header.alg).toBe(key.alg)
    }
    const crossed = createToken({ key: ecKey, header: { kid: 'shared', alg: 'RS256' } })
    await expectInvalidToken(verifyToken(crossed), 'signature_invalid')
  })

  it('[FAPI2-5.4.3-1] verifies with the key for signatures where one for encryption shares its kid', async () => {
    const key = keyFor('ES256')
    const forEncryption = { ...createKey('ES256').publicJwk, kid: key.kid, use: 'enc', alg: 'ECDH-ES' }
    const { verifyToken } = createTestVerifier({ keys: [forEncryption, key.publicJwk] })
    await verifyToken(createToken({ key }))
  })

  it('[RFC7515-4.1.4-1] without a kid needs exactly one key of its algorithm: 0, 1 and 5', async () => {
    const key = keyFor('ES256')
    const token = createToken({ key, header: { kid: undefined } })
    const others = [1, 2, 3, 4].map(() => createKey('ES256').publicJwk)
    const withoutKey = createTestVerifier({ keys: [keyFor('Ed25519').publicJwk] })
    await expectInvalidToken(withoutKey.verifyToken(token), 'key_not_found')
    const one = createTestVerifier({ keys: [keyFor('Ed25519').publicJwk, key.publicJwk] })
    await one.verifyToken(token)
    const five = createTestVerifier({ keys: [key.publicJwk, ...others] })
    const error = await expectInvalidToken(five.verifyToken(token), 'key_not_found')
    expect(error.hint).toContain('kid and algorithm')
  })
})
