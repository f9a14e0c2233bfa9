// One token has one spelling, and no byte of it can be changed (RFC 7515 §2, RFC 7518 §3.4).
import { describe, expect, it } from 'vitest'
import { everyAlgorithm, quickKeyFor } from '../support/every-algorithm.ts'
import { createToken, encode, goodClaims, keyFor, signSegments } from '../support/tokens.ts'
import type { Algorithm } from '../support/types.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function verifierFor(alg: Algorithm): ReturnType<typeof createTestVerifier> {
  return createTestVerifier({ keys: [quickKeyFor(alg).publicJwk] })
}

describe('a changed token', () => {
  it.each(everyAlgorithm)('is refused with any one character replaced by its neighbour: %s', async (alg) => {
    const { verifyToken } = verifierFor(alg)
    const token = createToken({ key: quickKeyFor(alg) })
    await verifyToken(token)
    const statuses = await Promise.all(
      [...token].map((character, at) => {
        const neighbour = alphabet[(alphabet.indexOf(character) + 1) % alphabet.length]
        return statusOf(verifyToken(`${token.slice(0, at)}${neighbour}${token.slice(at + 1)}`))
      }),
    )
    expect(statuses).toEqual(Array(token.length).fill(401))
  })

  it.each(everyAlgorithm)('is refused with any one bit of a signature byte flipped: %s', async (alg) => {
    const { verifyToken } = verifierFor(alg)
    const token = createToken({ key: quickKeyFor(alg) })
    const signature = signatureIn(token)
    const statuses = await Promise.all(
      [...signature].map((byte, at) =>
        statusOf(verifyToken(resigned(token, signature.with(at, byte ^ (1 << (at % 8)))))),
      ),
    )
    expect(statuses).toEqual(Array(signature.length).fill(401))
    await verifyToken(resigned(token, signature))
  })

  it('is refused with the signature of another good token', async () => {
    const { verifyToken } = createTestVerifier()
    const [one, other] = [createToken(), createToken({ claims: { sub: 'mallory' } })]
    await expectInvalidToken(verifyToken(resigned(other, signatureIn(one))), 'signature_invalid')
  })
})

describe('another spelling of a token', () => {
  // Both characters in which base64url differs from base64 occur, and each segment ends in unused bits.
  const claims = goodClaims({ note: '~~~>>>???', pad: '' })
  const [header, payload] = [spell({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt', x: '>>>???~' }), spell(claims)]
  const token = signSegments(header, payload, keyFor('ES256'))
  const signature = token.split('.')[2] ?? ''

  const spellings: Readonly<Record<string, (segment: string) => string>> = {
    'with padding': (segment) => segment + '='.repeat(4 - (segment.length % 4)),
    'in the alphabet of base64': (segment) => segment.replaceAll('-', '+').replaceAll('_', '/'),
    'with a line break': (segment) => `${segment.slice(0, 20)}\n${segment.slice(20)}`,
    'with a space at its end': (segment) => `${segment} `,
    'with a character of no alphabet': (segment) => `${segment.slice(0, 8)}!${segment.slice(8)}`,
    'with non-zero unused bits': (segment) =>
      segment.slice(0, -1) + alphabet[alphabet.indexOf(segment.at(-1) ?? '') + 1],
  }

  it('is one that a lenient decoder reads as the same bytes', () => {
    for (const segment of [header, payload]) {
      expect(segment).toMatch(/-/)
      expect(segment).toMatch(/_/)
    }
    for (const segment of [header, payload, signature]) {
      expect(segment.length % 4).toBeGreaterThan(1)
      for (const respell of Object.values(spellings)) {
        expect(Buffer.from(respell(segment), 'base64url')).toEqual(Buffer.from(segment, 'base64url'))
      }
    }
  })

  it('[RFC7515-2-1] is refused where the one spelling is accepted', async () => {
    const { verifyToken } = createTestVerifier()
    expect((await verifyToken(token)).claims.note).toBe('~~~>>>???')
  })

  it.each(Object.keys(spellings))('[RFC7515-2-1] is refused %s, though its signature is right', async (name) => {
    const { verifyToken } = createTestVerifier()
    const respell = spellings[name] ?? String
    const key = keyFor('ES256')
    await expectInvalidToken(verifyToken(signSegments(respell(header), payload, key)), 'token_malformed')
    await expectInvalidToken(verifyToken(signSegments(header, respell(payload), key)), 'token_malformed')
    await expectInvalidToken(verifyToken(`${respell(header)}.${payload}.${signature}`), 'token_malformed')
    await expectInvalidToken(verifyToken(`${header}.${respell(payload)}.${signature}`), 'token_malformed')
    if (respell(signature) === signature) return
    await expectInvalidToken(verifyToken(`${header}.${payload}.${respell(signature)}`), 'token_malformed')
  })

  /** JSON whose encoding has unused bits at its end. */
  function spell(members: Readonly<Record<string, unknown>>): string {
    const json = JSON.stringify(members)
    return encode(json.length % 3 === 0 ? json.replace('}', ' }') : json)
  }
})

describe('a signature', () => {
  it.each(everyAlgorithm)('[RFC7518-3.4-1] of %s has exactly one length', async (alg) => {
    const { verifyToken } = verifierFor(alg)
    const token = createToken({ key: quickKeyFor(alg) })
    const signature = Buffer.from(signatureIn(token))
    const length = signature.length
    for (const wrong of [
      Buffer.alloc(0),
      signature.subarray(0, 1),
      signature.subarray(0, length / 2),
      signature.subarray(0, -1),
      signature.subarray(1),
      Buffer.concat([signature, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), signature]),
      Buffer.concat([signature, signature]),
    ]) {
      await expectInvalidToken(verifyToken(resigned(token, wrong)), 'signature_invalid')
    }
  })

  it('[RFC7518-3.4-1] has the length that RFC 7518 §3.3 to §3.5 and RFC 8037 §3.1 give it', () => {
    const lengths = everyAlgorithm.map((alg) => signatureIn(createToken({ key: quickKeyFor(alg) })).length)
    expect(lengths).toEqual([256, 256, 256, 256, 256, 256, 64, 96, 132, 64, 64])
  })
})

function signatureIn(token: string): Uint8Array {
  return Uint8Array.from(Buffer.from(token.split('.')[2] ?? '', 'base64url'))
}

function resigned(token: string, signature: Uint8Array): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${encode(signature)}`
}

async function statusOf(verified: Promise<unknown>): Promise<unknown> {
  return verified.then(
    () => 'accepted',
    (error: unknown) => (error as { status?: number }).status ?? error,
  )
}
