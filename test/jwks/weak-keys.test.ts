// Key material that must never verify anything (RFC 7518 §3.3, §6.2; RFC 8037 §2; RFC 9964).
import { describe, expect, it } from 'vitest'
import { importKeys } from '../../src/jwks/import.ts'
import { allAlgorithms } from '../../src/crypto/algorithms.ts'
import { newKeyPair } from '../support/key-pairs.ts'
import { createKey, createToken, keyFor } from '../support/tokens.ts'
import type { JsonWebKey } from '../support/types.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const good = keyFor('ES256').publicJwk
const curves = { 'P-256': keyFor('ES256'), 'P-384': keyFor('ES384'), 'P-521': keyFor('ES512') }
const ecKeys = Object.entries(curves).map(([crv, { publicJwk }]) => [crv, publicJwk] as const)

async function isSkipped(jwk: object): Promise<boolean> {
  const { keys, skipped } = await importKeys({ keys: [{ ...jwk, kid: 'weak' }, good] }, allAlgorithms)
  expect(keys.length + skipped).toBe(2)
  return !keys.some(({ kid }) => kid === 'weak')
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(value as string, 'base64url')
}

/** An odd number of `bits` bits; nothing that imports an RSA key asks for its primes. */
function modulus(bits: number): string {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  bytes[0] = 0xff >> ((8 - (bits % 8)) % 8)
  return bytes.toString('base64url')
}

describe('Ed25519', () => {
  const { publicJwk } = keyFor('EdDSA')

  it.each(['ES256', 'RS256', 'Ed448', 'ECDH-ES', 'none', '', 7, null])(
    '[RFC8037-3.1-1] keys that say they are for %j are ignored',
    async (alg) => {
      expect(await isSkipped({ ...publicJwk, alg })).toBe(true)
    },
  )

  it.each(['Ed25519', 'EdDSA', undefined])('[RFC9864-1] keys that say %j serve', async (alg) => {
    expect(await isSkipped({ ...publicJwk, alg })).toBe(false)
  })
})

describe('Ed25519, of small order', () => {
  const point = (first: number, rest: number, last: number) =>
    Buffer.concat([Buffer.of(first), Buffer.alloc(30, rest), Buffer.of(last)]).toString('base64url')

  it.each([
    ['nothing but zeros, as of memory that was never written', point(0, 0, 0)],
    ['zero with a sign', point(0, 0, 0x80)],
    ['the neutral element', point(1, 0, 0)],
    ['the neutral element with a sign', point(1, 0, 0x80)],
    ['p - 1, of order 2', point(0xec, 0xff, 0x7f)],
    ['p, which is zero', point(0xed, 0xff, 0x7f)],
    ['p + 1, which is the neutral element', point(0xee, 0xff, 0x7f)],
  ])('keys that are %s are ignored: anyone could write their signatures', async (_, x) => {
    expect(await isSkipped({ kty: 'OKP', crv: 'Ed25519', x })).toBe(true)
  })

  const ofOrder8 = [
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ].map((hex) => Buffer.from(hex, 'hex'))

  it.each(ofOrder8)(
    'encoding %# of a point of order 8 is ignored: before Node 24, a few tries give a signature without any secret',
    async (x) => {
      expect(await isSkipped({ kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') })).toBe(true)
    },
  )

  it('would verify what was never signed', async () => {
    const forged = Buffer.concat([Buffer.from(point(1, 0, 0), 'base64url'), Buffer.alloc(32)])
    const neutral = { kid: 'weak', kty: 'OKP', crv: 'Ed25519', x: point(1, 0, 0) }
    const [header, claims] = createToken({ key: { ...createKey('EdDSA'), kid: 'weak' } }).split('.')
    const { verifyToken } = createTestVerifier({ keys: [neutral as JsonWebKey, good] })
    await expectInvalidToken(verifyToken(`${header}.${claims}.${forged.toString('base64url')}`), 'key_not_found')
  })
})

describe('RSA', () => {
  it.each([512, 1024, 2040, 2047])('[RFC7518-3.3-1] keys of %i bits are ignored', async (bits) => {
    for (const alg of ['RS256', 'PS512', undefined]) {
      expect(await isSkipped({ kty: 'RSA', n: modulus(bits), e: 'AQAB', alg })).toBe(true)
    }
  })

  it.each([2048, 2049, 4096, 8192])('[RFC7518-3.3-1] keys of %i bits serve', async (bits) => {
    for (const alg of ['RS256', 'PS512', undefined]) {
      expect(await isSkipped({ kty: 'RSA', n: modulus(bits), e: 'AQAB', alg })).toBe(false)
    }
  })

  it.each([
    ['of more bits than any STS uses', { n: modulus(8193), e: 'AQAB' }],
    ['of twice as many', { n: modulus(16_384), e: 'AQAB' }],
    ['with the exponent 1, whose signatures anyone can write', { n: modulus(2048), e: 'AQ' }],
    ['with an even exponent', { n: modulus(2048), e: 'Ag' }],
    ['with the exponent 0', { n: modulus(2048), e: 'AA' }],
    ['with an even exponent of two bytes', { n: modulus(2048), e: 'AQA' }],
    ['with the exponent 2^32 + 1', { n: modulus(2048), e: 'AQAAAAE' }],
    ['with the exponent 2^64 + 1', { n: modulus(2048), e: 'AQAAAAAAAAAB' }],
    ['with an exponent as long as the modulus', { n: modulus(2048), e: modulus(2048) }],
    ['whose modulus is as short as its zeros hide', { n: `AAAA${modulus(2047)}`, e: 'AQAB' }],
    ['without an exponent', { n: modulus(2048), e: '' }],
    ['whose modulus is no base64url', { n: `${modulus(2048)}!!!!`, e: 'AQAB' }],
  ])('[RFC8725bis-3.4-1] keys %s are ignored', async (_, members) => {
    expect(await isSkipped({ kty: 'RSA', alg: 'RS256', ...members })).toBe(true)
  })

  it.each([
    ['the exponent 3', { n: modulus(2048), e: 'Aw' }],
    ['the exponent 257', { n: modulus(2048), e: 'AQE' }],
    ['the exponent 2^32 - 1', { n: modulus(2048), e: '_____w' }],
    ['zeros before their numbers, as of Cloud Foundry UAA', { n: `AAAA${modulus(2048)}`, e: 'AAEAAQ' }],
    ['padding, as of Oracle Access Manager', { n: `${modulus(2048)}==`, e: 'Aw==' }],
    ['the other base64 alphabet', { n: modulus(2048).replaceAll('_', '/').replaceAll('-', '+'), e: 'AQAB' }],
  ])('[RFC8725bis-3.4-1] keys with %s serve', async (_, members) => {
    expect(await isSkipped({ kty: 'RSA', alg: 'RS256', ...members })).toBe(false)
  })

  it('[RFC7518-3.3-1] tokens of a key with 1024 bits are refused', async () => {
    const weak = createKey('RS256', { rsaBits: 1024 })
    const { verifyToken } = createTestVerifier({ keys: [weak.publicJwk, good] })
    await expectInvalidToken(verifyToken(createToken({ key: weak })), 'key_not_found')
    await expectInvalidToken(verifyToken(createToken({ key: weak, header: { kid: undefined } })), 'key_not_found')
  })
})

describe('EC', () => {
  it.each(ecKeys)('[RFC7518-6.2-1] coordinates of %s have their full length', async (_, jwk) => {
    const { x, y } = { x: bytesOf(jwk.x), y: bytesOf(jwk.y) }
    expect(await isSkipped(jwk)).toBe(false)
    for (const change of [
      { x: x.subarray(1).toString('base64url') },
      { y: y.subarray(1).toString('base64url') },
      { x: x.subarray(0, -1).toString('base64url') },
      { x: Buffer.concat([Buffer.of(0), x]).toString('base64url') },
      { y: Buffer.concat([Buffer.of(0), y]).toString('base64url') },
      { x: '' },
      { y: undefined },
      { x: [...x] },
    ]) {
      expect(await isSkipped({ ...jwk, ...change })).toBe(true)
    }
  })

  it.each(ecKeys)('[RFC7518-6.2-1] coordinates of %s are strict base64url', async (_, jwk) => {
    expect(await isSkipped({ ...jwk, x: `${String(jwk.x)}=` })).toBe(true)
    expect(await isSkipped({ ...jwk, y: `${String(jwk.y)}\n` })).toBe(true)
  })

  it.each(ecKeys)('[RFC8725bis-3.4-1] [RFC7518-6.2-1] points off %s are ignored', async (_, jwk) => {
    const y = bytesOf(jwk.y)
    const offCurve = Buffer.from(y)
    offCurve[y.length - 1] = (offCurve[y.length - 1] ?? 0) ^ 1
    const zero = Buffer.alloc(y.length).toString('base64url')
    const tooBig = Buffer.alloc(y.length, 0xff).toString('base64url')
    for (const change of [{ y: offCurve.toString('base64url') }, { x: zero, y: zero }, { x: tooBig }, { y: jwk.x }]) {
      expect(await isSkipped({ ...jwk, ...change })).toBe(true)
    }
  })

  it.each([
    ['P-256', 'P-384'],
    ['P-384', 'P-256'],
    ['P-521', 'P-256'],
  ] as const)('[RFC7518-3.4-1] a key of %s does not pass for one of %s', async (from, to) => {
    expect(await isSkipped({ ...curves[from].publicJwk, crv: to, alg: undefined })).toBe(true)
    expect(await isSkipped({ ...curves[from].publicJwk, alg: curves[to].alg })).toBe(true)
  })

  it('[RFC7518-3.4-1] secp256k1 is no curve of ours', async () => {
    const { publicKey } = newKeyPair('ec', { namedCurve: 'secp256k1' })
    const jwk = publicKey.export({ format: 'jwk' })
    for (const alg of ['ES256K', 'ES256', undefined]) expect(await isSkipped({ ...jwk, alg })).toBe(true)
    expect(await isSkipped({ ...jwk, crv: 'P-256' })).toBe(true)
  })
})

describe('OKP', () => {
  it.each(['x25519', 'ed448', 'x448'] as const)('[RFC8037-3.1-1] %s keys are ignored', async (type) => {
    const { publicKey } = newKeyPair(type)
    const jwk = publicKey.export({ format: 'jwk' })
    for (const alg of ['EdDSA', 'Ed25519', 'Ed448', 'ECDH-ES', undefined]) {
      expect(await isSkipped({ ...jwk, alg })).toBe(true)
    }
    expect(await isSkipped({ ...jwk, kty: 'EC' })).toBe(true)
  })

  it('[RFC8037-3.1-1] an X25519 key never verifies a token that names its kid', async () => {
    const { publicKey } = newKeyPair('x25519')
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'Ed25519' } as unknown as JsonWebKey
    const { verifyToken } = createTestVerifier({ keys: [jwk, good] })
    await expectInvalidToken(verifyToken(createToken({ key: keyFor('Ed25519') })), 'key_not_found')
  })

  it('[RFC8037-3.1-1] Ed25519 keys have 32 bytes of strict base64url', async () => {
    const jwk = keyFor('Ed25519').publicJwk
    const x = bytesOf(jwk.x)
    expect(await isSkipped(jwk)).toBe(false)
    const spelt = [x.subarray(1), Buffer.concat([x, Buffer.of(0)]), Buffer.alloc(57)].map((b) =>
      b.toString('base64url'),
    )
    for (const wrong of [...spelt, `${String(jwk.x)}=`, '', 32, undefined]) {
      expect(await isSkipped({ ...jwk, x: wrong })).toBe(true)
    }
  })

  it('[RFC8725bis-3.4-1] an Ed25519 key that is no point verifies nothing', async () => {
    const x = Buffer.alloc(32, 0xff).toString('base64url')
    const { verifyToken } = createTestVerifier({ keys: [{ ...keyFor('Ed25519').publicJwk, x }, good] })
    const error = await verifyToken(createToken({ key: keyFor('Ed25519') })).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 401 })
  })
})

describe('keys of other kinds', () => {
  it.each([
    ['16 bytes', 16],
    ['32 bytes', 32],
  ])('[RFC7518-3.2-1] [RFC8725bis-2.1-1] a secret of %s is ignored', async (_, length) => {
    const k = Buffer.alloc(length, 7).toString('base64url')
    for (const alg of ['HS256', 'ES256', 'RS256', undefined]) expect(await isSkipped({ kty: 'oct', k, alg })).toBe(true)
    expect(await isSkipped({ ...good, kty: 'oct', k })).toBe(true)
  })

  it.each([
    ['without alg', { pub: 'AQAB' }],
    ['without pub', { alg: 'ML-DSA-65' }],
    ['with priv', { alg: 'ML-DSA-65', pub: 'AQAB', priv: 'AQAB' }],
    ['that is complete', { alg: 'ML-DSA-65', pub: Buffer.alloc(1952, 1).toString('base64url') }],
    ['that says ES256', { alg: 'ES256', pub: 'AQAB' }],
  ])('[RFC9964-3-1] an AKP key %s is ignored: ML-DSA is not supported', async (_, members) => {
    expect(await isSkipped({ kty: 'AKP', ...members })).toBe(true)
  })

  it('[RFC9964-env] a token with ML-DSA-65 is refused without a look at the keys', async () => {
    const { verifyToken } = createTestVerifier({
      keys: [{ kty: 'AKP', alg: 'ML-DSA-65', pub: 'AQAB', kid: 'm' }, good],
    })
    const token = createToken({ header: { alg: 'ML-DSA-65', kid: 'm' } })
    await expectInvalidToken(verifyToken(token), 'algorithm_not_allowed')
  })
})
