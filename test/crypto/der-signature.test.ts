// R and S in the two forms: what OpenSSL writes, and what it reads.
import { createPublicKey, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeDerSignature, encodeDerSignature } from '../../src/crypto/der-signature.ts'
import { newKeyPair } from '../support/key-pairs.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

describe('a signature as DER', () => {
  it.each([
    ['small numbers', '0102', '3006020101020102'],
    ['zeros', '0000', '3006020100020100'],
    ['a first bit that would be a sign', '80ff', '300802020080020200ff'],
    ['leading zeros', '00010000007f0080', '300a02030100000203 7f0080'.replace(' ', '')],
  ])('has the shortest form of %s', (_, raw, der) => {
    expect(Buffer.from(encodeDerSignature(hex(raw))).toString('hex')).toBe(der)
  })

  it('has a long length when it is long, as with P-521', () => {
    const der = encodeDerSignature(new Uint8Array(132).fill(0xff))
    expect(Buffer.from(der.subarray(0, 6)).toString('hex')).toBe('30818a024300')
    expect(der).toHaveLength(3 + 2 * (2 + 67))
  })

  it.each([
    ['P-256', 'sha256'],
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
  ])('is what OpenSSL makes of the same numbers: %s', (namedCurve, hash) => {
    const { privateKey } = newKeyPair('ec', { namedCurve })
    const publicKey = createPublicKey(privateKey)
    fc.assert(
      fc.property(fc.uint8Array(), (message) => {
        const raw = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
        expect(verify(hash, message, publicKey, encodeDerSignature(raw))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('comes back as it was, also where a number begins with zeros', () => {
    // P-521 has 66 bytes.
    const raw = fc.constantFrom(32, 48, 66).chain((half) => {
      const number = fc.tuple(fc.uint8Array({ maxLength: half }), fc.constantFrom(0, 1, 127, 128, 255))
      const padded = number.map(([bytes, first]) => [
        ...new Uint8Array(half - bytes.length),
        ...bytes.fill(first, 0, 1),
      ])
      return fc.tuple(padded, padded).map(([r, s]) => Uint8Array.from([...r, ...s]))
    })
    fc.assert(
      fc.property(raw, (signature) => {
        const back = decodeDerSignature(encodeDerSignature(signature), signature.length / 2)
        expect(Buffer.from(back).equals(signature)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
