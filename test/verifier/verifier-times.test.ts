// The times of a token are asked for once more right before the answer, whatever was waited for.
import { createVerifier, type Principal } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const lifetimeSeconds = 60
const toleranceSeconds = 30
const token = createToken({ claims: { exp: now + lifetimeSeconds } })
const untilItEndsMs = (lifetimeSeconds + toleranceSeconds) * 1000

const clock = createTestClock()
const waits = {
  isRevoked: { isRevoked: async () => (clock.advanceMs(untilItEndsMs), false) },
  'a claims schema': {
    claims: {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) => (
          clock.advanceMs(untilItEndsMs), { value: value as Record<string, unknown> }
        ),
      },
    },
  },
}

describe('a token that ends', () => {
  it.each(Object.keys(waits) as (keyof typeof waits)[])('while %s is waited for is refused', async (what) => {
    const startMs = clock.nowMs()
    const verifier = createTestVerifier({ options: { ...waits[what], clock } })
    const fresh = createToken({ claims: { exp: startMs / 1000 + lifetimeSeconds, iat: startMs / 1000 } })
    const error = await expectInvalidToken(verifier.verifyToken(fresh), 'token_expired')
    expect(error.details).toMatchObject({ verified: true })
    expect(verifier.events).toMatchObject([{ type: 'refusal', reason: 'token_expired' }])
  })

  it('while its keys are fetched is refused', async () => {
    const slowly = createTestClock()
    const endsSoon = createToken({ claims: { exp: now - toleranceSeconds + 1 } })
    const fetch = async () => {
      slowly.advanceMs(2000)
      return Response.json({ keys: [keyFor('ES256').publicJwk] })
    }
    const trusted = oidc({ issuer, audience, jwksUri: `${issuer}/keys` })
    const { verifyToken } = createVerifier({ issuer: trusted, clock: slowly, fetch })
    await expectInvalidToken(verifyToken(endsSoon), 'token_expired')
  })

  it.each(['enrichPrincipal', 'isTenantAllowed'] as const)(
    'while %s of its issuer is waited for is refused',
    async (what) => {
      const slowly = createTestClock()
      const end = () => slowly.advanceMs(untilItEndsMs)
      const waiting = {
        enrichPrincipal: async ({ principal }: { principal: Principal }) => (end(), principal),
        isTenantAllowed: async () => (end(), true),
      }
      const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
      const { verifyToken } = createVerifier({ issuer: { ...trusted, [what]: waiting[what] } as never, clock: slowly })
      await expectInvalidToken(verifyToken(token), 'token_expired')
    },
  )

  it('while isRevoked is waited for is refused also when it is remembered', async () => {
    const slowly = createTestClock()
    let waitMs = 0
    const isRevoked = async () => (slowly.advanceMs(waitMs), false)
    const { verifyToken } = createTestVerifier({ options: { clock: slowly, isRevoked } })
    expect((await verifyToken(token)).principal.subject).toBe('alice')
    waitMs = untilItEndsMs
    await expectInvalidToken(verifyToken(token), 'token_expired')
  })

  it('later than all that is waited for comes in', async () => {
    const slowly = createTestClock()
    const isRevoked = async () => (slowly.advanceMs(untilItEndsMs - 1000), false)
    const { verifyToken } = createTestVerifier({ options: { clock: slowly, isRevoked } })
    expect((await verifyToken(token)).principal.subject).toBe('alice')
  })
})
