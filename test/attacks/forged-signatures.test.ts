// Signatures that careless verifiers have accepted: psychic ones, DER, other salts, loose padding (RFC 7518 §3.3–3.5).
import { constants, createHash, privateEncrypt, randomBytes, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ecAlgorithms, quickKeyFor } from '../support/every-algorithm.ts'
import { createToken, encode, keyFor } from '../support/tokens.ts'
import type { Algorithm } from '../support/types.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

/** The order of each curve's base point (FIPS 186-5, SP 800-186). */
const orders = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ES512:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

function tokenWith(token: string, signature: Uint8Array): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${encode(signature)}`
}

function signingInputOf(token: string): Buffer {
  return Buffer.from(token.slice(0, token.lastIndexOf('.')))
}

function signatureOf(token: string): Buffer {
  return Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
}

function verifierFor(alg: Algorithm): ReturnType<typeof createTestVerifier> {
  return createTestVerifier({ keys: [quickKeyFor(alg).publicJwk] })
}

describe.each(ecAlgorithms)('ECDSA, %s', (alg) => {
  const key = quickKeyFor(alg)
  const token = createToken({ key })
  const half = signatureOf(token).length / 2
  const [r, s] = [toNumber(signatureOf(token).subarray(0, half)), toNumber(signatureOf(token).subarray(half))]
  const n = orders[alg]
  const max = 2n ** BigInt(half * 8) - 1n

  function withNumbers(first: bigint, second: bigint): string {
    return tokenWith(token, Buffer.concat([toBytes(first, half), toBytes(second, half)]))
  }

  it('[RFC7518-3.4-1] accepts r and s, and so the rest of this table is about the right numbers', async () => {
    await verifierFor(alg).verifyToken(withNumbers(r, s))
    // ECDSA itself makes (r, n - s) valid too, whoever verifies; that it does shows that n is the order.
    await verifierFor(alg).verifyToken(withNumbers(r, n - s))
  })

  it.each([
    ['0 and 0', 0n, 0n],
    ['0 and 1', 0n, 1n],
    ['1 and 0', 1n, 0n],
    ['1 and 1', 1n, 1n],
    ['0 and s', 0n, s],
    ['r and 0', r, 0n],
    ['n and n', n, n],
    ['n and s', n, s],
    ['r and n', r, n],
    ['n - 1 and n - 1', n - 1n, n - 1n],
    ['n + 1 and 1', n + 1n, 1n],
    ['the largest numbers', max, max],
    ['r and the largest', r, max],
    ['the largest and s', max, s],
    ['n - r and s', n - r, s],
    ['s and r', s, r],
    ['r + n and s, where they fit', r + n, s],
    ['r and s + n, where they fit', r, s + n],
  ])('[RFC7518-3.4-1] [RFC8725bis-3.4-1] refuses %s', async (_, first, second) => {
    const forged = withNumbers(first > max ? n : first, second > max ? n : second)
    await expectInvalidToken(verifierFor(alg).verifyToken(forged), 'signature_invalid')
  })

  it('[RFC7518-3.4-1] refuses the DER form, as it is and cut or padded to the raw length', async () => {
    const { verifyToken } = verifierFor(alg)
    const der = sign(`sha${alg.slice(2)}`, signingInputOf(token), key.privateKey)
    const cut = Buffer.alloc(half * 2)
    der.copy(cut)
    for (const form of [der, cut, Buffer.concat([cut, der.subarray(cut.length)])]) {
      await expectInvalidToken(verifyToken(tokenWith(token, form)), 'signature_invalid')
    }
    const raw = sign(`sha${alg.slice(2)}`, signingInputOf(token), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    await verifyToken(tokenWith(token, raw))
  })
})

describe('Ed25519', () => {
  it('[RFC8725bis-3.4-1] refuses S + L, the second spelling of a signature', async () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const token = createToken({ key: keyFor('Ed25519') })
    const signature = signatureOf(token)
    const s = toNumber(Buffer.from(signature.subarray(32)).reverse())
    const withS = (value: bigint) =>
      tokenWith(token, Buffer.concat([signature.subarray(0, 32), toBytes(value, 32).reverse()]))
    const { verifyToken } = verifierFor('Ed25519')
    await verifyToken(withS(s))
    expect(s).toBeLessThan(order)
    await expectInvalidToken(verifyToken(withS(s + order)), 'signature_invalid')
    await expectInvalidToken(verifyToken(withS(0n)), 'signature_invalid')
  })
})

describe('RSA-PSS', () => {
  const sizes = { PS256: 32, PS384: 48, PS512: 64 } as const
  const key = quickKeyFor('PS256')

  it.each(Object.entries(sizes))(
    '[RFC7518-3.5-1] %s takes a salt of %i bytes and no other',
    async (alg, hashLength) => {
      const { verifyToken } = verifierFor(alg as Algorithm)
      const token = createToken({ key: quickKeyFor(alg as Algorithm) })
      const longest = 256 - hashLength - 2
      for (const saltLength of [0, 1, 20, 32, 48, 64, hashLength - 1, hashLength + 1, longest]) {
        const pss = { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
        const verified = verifyToken(tokenWith(token, sign(`sha${alg.slice(2)}`, signingInputOf(token), pss)))
        if (saltLength === hashLength) await verified
        else await expectInvalidToken(verified, 'signature_invalid')
      }
    },
  )

  it.each(['sha1', 'sha384', 'sha512'])('[RFC7518-3.5-1] PS256 takes no mask made with %s', async (maskHash) => {
    const { verifyToken } = verifierFor('PS256')
    const token = createToken({ key: quickKeyFor('PS256') })
    const signedWith = (mask: string) => tokenWith(token, signRaw(encodePss(signingInputOf(token), mask)))
    await verifyToken(signedWith('sha256'))
    await expectInvalidToken(verifyToken(signedWith(maskHash)), 'signature_invalid')
  })
})

describe('RSA PKCS#1 v1.5', () => {
  const prefixes = {
    sha256: '3031300d060960864801650304020105000420',
    'sha256 without NULL': '302f300b06096086480165030402010420',
    sha384: '3041300d060960864801650304020205000430',
    sha1: '3021300906052b0e03021a05000414',
  }
  const token = createToken({ key: keyFor('RS256') })
  const digestInfo = (name: keyof typeof prefixes) =>
    Buffer.concat([
      Buffer.from(prefixes[name], 'hex'),
      createHash(name.split(' ')[0] ?? name)
        .update(signingInputOf(token))
        .digest(),
    ])
  const padded = (info: Buffer, trailing = Buffer.alloc(0), type = 1) => {
    const filling = Buffer.alloc(256 - 3 - info.length - trailing.length, 0xff)
    return Buffer.concat([Buffer.of(0, type), filling, Buffer.of(0), info, trailing])
  }

  it('[RFC7518-3.3-1] accepts the one padding of the right hash', async () => {
    await verifierFor('RS256').verifyToken(tokenWith(token, signRaw(padded(digestInfo('sha256')))))
  })

  it.each([
    ['bytes after the hash', padded(digestInfo('sha256'), Buffer.alloc(100))],
    ['one byte after the hash', padded(digestInfo('sha256'), Buffer.alloc(1))],
    ['the padding of an encryption', padded(digestInfo('sha256'), Buffer.alloc(0), 2)],
    ['the hash of RS384', padded(digestInfo('sha384'))],
    ['the hash SHA-1', padded(digestInfo('sha1'))],
    ['no name of a hash', padded(createHash('sha256').update(signingInputOf(token)).digest())],
    ['a name of a hash without its NULL', padded(digestInfo('sha256 without NULL'))],
  ])('refuses %s', async (_, encoded) => {
    const forged = tokenWith(token, signRaw(encoded))
    await expectInvalidToken(verifierFor('RS256').verifyToken(forged), 'signature_invalid')
  })

  it.each([
    ['0', Buffer.alloc(256)],
    ['1', Buffer.concat([Buffer.alloc(255), Buffer.of(1)])],
    ['the modulus', Buffer.from(String(keyFor('RS256').publicJwk.n), 'base64url')],
    ['the largest number', Buffer.alloc(256, 0xff)],
  ])('refuses the number %s, with either padding', async (_, signature) => {
    for (const alg of ['RS256', 'PS256'] as const) {
      const forged = tokenWith(createToken({ key: quickKeyFor(alg) }), signature)
      await expectInvalidToken(verifierFor(alg).verifyToken(forged), 'signature_invalid')
    }
  })
})

function signRaw(encoded: Buffer): Buffer {
  return privateEncrypt({ key: keyFor('RS256').privateKey, padding: constants.RSA_NO_PADDING }, encoded)
}

/** EMSA-PSS-ENCODE (RFC 8017 §9.1.1) for a modulus of 2048 bits and SHA-256, with a mask made with `maskHash`. */
function encodePss(message: Buffer, maskHash: string): Buffer {
  const sha256 = (data: Buffer) => createHash('sha256').update(data).digest()
  const salt = randomBytes(32)
  const hash = sha256(Buffer.concat([Buffer.alloc(8), sha256(message), salt]))
  const block = Buffer.concat([Buffer.alloc(256 - 32 - 32 - 2), Buffer.of(1), salt])
  const mask = mgf1(hash, block.length, maskHash)
  const masked = block.map((byte, at) => byte ^ (mask[at] ?? 0))
  masked[0] = (masked[0] ?? 0) & 0x7f
  return Buffer.concat([masked, hash, Buffer.of(0xbc)])
}

function mgf1(seed: Buffer, length: number, hash: string): Buffer {
  const counter = (value: number) => Buffer.of(0, 0, 0, value)
  const block = (value: number) => createHash(hash).update(seed).update(counter(value)).digest()
  return Buffer.concat(Array.from({ length: 16 }, (_, value) => block(value))).subarray(0, length)
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}
