// What a test issuer's keys can go through, seen by a verifier that trusts it.
import { createTestIssuer, entraLike, oidcLike } from 'claimcheck/testing'
import { entra } from 'claimcheck/issuers'
import { expect, it } from 'vitest'
import { expectInvalidToken } from '../support/verifiers.ts'
import { headerOf, verifierFor } from './verifier.ts'

const ec = { algorithms: ['ES256'] } as const

it('a rotation is found by the first token that it signs, and the old key serves on', async () => {
  const sts = createTestIssuer(oidcLike(), ec)
  const { verifyToken } = verifierFor(sts)
  const old = sts.token()
  await verifyToken(old)
  sts.rotateKeys()
  expect(sts.kids).toEqual(['ES256-1', 'ES256-2'])
  expect((await verifyToken(sts.token())).header.kid).toBe('ES256-2')
  await verifyToken(old)
  expect(sts.requests.keys).toBe(2)
})

it('a rotation that does not keep the old key ends its tokens', async () => {
  const sts = createTestIssuer(oidcLike(), ec)
  const { verifyToken } = verifierFor(sts)
  const old = sts.token()
  await verifyToken(old)
  sts.rotateKeys({ keepOld: false })
  expect(sts.kids).toEqual(['ES256-2'])
  await verifyToken(sts.token())
  await expectInvalidToken(verifyToken(old), 'key_not_found')
})

it('a key that is removed still signs, but its tokens are bad', async () => {
  const sts = createTestIssuer(oidcLike(), { algorithms: ['ES256', 'ES384'] })
  const { verifyToken } = verifierFor(sts)
  sts.removeKey()
  expect(sts.kids).toEqual(['ES384-1'])
  await expectInvalidToken(verifyToken(sts.token()), 'key_not_found')
  await verifyToken(sts.token({}, { algorithm: 'ES384' }))
})

it('an old key can be removed by its kid', async () => {
  const sts = createTestIssuer(oidcLike(), ec)
  sts.rotateKeys()
  sts.removeKey('ES256-1')
  expect(sts.kids).toEqual(['ES256-2'])
})

it('a new key under the old kid is found by the first token that it signs', async () => {
  const sts = createTestIssuer(oidcLike(), ec)
  const { verifyToken } = verifierFor(sts)
  const old = sts.token()
  await verifyToken(old)
  sts.replaceKeys()
  expect(sts.kids).toEqual(['ES256-1'])
  const token = sts.token()
  expect(headerOf(token).kid).toBe('ES256-1')
  await verifyToken(token)
  await expectInvalidToken(verifyToken(old), 'signature_invalid')
})

it('a flapping set lacks one key after the other for hours, until it recovers', async () => {
  const sts = createTestIssuer(oidcLike(), ec)
  sts.rotateKeys()
  sts.rotateKeys()
  const kidsServed = async () => {
    const { keys } = (await (await sts.fetch('https://sts.example.com/jwks', {})).json()) as { keys: { kid: string }[] }
    return keys.map(({ kid }) => kid)
  }
  sts.flapKeys({ hours: 1 })
  expect(await kidsServed()).toEqual(['ES256-2', 'ES256-3'])
  sts.clock.advance({ minutes: 59 })
  expect(await kidsServed()).toEqual(['ES256-2', 'ES256-3'])
  sts.clock.advance({ minutes: 1 })
  expect(await kidsServed()).toEqual(['ES256-1', 'ES256-3'])
  sts.clock.advance({ hours: 1 })
  expect(await kidsServed()).toEqual(['ES256-1', 'ES256-2'])
  sts.clock.advance({ hours: 1 })
  expect(await kidsServed()).toEqual(['ES256-2', 'ES256-3'])
  sts.recover()
  expect(await kidsServed()).toEqual(['ES256-1', 'ES256-2', 'ES256-3'])
})

it('Entra’s flapping sets refuse no valid token over 48 hours', async () => {
  const [tenant, clientId] = ['8eaef023-2b34-4da1-9baa-8bc8c9d6a490', 'b1c2d3e4-0000-4000-8000-00000000beef']
  const sts = createTestIssuer(entraLike({ tenant, clientId }))
  const { verifyToken, events } = verifierFor(sts, entra({ tenant, clientId }))
  const old = sts.token({ exp: 9_999_999_999 })
  sts.rotateKeys()
  await verifyToken(old)
  await verifyToken(sts.token())
  sts.flapKeys()
  for (let minutes = 0; minutes < 48 * 60; minutes += 10) {
    sts.clock.advance({ minutes: 10 })
    await verifyToken(old)
    await verifyToken(sts.token())
  }
  expect(sts.requests.keys).toBeGreaterThan(48)
  expect(events.filter(({ type }) => type === 'refusal')).toEqual([])
})
