// The two engines must agree on every signature, good, bad or absurd, and on every key.
import { createPrivateKey, createSecretKey, type KeyObject, sign, verify, webcrypto } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { PublicKey } from '../../src/crypto/engine.ts'
import * as node from '../../src/crypto/engine-node.ts'
import * as web from '../../src/crypto/engine-web.ts'
import { anyText } from '../support/any-text.ts'
import { everyAlgorithm, quickKeyFor } from '../support/every-algorithm.ts'
import { newKeyPair } from '../support/key-pairs.ts'
import { createKey, signatureOf } from '../support/tokens.ts'
import type { Algorithm } from '../support/types.ts'
import { keyAround, keyWithExponent, type SigningRsaKey } from '../support/weak-rsa.ts'

const message = 'eyJhbGciOiJub25lIn0.e30'
const messageBytes = Buffer.from(message)

// The orders of the curves: the numbers that R and S must stay below (SEC 2).
const orders: Readonly<Record<string, string>> = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ES512:
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
}

interface Pair {
  readonly node: PublicKey
  readonly web: PublicKey
}

async function importBoth(jwk: object, alg: Algorithm): Promise<Pair> {
  return { node: await node.importPublicKey(jwk, alg), web: await web.importPublicKey(jwk, alg) }
}

function publicJwk(alg: Algorithm): object {
  const { kty, crv, x, y, n, e } = quickKeyFor(alg).publicJwk
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as object
}

/** What both engines say, which must be the same. */
async function answerOf(alg: Algorithm, keys: Pair, text: string, signature: Uint8Array): Promise<boolean> {
  const bytes = Uint8Array.from(signature)
  const answers = [
    await node.verifySignature(alg, keys.node, text, bytes),
    await web.verifySignature(alg, keys.web, text, bytes),
  ]
  expect(answers[0], Buffer.from(bytes).toString('hex')).toBe(answers[1])
  return answers[0] === true
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

describe('the engines', () => {
  it.each(everyAlgorithm)('take the same %s signature', async (alg) => {
    const keys = await importBoth(publicJwk(alg), alg)
    const signature = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
    expect(await answerOf(alg, keys, message, signature)).toBe(true)
    expect(await answerOf(alg, keys, message.slice(1), signature)).toBe(false)
  })

  it.each(everyAlgorithm)('refuse the same changes to a %s signature', async (alg) => {
    const keys = await importBoth(publicJwk(alg), alg)
    const good = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
    const change = fc.oneof(
      fc
        .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, bits]) => good.with(at, Number(good[at]) ^ bits)),
      fc.nat(good.length - 1).map((length) => good.slice(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => Uint8Array.of(...good, ...more)),
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => Uint8Array.of(...more, ...good)),
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom(new Uint8Array(good.length), new Uint8Array(good.length).fill(255)),
    )
    await fc.assert(
      fc.asyncProperty(change, async (signature) => {
        expect(await answerOf(alg, keys, message, signature)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it.each(['ES256', 'ES384', 'ES512'] as const)(
    'refuse %s signatures whose R or S is zero, the order of the curve, or above it, and DER in place of them',
    async (alg) => {
      const keys = await importBoth(publicJwk(alg), alg)
      const good = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
      const half = good.length / 2
      const [r, s] = [good.slice(0, half), good.slice(half)]
      const order = bytesOf(orders[alg] ?? '')
      const orderPlus = (number: Uint8Array): Uint8Array => {
        const sum =
          BigInt(`0x${Buffer.from(order).toString('hex')}`) + BigInt(`0x${Buffer.from(number).toString('hex')}`)
        return bytesOf(
          sum
            .toString(16)
            .padStart(2 * half, '0')
            .slice(-2 * half),
        )
      }
      for (const odd of [new Uint8Array(half), order, orderPlus(Uint8Array.of(1)), new Uint8Array(half).fill(255)]) {
        expect(await answerOf(alg, keys, message, Uint8Array.of(...odd, ...s))).toBe(false)
        expect(await answerOf(alg, keys, message, Uint8Array.of(...r, ...odd))).toBe(false)
        expect(await answerOf(alg, keys, message, Uint8Array.of(...odd, ...odd))).toBe(false)
      }
      expect(await answerOf(alg, keys, message, Uint8Array.of(...s, ...r))).toBe(false)
      expect(
        await answerOf(alg, keys, message, orderPlus(r).length === half ? Uint8Array.of(...orderPlus(r), ...s) : good),
      ).toBe(false)
      const der = sign(`sha${alg.slice(2)}`, messageBytes, privateKeyFor(alg))
      expect(await answerOf(alg, keys, message, der)).toBe(false)
    },
  )

  it.each(['ES256', 'ES384', 'ES512'] as const)(
    'take the other of the two %s signatures, too: S and the order less S',
    async (alg) => {
      const keys = await importBoth(publicJwk(alg), alg)
      const good = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
      const half = good.length / 2
      const s = BigInt(`0x${Buffer.from(good.slice(half)).toString('hex')}`)
      const twin = (BigInt(`0x${orders[alg]}`) - s).toString(16).padStart(2 * half, '0')
      expect(await answerOf(alg, keys, message, Uint8Array.of(...good.slice(0, half), ...bytesOf(twin)))).toBe(true)
    },
  )

  it('refuse RSA padding that is not exactly that of the algorithm', async () => {
    const key = privateKeyFor('RS256')
    const keys = await importBoth(publicJwk('RS256'), 'RS256')
    const pss = await importBoth(publicJwk('RS256'), 'PS256')
    const padded = (padding: number, saltLength?: number) =>
      sign('sha256', messageBytes, { key, padding, ...(saltLength !== undefined && { saltLength }) })
    const [pkcs1, pssPadding] = [1, 6]
    expect(await answerOf('RS256', keys, message, padded(pkcs1))).toBe(true)
    expect(await answerOf('RS256', keys, message, padded(pssPadding, 32))).toBe(false)
    expect(await answerOf('RS256', keys, message, sign('sha512', messageBytes, key))).toBe(false)
    expect(await answerOf('PS256', pss, message, padded(pkcs1))).toBe(false)
    for (const salt of [0, 20, 31, 33, 64, 222])
      expect(await answerOf('PS256', pss, message, padded(pssPadding, salt))).toBe(false)
    expect(await answerOf('PS256', pss, message, padded(pssPadding, 32))).toBe(true)
  })

  it('say the same of Ed25519 points of small order, and take no signature twice', async () => {
    // Order 1, 2, 4 and 8 (RFC 8032 §5.1.7 leaves it to the implementation what to do with them).
    const points = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000000',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ]
    for (const hex of points) {
      const x = Buffer.from(hex, 'hex').toString('base64url')
      const keys = await importBoth({ kty: 'OKP', crv: 'Ed25519', x }, 'EdDSA')
      for (const r of points) {
        for (const scalar of ['00'.repeat(32), `01${'00'.repeat(31)}`]) {
          await answerOf('EdDSA', keys, message, bytesOf(r + scalar))
        }
      }
    }
    const keys = await importBoth(publicJwk('EdDSA'), 'EdDSA')
    const good = Uint8Array.from(signatureOf(messageBytes, quickKeyFor('EdDSA')))
    // S plus the order of the group is the same number to a verifier that does not look (RFC 8032 §8.4).
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const s = BigInt(`0x${Buffer.from(good.slice(32)).reverse().toString('hex')}`) + order
    const twin = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
    expect(await answerOf('EdDSA', keys, message, Uint8Array.of(...good.slice(0, 32), ...twin))).toBe(false)
  })

  it('take a key for its own algorithm alone', async () => {
    for (const alg of everyAlgorithm) {
      const keys = await importBoth(publicJwk(alg), alg)
      const signature = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
      for (const other of everyAlgorithm) {
        if (other === alg || [alg, other].every((name) => name.startsWith('Ed'))) continue
        expect(await answerOf(other, keys, message, signature), `${alg} as ${other}`).toBe(false)
      }
    }
  })

  it.each<[string, () => SigningRsaKey]>([
    ['1024 bits', () => keyOf(1024)],
    ['8200 bits', () => keyAround(message, 8200, 3)],
    ['the exponent 1', () => keyAround(message, 2048, 1)],
    ['the exponent 2', () => keyAround(message, 2048, 2)],
    ['the exponent 2^32 + 15', () => keyWithExponent(message, 2n ** 32n + 15n)],
  ])('verify no signature with an RSA key of %s, which a key source may bring', async (_, make) => {
    const { publicJwk: jwk, signature } = make()
    const keys = await importBoth(jwk, 'RS256')
    // So that it is the key that is refused, and not the signature.
    expect(verify('sha256', messageBytes, keys.node as KeyObject, signature)).toBe(true)
    expect(await answerOf('RS256', keys, message, signature)).toBe(false)
  })

  it.each<[string, () => SigningRsaKey]>([
    ['2048 bits and the exponent 3', () => keyAround(message, 2048, 3)],
    ['8192 bits', () => keyAround(message, 8192, 3)],
    ['the exponent 2^32 - 5', () => keyWithExponent(message, 2n ** 32n - 5n)],
  ])('verify with an RSA key of %s', async (_, make) => {
    const { publicJwk: jwk, signature } = make()
    expect(await answerOf('RS256', await importBoth(jwk, 'RS256'), message, signature)).toBe(true)
  })

  it.each(everyAlgorithm)('import the same broken keys for %s', async (alg) => {
    for (const broken of [{}, { kty: 'RSA' }, { ...publicJwk(alg), x: '', n: '' }, { ...publicJwk(alg), kty: 'oct' }]) {
      const outcome = async (engine: typeof node | typeof web) =>
        Promise.resolve()
          .then(() => engine.importPublicKey(broken, alg))
          .then(
            () => 'imported',
            () => 'refused',
          )
      expect(await outcome(node)).toBe(await outcome(web))
    }
  })

  it('verify any text, as UTF-8, of any length', async () => {
    const keys = await importBoth(publicJwk('RS256'), 'RS256')
    const texts = ['', 'é', 'Zm9\u0475', '\u{1f511}', 'é'.repeat(16_384), 'é'.repeat(40_000), 'a'.repeat(100_000)]
    for (const text of texts) {
      const signature = Uint8Array.from(signatureOf(Buffer.from(text), quickKeyFor('RS256')))
      expect(await answerOf('RS256', keys, text, signature)).toBe(true)
      expect(await answerOf('RS256', keys, `${text}a`, signature)).toBe(false)
    }
  })

  it('verify many texts at once, each for itself', async () => {
    const keys = await importBoth(publicJwk('RS256'), 'RS256')
    const texts = Array.from({ length: 32 }, (_, index) => `${index}.${'x'.repeat(index)}`)
    const signatures = texts.map((text) => Uint8Array.from(signatureOf(Buffer.from(text), quickKeyFor('RS256'))))
    const answers = texts.map((text, index) =>
      answerOf('RS256', keys, text, signatures[index % 2 === 0 ? index : 0] ?? new Uint8Array()),
    )
    expect(await Promise.all(answers.map(async (answer) => answer))).toEqual(texts.map((_, index) => index % 2 === 0))
  })

  it('make the same digest, of any text', async () => {
    await fc.assert(
      fc.asyncProperty(anyText(), async (text) => {
        expect(await node.digest(text)).toBe(await web.digest(text))
      }),
    )
    expect(Buffer.from(await node.digest('abc'), 'latin1').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})

// Keys that an application's key source may bring.
describe('the engine of Node', () => {
  const names: Readonly<Record<string, webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams>> = {
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  }

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)(
    'verifies %s with a CryptoKey, whether it may leave WebCrypto or not, and with a private key',
    async (alg) => {
      const signature = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
      const parameters = names[alg] ?? { name: 'Ed25519' }
      const importPublic = (extractable: boolean) =>
        webcrypto.subtle.importKey('jwk', publicJwk(alg), parameters, extractable, ['verify'])
      for (const key of [await importPublic(true), await importPublic(false), privateKeyFor(alg)]) {
        expect(await node.verifySignature(alg, key, message, signature)).toBe(true)
        expect(await node.verifySignature(alg, key, message.slice(1), signature)).toBe(false)
      }
    },
  )

  it('takes a key of no other curve, also where its signatures are as long', async () => {
    const { privateKey, publicKey } = newKeyPair('ec', { namedCurve: 'secp256k1' })
    const signature = sign('sha256', messageBytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    expect(signature).toHaveLength(64)
    expect(await node.verifySignature('ES256', publicKey, message, Uint8Array.from(signature))).toBe(false)
  })

  it.each([
    ['RS256', 4],
    ['PS256', 4],
    ['ES256', 1],
    ['Ed25519', 1],
    ['ES384', 0],
    ['ES512', 0],
  ] as const)(
    'verifies %s synchronously up to %i times in succession, and hands over the rest',
    async (alg, atOnce) => {
      const key = node.importPublicKey(publicJwk(alg), alg) as PublicKey
      const good = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
      const bad = good.with(5, (good[5] ?? 0) ^ 1)
      for (let round = 0; round < 3; round++) {
        const answers = Array.from({ length: 8 }, (_, at) =>
          node.verifySignature(alg, key, message, at % 2 ? bad : good),
        )
        expect(answers.findIndex((answer) => typeof answer !== 'boolean')).toBe(atOnce)
        // A wait for the last one ends the succession.
        expect(await Promise.all(answers.map(async (answer) => answer))).toEqual(answers.map((_, at) => at % 2 === 0))
      }
    },
  )

  it('allocates no memory when it is imported, and keeps no trace of verified tokens', async () => {
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => Buffer.alloc(size))
    // With a query it is another module, which no test has used before.
    const path = '../../src/crypto/engine-node.ts?unused'
    const unused = (await import(path)) as typeof node
    expect(allocate).not.toHaveBeenCalled()
    const key = unused.importPublicKey(publicJwk('RS256'), 'RS256') as PublicKey
    const signature = Uint8Array.from(signatureOf(messageBytes, quickKeyFor('RS256')))
    expect(unused.verifySignature('RS256', key, message, signature)).toBe(true)
    expect(unused.verifySignature('RS256', key, message.slice(1), signature)).toBe(false)
    const [memory, ...more] = allocate.mock.results.map(({ value }) => value as Buffer)
    expect(more).toEqual([])
    expect(memory?.equals(Buffer.alloc(memory.length))).toBe(true)
  })

  it('answers false, and does not throw, for a secret', async () => {
    const secret = createSecretKey(Buffer.alloc(64, 1))
    const hmac = { name: 'HMAC', hash: 'SHA-256' }
    const webSecret = await webcrypto.subtle.importKey('raw', Buffer.alloc(64, 1), hmac, false, ['verify'])
    for (const alg of everyAlgorithm) {
      const signature = Uint8Array.from(signatureOf(messageBytes, quickKeyFor(alg)))
      for (const key of [secret, webSecret]) {
        expect(await node.verifySignature(alg, key, message, signature)).toBe(false)
      }
    }
  })
})

function keyOf(rsaBits: number): SigningRsaKey {
  const key = createKey('RS256', { rsaBits })
  const { kty, n, e } = key.publicJwk
  const publicJwk = { kty, n, e } as SigningRsaKey['publicJwk']
  return { publicJwk, signature: Uint8Array.from(signatureOf(messageBytes, key)) }
}

function privateKeyFor(alg: Algorithm): KeyObject {
  return createPrivateKey(quickKeyFor(alg).privateKey.export({ type: 'pkcs8', format: 'pem' }))
}
