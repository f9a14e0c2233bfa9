// Every kind of bad token against verifiers that would accept the good one, and the code that each gets, written out.
import type { AuthErrorReason, VerifierOptions } from 'claimcheck'
import { entra, oidc, rfc9068 } from 'claimcheck/issuers'
import {
  type BadTokenKind,
  badTokenKinds,
  createTestIssuer,
  entraLike,
  type IssuerProfile,
  oidcLike,
  rfc9068Like,
} from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { claimsOf, headerOf, verifierFor } from './verifier.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const clientId = 'b1c2d3e4-0000-4000-8000-00000000beef'
const issuer = 'https://sts.example.com'

const codes: Readonly<Record<BadTokenKind, AuthErrorReason>> = {
  expired: 'token_expired',
  'not-yet-valid': 'token_not_yet_valid',
  'issued-in-the-future': 'token_not_yet_valid',
  'wrong-issuer': 'issuer_unknown',
  'wrong-audience': 'audience_mismatch',
  'no-iss': 'claim_missing',
  'no-exp': 'claim_missing',
  'no-aud': 'claim_missing',
  'exp-as-text': 'claim_invalid',
  'id-token': 'audience_mismatch',
  'logout-token': 'token_type_not_accepted',
  'sender-constrained': 'sender_constrained',
  'forged-signature': 'signature_invalid',
  'changed-claims': 'signature_invalid',
  'no-signature': 'signature_invalid',
  'zero-signature': 'signature_invalid',
  'unknown-kid': 'key_not_found',
  'alg-none': 'algorithm_not_allowed',
  'hs256-with-public-key': 'algorithm_not_allowed',
  'embedded-jwk': 'signature_invalid',
  'remote-jwks': 'key_not_found',
  crit: 'critical_header_unsupported',
  'duplicate-claim': 'token_malformed',
  nested: 'token_malformed',
  encrypted: 'token_encrypted',
  oversized: 'token_too_large',
  garbage: 'token_malformed',
}

interface VerifierCase {
  readonly name: string
  readonly profile: IssuerProfile
  readonly trusted: VerifierOptions['issuer']
  /** Where this one has another reason than the generic verifier. */
  readonly differing?: Partial<Record<BadTokenKind, AuthErrorReason>>
}

const verifierCases: readonly VerifierCase[] = [
  { name: 'the generic verifier', profile: oidcLike(), trusted: issuer },
  { name: 'oidc()', profile: oidcLike(), trusted: oidc({ issuer, algorithms: ['ES256'] }) },
  {
    name: 'rfc9068()',
    profile: rfc9068Like(),
    trusted: rfc9068({ issuer }),
    differing: { 'id-token': 'token_type_not_accepted' },
  },
  {
    name: 'entra(), v2.0',
    profile: entraLike({ tenant, clientId }),
    trusted: entra({ tenant, clientId }),
    // It has issuer, key, type and audience of an access token; no client asked for it by scope.
    differing: { 'id-token': 'claim_missing' },
  },
  {
    name: 'entra(), v1.0',
    profile: entraLike({ tenant, clientId, version: '1.0' }),
    trusted: entra({ tenant, clientId }),
    differing: { 'id-token': 'claim_missing' },
  },
]

describe.each(verifierCases)('$name refuses a token that is bad by', ({ profile, trusted, differing }) => {
  const sts = createTestIssuer(profile)

  it.each(badTokenKinds)('%s', async (kind) => {
    const { verifyToken } = verifierFor(sts, trusted)
    await verifyToken(sts.token())
    await expectInvalidToken(verifyToken(sts.badToken(kind)), differing?.[kind] ?? codes[kind])
    // The tolerances that a verifier may have at most do not save it either.
    const patient = verifierFor(sts, trusted, { clockToleranceSeconds: 300, maxTokenBytes: 65_536 })
    await expectInvalidToken(patient.verifyToken(sts.badToken(kind)), differing?.[kind] ?? codes[kind])
  })
})

describe.each(['ES256', 'PS256', 'EdDSA'] as const)('with %s', (algorithm) => {
  const sts = createTestIssuer(oidcLike(), { algorithms: [algorithm] })

  it.each(badTokenKinds)('%s is refused too', async (kind) => {
    await expectInvalidToken(verifierFor(sts).verifyToken(sts.badToken(kind)), codes[kind])
  })
})

describe('a bad token', () => {
  const sts = createTestIssuer()

  it('is told apart from no other by a client', async () => {
    const { verifyToken } = verifierFor(sts)
    const answers = await Promise.all(
      badTokenKinds.map(async (kind) => {
        const { status, headers, message } = await refusalOf(verifyToken(sts.badToken(kind)))
        return JSON.stringify({ status, headers, message })
      }),
    )
    expect(new Set(answers).size).toBe(1)
  })

  it('has the claims that it is given, besides what is bad', () => {
    const expired = claimsOf(sts.badToken('expired', { scope: 'orders:read' }))
    const now = sts.clock.nowMs() / 1000
    expect(expired).toMatchObject({ scope: 'orders:read', iat: now - 7200, exp: now - 3600 })
    expect(claimsOf(sts.badToken('wrong-audience', { sub: 'bob' }))).toMatchObject({
      sub: 'bob',
      aud: 'https://other-api.example',
    })
  })

  it('is bad whatever claims it is given', async () => {
    const now = sts.clock.nowMs() / 1000
    const claims = { admin: true, roles: ['admin'], exp: now + 60, nbf: now - 60, iat: now - 60, aud: sts.audience }
    await verifierFor(sts).verifyToken(sts.token(claims))
    // A verifier each: the fourth bad signature within ten seconds is a 503, since its key may have been replaced.
    for (const kind of badTokenKinds)
      await expectInvalidToken(verifierFor(sts).verifyToken(sts.badToken(kind, claims)), codes[kind])
  })

  it.each([{ hours: 3 }, { hours: -3 }])('is bad whatever the clock of the STS says: %j', async (drift) => {
    const drifting = createTestIssuer()
    drifting.setDrift(drift)
    const { verifyToken } = verifierFor(drifting)
    await expectInvalidToken(verifyToken(drifting.badToken('expired')), 'token_expired')
    const now = drifting.clock.nowMs() / 1000
    const times = { iat: now, exp: now + 3600 }
    await verifyToken(drifting.token(times))
    for (const kind of ['not-yet-valid', 'issued-in-the-future'] as const)
      await expectInvalidToken(verifyToken(drifting.badToken(kind, times)), 'token_not_yet_valid')
  })

  it('that is an ID token stays as the STS makes it', () => {
    expect(claimsOf(sts.badToken('id-token', { scope: 'orders:read' }))).not.toHaveProperty('scope')
  })

  it('that names the attacker’s key server causes no request there', async () => {
    const asked: string[] = []
    const fetch = (url: string, init: RequestInit): Promise<Response> => {
      asked.push(new URL(url).host)
      return sts.fetch(url, init)
    }
    const token = sts.badToken('remote-jwks')
    expect(headerOf(token)).toMatchObject({ jku: 'https://attacker.example/jwks' })
    await expectInvalidToken(verifierFor(sts, sts.issuer, { fetch }).verifyToken(token), 'key_not_found')
    expect(new Set(asked)).toEqual(new Set(['sts.example.com']))
  })
})

describe('the list of bad tokens', () => {
  it('is complete, in order, and cannot be shortened', () => {
    expect(badTokenKinds).toEqual(Object.keys(codes))
    expect(Object.isFrozen(badTokenKinds)).toBe(true)
  })
})
