// Verifications that never end do not stay in memory for ever.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { heapUsed } from '../support/heap.ts'
import { audience, createToken, encode, goodClaims, issuer, keyFor } from '../support/tokens.ts'

it('forgets verifications that never end', async () => {
  const clock = createTestClock()
  const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const isTenantAllowed = () => new Promise<boolean>(() => {})
  const { verifyToken } = createVerifier({ issuer: { ...trusted, isTenantAllowed }, clock })
  const [header, , signature] = createToken().split('.')
  const ask = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      void verifyToken(`${header}.${encode(JSON.stringify(goodClaims({ jti: `${count}-${index}` })))}.${signature}`)
      clock.advanceMs(1)
      if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await ask(2000)
  const before = heapUsed()
  await ask(10_000)
  expect(heapUsed() - before).toBeLessThan(8_000_000)
})
