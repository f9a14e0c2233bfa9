import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { allAlgorithms, isAlgorithm } from '../../src/crypto/algorithms.ts'
import { asAlgorithm, everyAlgorithm, quickKeyFor } from '../support/every-algorithm.ts'
import { createToken, goodClaims, issuer, keyFor, signTexts } from '../support/tokens.ts'
import type { Algorithm } from '../support/types.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

/** Algorithms that JOSE registers and claimcheck does not verify. */
const unsupported = [
  'none',
  'HS256',
  'HS384',
  'HS512',
  'ES256K',
  'Ed448',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
  'RSA-OAEP-256',
  'ECDH-ES',
  'PBES2-HS256+A128KW',
  'A256GCM',
  'dir',
  'RS1',
]

describe('the table of algorithms', () => {
  it('has the eleven asymmetric names and no other', () => {
    expect(allAlgorithms).toEqual(everyAlgorithm)
    for (const name of allAlgorithms) expect(isAlgorithm(name)).toBe(true)
  })

  it.each([...unsupported, 'rs256', 'RS256 ', '', 'toString', 'constructor', '__proto__'])(
    'does not know %j',
    (name) => {
      expect(isAlgorithm(name)).toBe(false)
    },
  )

  it.each([[['RS256']], [{ toString: () => 'RS256' }], [null], [undefined], [256]])(
    'takes only a string for a name, not %j',
    (name) => {
      expect(isAlgorithm(name)).toBe(false)
    },
  )
})

describe('oidc({ algorithms })', () => {
  it.each(everyAlgorithm)('takes %s', (alg) => {
    expect(oidc({ issuer, algorithms: [alg] }).algorithms).toEqual([alg])
  })

  it.each(unsupported)('[RFC8725bis-2.1-1] [RFC8725bis-3.2-1] [RFC7518-3.2-1] [RFC9964-env] refuses %s', (name) => {
    const algorithms = [name] as unknown as Algorithm[]
    expect(() => oidc({ issuer, algorithms })).toThrow(TypeError)
    expect(() => oidc({ issuer, algorithms })).toThrow(`RS256, RS384, RS512, PS256`)
    expect(() => oidc({ issuer, algorithms })).toThrow(`not ${name}.`)
  })

  it('[RFC8725bis-2.1-1] refuses HMAC beside an asymmetric algorithm, in any place', () => {
    for (const mixed of [
      ['RS256', 'HS256'],
      ['HS256', 'RS256'],
    ]) {
      expect(() => oidc({ issuer, algorithms: mixed as Algorithm[] })).toThrow('not HS256.')
    }
  })
})

describe('a token', () => {
  it.each(everyAlgorithm)('[RFC9068-2.1-1] verifies when signed with %s and nothing is configured', async (alg) => {
    const key = quickKeyFor(alg)
    const { verifyToken } = createTestVerifier({ keys: [key.publicJwk] })
    const auth = await verifyToken(createToken({ key }))
    expect(auth.header.alg).toBe(alg)
    expect(auth.principal.subject).toBe('alice')
  })

  it.each([...everyAlgorithm])('[RFC8725bis-3.1-1] is refused when %s is not in the list', async (alg) => {
    const key = quickKeyFor(alg)
    const others = everyAlgorithm.filter((one) => one !== alg)
    const { verifyToken } = createTestVerifier({
      keys: [key.publicJwk, keyFor('ES256').publicJwk, keyFor('Ed25519').publicJwk],
      oidc: { algorithms: others },
    })
    const error = await expectInvalidToken(verifyToken(createToken({ key })), 'algorithm_not_allowed')
    expect(error.details).toMatchObject({ verified: false, claim: 'alg', expected: others, alg })
  })

  it.each([
    ['missing', undefined, 'token_malformed'],
    ['in lower case', 'es256', 'algorithm_not_allowed'],
    ['with a space', 'ES256 ', 'algorithm_not_allowed'],
    ['none in mixed case', 'noNE', 'algorithm_not_allowed'],
    ['empty', '', 'algorithm_not_allowed'],
    ['a number', 256, 'token_malformed'],
    ['null', null, 'token_malformed'],
    ['a list', ['ES256'], 'token_malformed'],
    ['an object', { toString: 'ES256' }, 'token_malformed'],
    ['a name of every object', 'constructor', 'algorithm_not_allowed'],
  ] as const)('[RFC7515-4.1.1-1] is refused when its alg is %s', async (_, alg, code) => {
    const { verifyToken } = createTestVerifier()
    await expectInvalidToken(verifyToken(createToken({ header: { alg } })), code)
  })

  it('[RFC7515-4.1.1-1] cannot bring its alg in a member called __proto__', async () => {
    const { verifyToken } = createTestVerifier()
    const payload = JSON.stringify(goodClaims())
    const hidden = '{"kid":"ES256","__proto__":{"alg":"ES256"}}'
    await expectInvalidToken(verifyToken(signTexts(hidden, payload, keyFor('ES256'))), 'token_malformed')
    await verifyToken(signTexts(hidden.replace('{', '{"alg":"ES256",'), payload, keyFor('ES256')))
  })
})

describe('Ed25519 and EdDSA are two names of one algorithm', () => {
  const names = ['Ed25519', 'EdDSA'] as const
  const key = keyFor('Ed25519')

  it.each(names)('[RFC9864-1] takes tokens of both names with a key published as %s', async (published) => {
    const { verifyToken } = createTestVerifier({ keys: [{ ...key.publicJwk, alg: published }] })
    for (const name of names) {
      const auth = await verifyToken(createToken({ key, header: { alg: name } }))
      expect(auth.header.alg).toBe(name)
    }
  })

  it.each(names)('[RFC9864-1] takes only %s when only that is configured', async (allowed) => {
    const { verifyToken } = createTestVerifier({ keys: [key.publicJwk], oidc: { algorithms: [allowed] } })
    for (const name of names) {
      const verified = verifyToken(createToken({ key, header: { alg: name } }))
      if (name === allowed) await verified
      else await expectInvalidToken(verified, 'algorithm_not_allowed')
    }
  })

  it('[RFC9864-1] takes no token of another type of key under either name', async () => {
    const rsa = asAlgorithm(keyFor('RS256'), 'RS256')
    const { verifyToken } = createTestVerifier({ keys: [rsa.publicJwk, key.publicJwk] })
    for (const alg of names) {
      await expectInvalidToken(verifyToken(createToken({ key: rsa, header: { alg } })), 'key_not_found')
      await expectInvalidToken(
        verifyToken(createToken({ key: rsa, header: { alg, kid: key.kid } })),
        'signature_invalid',
      )
    }
  })
})
