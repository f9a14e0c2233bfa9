// A token chooses its algorithm, and nothing else follows from that (RFC 8725 §2.1, §3.1).
import { createHmac, createPublicKey } from 'node:crypto'
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { asAlgorithm, ecAlgorithms, everyAlgorithm, quickKeyFor, rsaAlgorithms } from '../support/every-algorithm.ts'
import { audience, createToken, encode, goodClaims, keyFor, type TestKey } from '../support/tokens.ts'
import type { Algorithm, JsonWebKey } from '../support/types.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const rsa = keyFor('RS256')

function without(jwk: JsonWebKey, ...names: string[]): JsonWebKey {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name))) as unknown as JsonWebKey
}

function hmacToken(alg: string, secret: string | Buffer): string {
  const signingInput = `${encode(JSON.stringify({ alg, kid: rsa.kid, typ: 'at+jwt' }))}.${encode(JSON.stringify(goodClaims()))}`
  return `${signingInput}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(signingInput)
    .digest('base64url')}`
}

describe('a public key as an HMAC secret', () => {
  const publicKey = createPublicKey({ key: rsa.publicJwk as never, format: 'jwk' })
  const secrets: Readonly<Record<string, string | Buffer>> = {
    'PEM (SPKI)': publicKey.export({ format: 'pem', type: 'spki' }),
    'PEM without its last line break': publicKey.export({ format: 'pem', type: 'spki' }).toString().trim(),
    'PEM (PKCS#1)': publicKey.export({ format: 'pem', type: 'pkcs1' }),
    'DER (SPKI)': publicKey.export({ format: 'der', type: 'spki' }),
    'the JWK as JSON': JSON.stringify(rsa.publicJwk),
    'the modulus': Buffer.from(String(rsa.publicJwk.n), 'base64url'),
    'the modulus as text': String(rsa.publicJwk.n),
    nothing: '',
  }

  it.each(Object.keys(secrets))('[RFC8725bis-2.1-1] makes no token: %s', async (form) => {
    const keys = [rsa.publicJwk, without(rsa.publicJwk, 'alg')].map((jwk) => [jwk])
    for (const set of keys) {
      const { verifyToken } = createTestVerifier({ keys: set })
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        await expectInvalidToken(verifyToken(hmacToken(alg, secrets[form] ?? '')), 'algorithm_not_allowed')
      }
    }
  })

  it('[RFC8725bis-2.1-1] makes no token when the set has a secret of its own', async () => {
    const secret = { kty: 'oct', k: encode('a secret of thirty-two bytes, ok'), kid: rsa.kid, alg: 'HS256' }
    const { verifyToken } = createTestVerifier({ keys: [secret, rsa.publicJwk] })
    const token = hmacToken('HS256', 'a secret of thirty-two bytes, ok')
    await expectInvalidToken(verifyToken(token), 'algorithm_not_allowed')
  })
})

describe('none', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', ' none', 'none\0', ''])(
    '[RFC8725bis-3.2-1] is no algorithm: %j',
    async (alg) => {
      const { verifyToken } = createTestVerifier()
      const token = createToken({ header: { alg } })
      await expectInvalidToken(verifyToken(token), 'algorithm_not_allowed')
      await expectInvalidToken(verifyToken(token.slice(0, token.lastIndexOf('.') + 1)), 'algorithm_not_allowed')
      await expectInvalidToken(verifyToken(token.slice(0, token.lastIndexOf('.'))), 'token_malformed')
    },
  )
})

describe('one key, one algorithm', () => {
  const pairs = rsaAlgorithms.flatMap((bound) => rsaAlgorithms.map((signed) => [bound, signed] as const))

  it.each(pairs)('[RFC8725bis-3.1-3] an RSA key with alg %s and a token with %s', async (bound, signed) => {
    const { verifyToken } = createTestVerifier({ keys: [{ ...rsa.publicJwk, alg: bound }] })
    const verified = verifyToken(createToken({ key: { ...rsa, alg: signed } }))
    if (bound === signed) expect((await verified).header.alg).toBe(signed)
    else await expectInvalidToken(verified, 'key_not_found')
  })

  it.each(rsaAlgorithms)('[RFC8725bis-3.1-4] an RSA key without alg, configured for %s', async (first) => {
    const algorithms = [first, ...rsaAlgorithms.filter((alg) => alg !== first)]
    const { verifyToken } = createTestVerifier({ keys: [without(rsa.publicJwk, 'alg')], oidc: { algorithms } })
    for (const alg of algorithms) {
      for (const kid of [rsa.kid, undefined]) {
        const verified = verifyToken(createToken({ key: { ...rsa, alg }, header: { kid } }))
        if (alg === first) await verified
        else await expectInvalidToken(verified, 'key_not_found')
      }
    }
  })

  it('[RFC8725bis-3.1-4] an RSA key without alg is an RS256 key when nothing is configured', async () => {
    const { verifyToken } = createTestVerifier({ keys: [without(rsa.publicJwk, 'alg', 'use')] })
    await verifyToken(createToken({ key: rsa }))
    await expectInvalidToken(verifyToken(createToken({ key: { ...rsa, alg: 'PS256' } })), 'key_not_found')
  })

  it.each(everyAlgorithm)(
    '[RFC8725bis-3.1-3] the signature of another algorithm under the name %s',
    async (claimed) => {
      const key = quickKeyFor(claimed)
      const { verifyToken } = createTestVerifier({ keys: [key.publicJwk] })
      const others = everyAlgorithm.filter((alg) => alg !== claimed && !(isEdwards(alg) && isEdwards(claimed)))
      for (const other of others) {
        const token = createToken({ key: quickKeyFor(other), header: { alg: claimed, kid: key.kid } })
        await expectInvalidToken(verifyToken(token), 'signature_invalid')
      }
    },
  )

  it.each(ecAlgorithms)('[RFC7518-3.4-1] %s is only for keys of its own curve', async (alg) => {
    const curve = quickKeyFor(alg)
    for (const other of ecAlgorithms.filter((one) => one !== alg)) {
      // The other curve's key signs with this curve's hash, as WebCrypto would verify it if it were asked to.
      const key: TestKey = { ...quickKeyFor(other), alg, kid: other }
      const { verifyToken } = createTestVerifier({ keys: [quickKeyFor(other).publicJwk, curve.publicJwk] })
      await expectInvalidToken(verifyToken(createToken({ key })), 'key_not_found')
      const bare = createTestVerifier({ keys: [{ ...without(key.publicJwk, 'alg'), kid: other }] })
      await expectInvalidToken(bare.verifyToken(createToken({ key })), 'key_not_found')
    }
  })
})

describe('two issuers', () => {
  const [a, b] = ['https://a.example', 'https://b.example']
  const ec = keyFor('ES256')
  const both = { keys: [ec.publicJwk, asAlgorithm(rsa, 'RS256').publicJwk] }
  const { verifyToken } = createVerifier({
    issuer: [
      oidc({ issuer: a, jwks: both, algorithms: ['ES256'] }),
      oidc({ issuer: b, jwks: both, algorithms: ['RS256'] }),
    ],
    audience,
    clock: createTestClock(),
  })

  it.each([
    [a, 'ES256', true],
    [a, 'RS256', false],
    [b, 'ES256', false],
    [b, 'RS256', true],
  ] as const)('[RFC8725bis-3.1-2] each with its own algorithms: %s with %s', async (iss, alg, accepted) => {
    const token = createToken({ key: quickKeyFor(alg as Algorithm), claims: { iss } })
    if (accepted) expect((await verifyToken(token)).issuer).toBe(iss)
    else await expectInvalidToken(verifyToken(token), 'algorithm_not_allowed')
  })
})

function isEdwards(alg: Algorithm): boolean {
  return alg.startsWith('Ed')
}
