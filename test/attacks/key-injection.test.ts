// A token does not bring its own key (RFC 8725 §3.10), and what it says of keys is never an address or a path.
import { createHash, createPublicKey, sign, X509Certificate } from 'node:crypto'
import { createVerifier, type Verifier } from 'claimcheck'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { newKeyPair } from '../support/key-pairs.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, keyFor, type TestKey, type TokenParts } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const good = keyFor('ES256')
/** Made by the attacker, who hopes that the token's header is where we look for keys. */
const forged: TestKey = { ...createKey('ES256'), kid: 'forged' }
const forgedJwk = { ...forged.publicJwk, kid: 'forged' }

let sts: KeyServer
/** What the attacker wants us to call: it would serve the attacker's key. It must never see a request. */
let canary: KeyServer
let verifier: Verifier

beforeAll(async () => {
  sts = await startKeyServer({ keys: [good.publicJwk] })
  canary = await startKeyServer({ keys: [forgedJwk] })
  canary.answer('*', faults.json({ keys: [forgedJwk] }))
  verifier = createVerifier({ issuer: sts.issuer, audience, clock: createTestClock() })
  await verifier.verifyToken(tokenOf({ key: good }))
})

afterAll(async () => {
  verifier.close()
  await Promise.all([sts.stop(), canary.stop()])
})

function tokenOf({ claims, ...parts }: TokenParts): string {
  return createToken({ ...parts, claims: { iss: sts.issuer, ...claims } })
}

/** A fresh verifier for each forgery, so that no budget for unknown kids hides a look-up. */
async function expectForgeryRefused(header: Record<string, unknown>): Promise<void> {
  for (const kid of ['forged', 'ES256', undefined]) {
    const fresh = createVerifier({ issuer: sts.issuer, audience, clock: createTestClock() })
    const code = kid === 'forged' ? 'key_not_found' : 'signature_invalid'
    await expectInvalidToken(fresh.verifyToken(tokenOf({ key: forged, header: { ...header, kid } })), code)
    fresh.close()
  }
  expect(canary.requests).toEqual([])
}

describe('a key or its address in the header', () => {
  it('[RFC7515-4.1.2-1] a self-signed token with its own jwk is refused', async () => {
    await expectForgeryRefused({ jwk: forgedJwk })
    await expectForgeryRefused({ jwk: { ...forgedJwk, kid: 'ES256' } })
    await expectForgeryRefused({ jwk: JSON.stringify(forgedJwk), jwks: { keys: [forgedJwk] } })
  })

  it('[RFC7515-4.1.2-1] a token with its own self-signed certificate is refused', async () => {
    const der = selfSigned(forged)
    expect(new X509Certificate(der).verify(new X509Certificate(der).publicKey)).toBe(true)
    const x5t = createHash('sha1').update(der).digest('base64url')
    await expectForgeryRefused({ x5c: [der.toString('base64')] })
    await expectForgeryRefused({ x5c: [der.toString('base64')], x5t, 'x5t#S256': x5t })
  })

  it.each(['jku', 'x5u', 'jwks_uri', 'jwk', 'x5c', 'iss'])(
    '[RFC7515-4.1.2-1] an address in %s is never called',
    async (name) => {
      const url = `${canary.issuer}/jwks`
      await expectForgeryRefused({ [name]: url })
      await expectForgeryRefused({ [name]: [url], jku: url, x5u: url })
    },
  )

  it('[RFC7515-4.1.2-1] a good token may name an address, which is not called', async () => {
    const header = { jku: `${canary.issuer}/jwks`, x5u: `${canary.issuer}/x5u`, jwk: forgedJwk }
    expect((await verifier.verifyToken(tokenOf({ key: good, header }))).issuer).toBe(sts.issuer)
    expect(canary.requests).toEqual([])
  })

  it('[RFC7515-4.1.2-1] an unknown issuer is never called', async () => {
    const before = sts.requests.length
    for (const iss of [canary.issuer, `${sts.issuer}/`, `${sts.issuer}@${new URL(canary.issuer).host}`]) {
      await expectInvalidToken(verifier.verifyToken(tokenOf({ key: forged, claims: { iss } })), 'issuer_unknown')
    }
    expect(canary.requests).toEqual([])
    expect(sts.requests.length).toBe(before)
  })
})

describe('a kid', () => {
  const kids = [
    '../../',
    '../../../../dev/null',
    '/jwks',
    '?kid=1',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '0',
    'length',
    "' OR 1=1 --",
    '%s%n%x',
    'a\r\nb',
    '\0',
    '*',
    'es256',
    'ES256 ',
  ]

  it.each(kids)('[RFC8725bis-3.10-1] is only compared: %j', async (kid) => {
    const { verifyToken, events } = createTestVerifier()
    const error = await expectInvalidToken(verifyToken(createToken({ header: { kid } })), 'key_not_found')
    expect(error.details.kid).toMatch(/^[\x20-\x7e]+$/)
    expect(events.map(({ type }) => type)).toEqual(['refusal'])
  })

  it.each(kids)('[RFC8725bis-3.10-1] finds the key that has it, and no other: %j', async (kid) => {
    const { verifyToken } = createTestVerifier({ keys: [good.publicJwk, { ...keyFor('ES384').publicJwk, kid }] })
    const auth = await verifyToken(createToken({ key: keyFor('ES384'), header: { kid } }))
    expect(auth.header.kid).toBe(kid)
  })

  it('[RFC8725bis-3.10-1] never becomes part of an address', async () => {
    for (const kid of ['../../admin', `${canary.issuer}/jwks`, '__proto__']) {
      const fresh = createVerifier({ issuer: sts.issuer, audience, clock: createTestClock() })
      await expectInvalidToken(fresh.verifyToken(tokenOf({ key: good, header: { kid } })), 'key_not_found')
      fresh.close()
    }
    const known = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration', '/jwks']
    expect(sts.requests.filter((path) => !known.includes(path))).toEqual([])
    expect(canary.requests).toEqual([])
  })
})

it('[RFC8725bis-3.10-1] an x5t of the right key does not select it', async () => {
  const { verifyToken } = createTestVerifier({
    keys: [{ ...good.publicJwk, x5t: 'abc' }, createKey('ES256').publicJwk],
  })
  const token = createToken({ header: { kid: undefined, x5t: 'abc' } })
  await expectInvalidToken(verifyToken(token), 'key_not_found')
})

it('a key that a client holds is of no use as a key of the issuer', async () => {
  const { publicKey } = newKeyPair('ed25519')
  const jwk = publicKey.export({ format: 'jwk' })
  const { verifyToken } = createTestVerifier()
  await expectInvalidToken(verifyToken(createToken({ claims: { cnf: { jwk } } })), 'sender_constrained')
})

/** A minimal X.509 certificate (RFC 5280 §4.1) for the key, signed with the key. */
function selfSigned({ privateKey }: TestKey): Buffer {
  const text = (tag: number, value: string) => der(tag, Buffer.from(value))
  const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
  const integer = (value: number) => der(0x02, Buffer.of(value))
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'))
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), text(0x0c, 'sts.example.com'))))
  const validity = der(0x30, text(0x17, '260101000000Z'), text(0x17, '360101000000Z'))
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const version3 = der(0xa0, integer(2))
  const content = der(0x30, version3, integer(1), ecdsaWithSha256, name, validity, name, publicKey)
  return der(0x30, content, ecdsaWithSha256, der(0x03, Buffer.of(0), sign('sha256', content, privateKey)))
}

/** One DER value of fewer than 65536 bytes. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), content])
}
