// What may change while a signature is being checked: by WebCrypto every one is checked later, by Node those of slow curves are.
import { importPublicKey } from '#engine'
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { expect, it, vi } from 'vitest'
import type { VerificationKey } from '../../src/jwks/key-source.ts'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createKey, createToken, issuer, keyFor } from '../support/tokens.ts'

const slow = keyFor('ES384')
const isWeb = importPublicKey.constructor.name === 'AsyncFunction'

async function keyOf({ publicJwk, kid }: typeof slow): Promise<VerificationKey> {
  return { kid, algorithms: ['ES384'], key: await importPublicKey(publicJwk, 'ES384'), material: String(publicJwk.x) }
}

/** Two requests with one token, and what they come to when `change` happens before its signature has been checked. */
async function outcomesAfter(change: (sts: Awaited<ReturnType<typeof createSts>>) => unknown) {
  const sts = await createSts()
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  const check = crypto.subtle.verify.bind(crypto.subtle)
  const checking = vi.spyOn(crypto.subtle, 'verify').mockImplementation(async (...args) => {
    await gate
    return check(...args)
  })
  const digesting = vi.spyOn(crypto.subtle, 'digest')
  const token = createToken({ key: slow, claims: { exp: now + 60 } })
  const verify = () =>
    sts.verifyToken(token).then(
      () => 'let in',
      (error: { reason?: unknown }) => error.reason,
    )
  const first = verify()
  if (isWeb) await expect.poll(() => checking.mock.calls.length, { interval: 1 }).toBeGreaterThan(0)
  const joined = verify()
  if (isWeb) {
    // The second request joins once it has the digest of its token.
    await Promise.all(digesting.mock.results.map(({ value }) => value))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await change(sts)
  go()
  return Promise.all([first, joined, verify()])
}

async function createSts() {
  const state = { key: (await keyOf(slow)) as VerificationKey | undefined, isTenantAllowed: true, revoked: false }
  const trusted = oidc({ issuer, audience, jwks: { keys: [slow.publicJwk] } })
  const keys = { create: () => ({ findKey: () => state.key }) }
  const endpoints = trusted.endpoints.map((endpoint) => ({ ...endpoint, keys }))
  const clock = createTestClock()
  const verifier = createVerifier({
    issuer: { ...trusted, endpoints, isTenantAllowed: () => state.isTenantAllowed },
    clock,
    isRevoked: () => state.revoked,
  })
  return { ...verifier, clock, state }
}

it('lets all in where nothing changes', async () => {
  expect(await outcomesAfter(() => {})).toEqual(['let in', 'let in', 'let in'])
})

it('a token that ends meanwhile is refused', async () => {
  expect(await outcomesAfter(({ clock }) => clock.advanceMs(90_001))).toEqual(Array(3).fill('token_expired'))
})

it('a token that is revoked meanwhile is refused', async () => {
  expect(await outcomesAfter(({ state }) => (state.revoked = true))).toEqual(Array(3).fill('token_revoked'))
})

it('a key that is withdrawn meanwhile lets no other request in', async () => {
  const [, joined, later] = await outcomesAfter(({ state }) => (state.key = undefined))
  expect([joined, later]).toEqual(['key_not_found', 'key_not_found'])
})

it('a key that is replaced meanwhile lets no other request in', async () => {
  const other = await keyOf({ ...createKey('ES384'), kid: slow.kid })
  const [, joined, later] = await outcomesAfter(({ state }) => (state.key = other))
  expect([joined, later]).toEqual(['signature_invalid', 'signature_invalid'])
})

it('a tenant that is shut out meanwhile lets no other request in', async () => {
  const [, joined, later] = await outcomesAfter(({ state }) => (state.isTenantAllowed = false))
  expect([joined, later]).toEqual(['tenant_mismatch', 'tenant_mismatch'])
})

it('closing the verifier meanwhile lets in what is good, and nothing else', async () => {
  expect(await outcomesAfter((sts) => sts.close())).toEqual(['let in', 'let in', 'let in'])
})
