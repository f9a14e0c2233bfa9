// The engine's verifySignature against the examples of the RFCs, made without our own signer.
import { importPublicKey, verifySignature } from '#engine'
import type { JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import type { PublicKey } from '../../src/crypto/engine.ts'
import { everyAlgorithm, quickKeyFor } from '../support/every-algorithm.ts'
import { examples } from '../support/rfc-examples.ts'
import { signatureOf } from '../support/tokens.ts'
import type { Algorithm } from '../support/types.ts'

const message = 'header.claims'

async function publicKeyFor(alg: Algorithm, jwk: object = quickKeyFor(alg).publicJwk): Promise<PublicKey> {
  const { kty, crv, x, y, n, e } = jwk as JWK
  return importPublicKey(JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as object, alg)
}

describe('verifySignature', () => {
  it.each(Object.entries(examples))('verifies the example of %s, and no change of it', async (_, example) => {
    const { alg, jwk, token } = example
    const key = await publicKeyFor(alg, jwk)
    const signed = token.slice(0, token.lastIndexOf('.'))
    const signature = Uint8Array.from(Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url'))
    expect(await verifySignature(alg, key, signed, signature)).toBe(true)
    expect(await verifySignature(alg, key, signed.slice(1), signature)).toBe(false)
    expect(await verifySignature(alg, key, signed, signature.with(0, (signature[0] ?? 0) ^ 1))).toBe(false)
  })

  it.each(['RS256', 'PS256'] as const)(
    '[RFC8725bis-3.14-2] has one spelling of a %s signature that begins with a zero',
    async (alg) => {
      const key = await publicKeyFor(alg)
      // One signature in 256 does; without its zero it is the same number, and some platforms take it.
      for (let count = 0; ; count++) {
        const text = String(count)
        const signature = Uint8Array.from(signatureOf(Buffer.from(text), quickKeyFor(alg)))
        if (signature[0] !== 0) continue
        expect(await verifySignature(alg, key, text, signature)).toBe(true)
        expect(await verifySignature(alg, key, text, signature.slice(1))).toBe(false)
        return
      }
    },
  )

  it.each(everyAlgorithm)('verifies %s, and answers false for a wrong length', async (alg) => {
    const key = await publicKeyFor(alg)
    const signature = Uint8Array.from(signatureOf(Buffer.from(message), quickKeyFor(alg)))
    expect(await verifySignature(alg, key, message, signature)).toBe(true)
    for (const wrong of [
      new Uint8Array(0),
      signature.slice(1),
      signature.slice(0, -1),
      Uint8Array.of(0, ...signature),
    ]) {
      expect(await verifySignature(alg, key, message, wrong)).toBe(false)
    }
    expect(await verifySignature(alg, key, message, Uint8Array.of(...signature, 0))).toBe(false)
  })

  it('answers false, and does not throw, for a key of another algorithm', async () => {
    const signature = Uint8Array.from(signatureOf(Buffer.from(message), quickKeyFor('ES256')))
    for (const alg of ['RS256', 'PS256', 'Ed25519'] as const) {
      expect(await verifySignature('ES256', await publicKeyFor(alg), message, signature)).toBe(false)
    }
  })
})
