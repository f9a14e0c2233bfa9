// One key that the operator gives without a kid, as a JWK or as a PEM text.
import { createPublicKey } from 'node:crypto'
import { createVerifier } from 'claimcheck'
import { jwkFromPem, oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { audience, createKey, createToken, issuer, keyFor, type TestKey } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const { kid: _, ...withoutKid } = keyFor('ES256').publicJwk
const named = (kid: string | undefined, alg: 'ES256' | 'RS256' = 'ES256') =>
  createToken({ key: keyFor(alg), header: { kid } })

describe('the one key of the configuration, without a kid', () => {
  it.each(['ES256', 'another', undefined])('serves a token that names the kid %s', async (kid) => {
    const { verifyToken } = createTestVerifier({ keys: [withoutKid] })
    expect((await verifyToken(named(kid))).principal.subject).toBe('alice')
  })

  it('is bound to its algorithm all the same', async () => {
    const { verifyToken } = createTestVerifier({ keys: [withoutKid] })
    await expectInvalidToken(verifyToken(named('x', 'RS256')), 'key_not_found')
  })

  it('serves only tokens without a kid where it is not the only one', async () => {
    const { verifyToken } = createTestVerifier({ keys: [withoutKid, keyFor('RS256').publicJwk] })
    await expectInvalidToken(verifyToken(named('another')), 'key_not_found')
    expect((await verifyToken(named(undefined))).principal.subject).toBe('alice')
  })

  it('that has a kid serves no other', async () => {
    const { verifyToken } = createTestVerifier({ keys: [keyFor('ES256').publicJwk] })
    await expectInvalidToken(verifyToken(named('another')), 'key_not_found')
  })

  it('does not serve so where it was fetched, or comes from a store', async () => {
    const fetch = async () => Response.json({ keys: [withoutKid] })
    const saved: unknown[] = []
    const keyStore = {
      load: async () => saved.at(-1),
      save: async (__: string, value: unknown) => void saved.push(value),
    }
    const trusted = oidc({ issuer, audience, jwksUri: `${issuer}/keys` })
    const clock = createTestClock()
    const { verifyToken } = createVerifier({ issuer: trusted, clock, fetch, keyStore })
    await expectInvalidToken(verifyToken(named('another')), 'key_not_found')
    const down = () => Promise.reject(new Error('down'))
    const restarted = createVerifier({ issuer: trusted, clock, fetch: down, keyStore })
    expect((await restarted.verifyToken(named(undefined))).principal.subject).toBe('alice')
    expect((await refusalOf(restarted.verifyToken(named('another')))).status).toBe(503)
  })
})

describe('jwkFromPem', () => {
  const rsa = createKey('RS256')
  const pemOf = ({ privateKey }: TestKey) =>
    createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string

  it('stands where a JWK can', async () => {
    const { verifyToken } = createTestVerifier({ keys: [jwkFromPem(pemOf(rsa)) as never] })
    expect((await verifyToken(createToken({ key: rsa }))).principal.subject).toBe('alice')
  })

  it('gives the key a kid and an algorithm', () => {
    expect(jwkFromPem(pemOf(rsa), { kid: 'k', alg: 'PS256' })).toMatchObject({ kty: 'RSA', kid: 'k', alg: 'PS256' })
  })

  it.each([
    ['a private key', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['another text', 'hello'],
    ['an empty text', ''],
    ['no text', undefined],
    ['a damaged PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
  ])('is a TypeError for %s, and shows nothing of it', (__, pem) => {
    expect(() => jwkFromPem(pem as string)).toThrow(/^jwkFromPem\(\) needs the text of one PEM/)
  })

  it('is a TypeError for an algorithm or option that does not exist', () => {
    expect(() => jwkFromPem(pemOf(rsa), { alg: 'HS256' as never })).toThrow("alg must be an algorithm such as 'RS256'")
    expect(() => jwkFromPem(pemOf(rsa), { use: 'sig' } as never)).toThrow('has no option use')
  })
})
