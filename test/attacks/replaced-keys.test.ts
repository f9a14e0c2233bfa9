// A key that has taken another's place under its kid must itself have signed the token that made us look for it.
import { importPublicKey } from '#engine'
import { createVerifier, type VerificationKey, type Verifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { audience, createKey, createToken, issuer, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

async function verificationKey({ alg, kid, publicJwk }: TestKey): Promise<VerificationKey> {
  const { kty, crv, x, y, n, e } = publicJwk
  const jwk = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as object
  return { kid, algorithms: [alg], key: await importPublicKey(jwk, alg) }
}

/** Trusts `old`, and finds `replacement` in its place when a signature is not by it. */
async function verifierOf(old: TestKey, replacement: TestKey): Promise<Verifier> {
  const [first, other] = [await verificationKey(old), await verificationKey(replacement)]
  const trusted = oidc({ issuer, audience, jwks: { keys: [old.publicJwk] } })
  const keys = { create: () => ({ findKey: () => first, findReplacement: () => other }) }
  const endpoints = trusted.endpoints.map((endpoint) => ({ ...endpoint, keys }))
  return createVerifier({ issuer: { ...trusted, endpoints }, clock: createTestClock() })
}

describe.each(['RS256', 'ES256', 'EdDSA'] as const)('%s', (alg) => {
  const kid = 'one'
  const [old, replacement, attacker] = [createKey(alg, { kid }), createKey(alg, { kid }), createKey(alg, { kid })]

  it('tokens by either key are good', async () => {
    const { verifyToken } = await verifierOf(old, replacement)
    for (const key of [old, replacement])
      expect((await verifyToken(createToken({ key }))).principal.subject).toBe('alice')
  })

  it('a token by neither is forged, alone and among many', async () => {
    const { verifyToken } = await verifierOf(old, replacement)
    const forged = (sub: string): string => createToken({ key: attacker, claims: { sub } })
    await expectInvalidToken(verifyToken(forged('root')), 'signature_invalid')
    await Promise.all(
      Array.from({ length: 8 }, (_, at) => expectInvalidToken(verifyToken(forged(`root${at}`)), 'signature_invalid')),
    )
  })
})
