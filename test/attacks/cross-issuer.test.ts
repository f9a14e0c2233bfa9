// Two trusted issuers, one of them hostile: its keys are good for its own tokens and for nobody else's.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, keyFor } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

// Same kid, same algorithm, other material.
const honestKey = keyFor('ES256')
const hostileKey = createKey('ES256', { kid: honestKey.kid })
const onlyHostile = createKey('ES256', { kid: 'only-hostile' })

let honest: KeyServer
let hostile: KeyServer
beforeEach(async () => {
  honest = await startKeyServer({ keys: [honestKey.publicJwk] })
  hostile = await startKeyServer({ keys: [hostileKey.publicJwk, onlyHostile.publicJwk] })
})
afterEach(() => Promise.all([honest.stop(), hostile.stop()]))

function createBoth() {
  return createVerifier({ issuer: [honest.issuer, hostile.issuer], audience, clock: createTestClock() })
}

const tokenOf = (iss: unknown, key = honestKey, header = {}) => createToken({ key, header, claims: { iss } })

describe('the key of one issuer', () => {
  it('[RFC8725bis-3.8-1] verifies its own tokens', async () => {
    const { verifyToken } = createBoth()
    expect((await verifyToken(tokenOf(honest.issuer))).issuer).toBe(honest.issuer)
    expect((await verifyToken(tokenOf(hostile.issuer, hostileKey))).issuer).toBe(hostile.issuer)
  })

  it('[RFC8725bis-3.8-1] never verifies a token of another, though the kid is the same', async () => {
    const { verifyToken } = createBoth()
    await expectInvalidToken(verifyToken(tokenOf(honest.issuer, hostileKey)), 'signature_invalid')
    await expectInvalidToken(verifyToken(tokenOf(hostile.issuer, honestKey)), 'signature_invalid')
  })

  it('[RFC8725bis-3.8-1] is not known to another, also when both sets are warm', async () => {
    const { verifyToken, ready } = createBoth()
    expect(await ready()).toMatchObject([{ ok: true }, { ok: true }])
    expect((await verifyToken(tokenOf(hostile.issuer, onlyHostile))).issuer).toBe(hostile.issuer)
    await expectInvalidToken(verifyToken(tokenOf(honest.issuer, onlyHostile)), 'key_not_found')
  })

  it('[RFC8725bis-3.8-1] is not even asked for when the token names another', async () => {
    const { verifyToken } = createBoth()
    await expectInvalidToken(verifyToken(tokenOf(honest.issuer, onlyHostile)), 'key_not_found')
    expect(hostile.requests).toEqual([])
  })
})

describe('a token', () => {
  it('that names both issuers names none', async () => {
    const { verifyToken } = createBoth()
    const iss = [honest.issuer, hostile.issuer]
    await expectInvalidToken(verifyToken(tokenOf(iss, hostileKey)), 'issuer_unknown')
    expect([...honest.requests, ...hostile.requests]).toEqual([])
  })

  it('cannot point its issuer to keys that it brings or names', async () => {
    const { verifyToken } = createBoth()
    const pointers = {
      jku: `${hostile.issuer}/jwks`,
      x5u: `${hostile.issuer}/jwks`,
      jwk: hostileKey.publicJwk,
      x5c: ['MIIB'],
      iss: hostile.issuer,
    }
    await expectInvalidToken(verifyToken(tokenOf(honest.issuer, hostileKey, pointers)), 'signature_invalid')
    expect(hostile.requests).toEqual([])
  })

  it('of one issuer is not good for the audience of the other', async () => {
    const trusted = [honest, hostile].map(({ issuer, keys }) =>
      oidc({ issuer, jwks: { keys }, audience: `urn:for:${issuer}` }),
    )
    const { verifyToken } = createVerifier({ issuer: trusted, clock: createTestClock() })
    const claims = (aud: string) => ({ iss: hostile.issuer, aud })
    const own = createToken({ key: hostileKey, claims: claims(`urn:for:${hostile.issuer}`) })
    expect((await verifyToken(own)).issuer).toBe(hostile.issuer)
    const other = createToken({ key: hostileKey, claims: claims(`urn:for:${honest.issuer}`) })
    await expectInvalidToken(verifyToken(other), 'audience_mismatch')
  })
})

describe('a hostile issuer', () => {
  it('cannot publish metadata for the other one', async () => {
    const metadata = { issuer: honest.issuer, jwks_uri: `${hostile.issuer}/jwks` }
    hostile.answer('/.well-known/openid-configuration', faults.json(metadata))
    const { verifyToken } = createBoth()
    const error = await refusalOf(verifyToken(tokenOf(hostile.issuer, hostileKey)))
    expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    await expectInvalidToken(verifyToken(tokenOf(honest.issuer, hostileKey)), 'signature_invalid')
    expect(hostile.count()).toBe(0)
  })

  it('that is down does not take the other with it', async () => {
    await hostile.stop()
    const { verifyToken } = createBoth()
    expect((await refusalOf(verifyToken(tokenOf(hostile.issuer, hostileKey)))).status).toBe(503)
    expect((await verifyToken(tokenOf(honest.issuer))).issuer).toBe(honest.issuer)
  })
})
