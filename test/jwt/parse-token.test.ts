import { describe, expect, it } from 'vitest'
import { createTokenParser, type ParsedToken } from '../../src/jwt/parse.ts'
import {
  audience,
  createToken,
  encode,
  goodClaims,
  issuer,
  keyFor,
  signSegments,
  signTexts,
} from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const { verifyToken } = createTestVerifier()
const parseToken = createTokenParser(16_384)
const key = keyFor('ES256')
const goodHeader = JSON.stringify({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt' })
const goodPayload = JSON.stringify(goodClaims())
const good = signTexts(goodHeader, goodPayload, key)
const [header = '', payload = '', signature = ''] = good.split('.')

async function expectMalformed(token: string, hint: string): Promise<void> {
  const error = await expectInvalidToken(verifyToken(token), 'token_malformed')
  expect(error.hint).toContain(hint)
}

/** Replaces the first brace of a JSON text, to put members in front of the others. */
function withMembers(json: string, members: string): string {
  return json.replace('{', `{${members},`)
}

describe('a token parser', () => {
  it('gives header, claims, signing input and signature of a good token', () => {
    const parsed = parseToken(good) as ParsedToken
    expect(parsed.header).toEqual({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt' })
    expect(parsed.claims).toEqual(goodClaims())
    expect(parsed.signingInput).toBe(`${header}.${payload}`)
    expect(Buffer.from(parsed.signature).toString('base64url')).toBe(signature)
  })

  it.each([undefined, null, 1, {}, [good], { toString: () => good }, Buffer.from(good)])(
    'says of %s that a token is a string',
    (token) => {
      expect(parseToken(token)).toEqual({ reason: 'token_malformed', hint: 'the token must be a string' })
    },
  )
})

describe('a token parser that remembers headers', () => {
  const other = encode(goodHeader.replace('at+jwt', 'at+JWT'))

  function rememberGood(): ReturnType<typeof createTokenParser> {
    const parse = createTokenParser(16_384)
    for (let count = 0; count < 3; count++) expect(parse(good)).toHaveProperty('header')
    return parse
  }

  it('takes no other header for one of them, whichever character differs', () => {
    const remembering = rememberGood()
    const alphabet = ['A', 'Q', '9', '_', '+', '=', '\u0141', '\ud800']
    for (let at = 0; at < header.length; at++) {
      for (const character of alphabet) {
        const changed = `${header.slice(0, at)}${character}${header.slice(at + 1)}.${payload}.${signature}`
        expect(remembering(changed), changed).toEqual(createTokenParser(16_384)(changed))
      }
    }
  })

  it.each([
    ['a longer one that begins alike', `${header}IA`],
    ['a shorter one', header.slice(0, -4)],
    ['one of the same length', other],
    ['one that is refused', encode(withMembers(goodHeader, '"crit":["exp"]'))],
  ])('takes %s for what it is, before and after', (_, segment) => {
    const remembering = rememberGood()
    const token = `${segment}.${payload}.${signature}`
    const afresh = createTokenParser(16_384)(token)
    for (let count = 0; count < 3; count++) {
      expect(remembering(token)).toEqual(afresh)
      expect((remembering(good) as ParsedToken).header).toEqual({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt' })
    }
  })

  it('remembers no long one: a client could fill the memory with them', () => {
    const headerOf = (filler: number): unknown[] => {
      const parse = createTokenParser(16_384)
      const text = withMembers(goodHeader, `"filler":"${'x'.repeat(filler)}"`)
      const token = `${encode(text)}.${payload}.${signature}`
      return [1, 2, 3].map(() => (parse(token) as ParsedToken).header)
    }
    expect(new Set(headerOf(100)).size).toBe(1)
    expect(new Set(headerOf(1024)).size).toBe(3)
  })
})

describe('the segments of a token', () => {
  it.each([
    ['none', ''],
    ['one', 'opaque-token'],
    ['two', `${header}.${payload}`],
    ['four', `${good}.`],
    ['four with text', `${good}.${signature}`],
    ['six', `${header}.....`],
    ['seven', 'a.b.c.d.e.f.g'],
    ['an empty first one', `.${payload}.${signature}`],
    ['an empty second one', `${header}..${signature}`],
    ['nothing but dots', '..'],
  ])('[RFC7515-5.2-1] are three: a token with %s is refused', async (_, token) => {
    await expectMalformed(token, 'three base64url segments')
  })

  it('[RFC8725bis-3.2-1] are never read as unsigned when the signature is empty', async () => {
    await expectInvalidToken(verifyToken(`${header}.${payload}.`), 'signature_invalid')
  })

  it.each([
    ['dir', { alg: 'dir', enc: 'A256GCM' }],
    ['RSA-OAEP-256', { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'ES256' }],
    ['PBES2', { alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 1, p2s: 'c2FsdA' }],
    ['a signing algorithm', { alg: 'ES256', kid: 'ES256' }],
  ])('[RFC8725bis-3.3-1] are five in a JWE, which is refused: %s', async (_, protectedHeader) => {
    const token = `${encode(JSON.stringify(protectedHeader))}.${payload}.aXY.${payload}.${signature}`
    const error = await expectInvalidToken(verifyToken(token), 'token_encrypted')
    expect(error.hint).toContain('JWE')
  })

  it.each([
    ['dir', { alg: 'dir', enc: 'A256GCM' }],
    ['PBES2', { alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 2_000_000_000, p2s: 'c2FsdA' }],
  ])('[RFC8725bis-3.3-1] are no signature because there are three: the JWE algorithm %s', async (_, changes) => {
    await expectInvalidToken(verifyToken(createToken({ header: changes })), 'algorithm_not_allowed')
  })

  it.each([
    ['flattened JSON', JSON.stringify({ protected: header, payload, signature })],
    ['general JSON', JSON.stringify({ payload, signatures: [{ protected: header, signature }] })],
    ['braces around', `{${good}}`],
    ['quotes around', `"${good}"`],
    ['a space before', ` ${good}`],
    ['a line break after', `${good}\n`],
    ['padding', `${good}=`],
    ['the scheme', `Bearer ${good}`],
  ])('[RFC8725bis-3.14-1] have only letters, digits, - and _: %s is refused', async (_, token) => {
    await expectInvalidToken(verifyToken(token), 'token_malformed')
  })

  it.each([
    [
      'in the name of a member',
      JSON.stringify({ [`${header}.${payload}.`]: 0, protected: header, payload, signature }),
    ],
    ['as the last member', JSON.stringify({ protected: header, signature, payload: `${payload}.x.y` })],
    ['between two dots', `{".":"","payload":"${payload}","protected":"${header}","signature":"${signature}","":"."}`],
    ['after a comment', `/*${header}.${payload}.*/${signature}`],
  ])('[RFC8725bis-3.14-2] are not found in a JSON serialization that looks compact %s', async (_, token) => {
    await expectInvalidToken(verifyToken(token), 'token_malformed')
  })

  it('[RFC7515-4.1.11-3] leave no room for an unprotected header', async () => {
    const token = { protected: header, header: { crit: ['exp'], exp: 1 }, payload, signature }
    await expectInvalidToken(verifyToken(JSON.stringify(token)), 'token_malformed')
  })
})

describe('a header that was seen before', () => {
  const withKid = (kid: string): string =>
    signTexts(JSON.stringify({ alg: 'ES256', kid, typ: 'at+jwt' }), goodPayload, key)
  const kidOf = (token: string): unknown => (parseToken(token) as ParsedToken).header.kid

  it('is not made again', () => {
    const [first, second] = [parseToken(withKid('again')), parseToken(withKid('again'))] as ParsedToken[]
    expect(second?.header).toBe(first?.header)
    expect(second?.header).toEqual({ alg: 'ES256', kid: 'again', typ: 'at+jwt' })
  })

  it('is not taken for another one that is remembered by the same number', () => {
    // Found by trying: 31 times the first of two characters and the second give the same sum.
    for (const kid of ['a0a', 'aWa', 'a0a', 'a0a', 'aWa']) expect(kidOf(withKid(kid))).toBe(kid)
  })

  it('is not taken for one that only begins or ends like it', () => {
    for (const kid of ['k', 'k1', 'k12', '2k1', 'k', 'k1']) expect(kidOf(withKid(kid))).toBe(kid)
  })
})

describe('the text of header and payload', () => {
  const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
  const notObjects = ['[]', `[${goodPayload}]`, '"x"', 'null', '1', 'true', ' ', '{', `${goodPayload}x`]

  it.each(notObjects)('[RFC7515-5.2-1] [RFC7519-7.2-1] is refused as %j', async (text) => {
    await expectMalformed(signTexts(text, goodPayload, key), 'header')
    await expectMalformed(signTexts(goodHeader, text, key), 'payload')
  })

  it.each([
    ['UTF-16', utf16],
    ['UTF-16, big endian', (text: string) => utf16(text).swap16()],
    ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['broken UTF-8', (text: string) => Buffer.from(withMembers(text, '"x":"é"'), 'latin1')],
    ['a lone surrogate', (text: string) => Buffer.from(withMembers(text, String.raw`"x":"\ud800"`))],
  ])('[RFC8725bis-3.7-1] [RFC7515-5.2-1] is UTF-8 alone: %s is refused', async (_, spell) => {
    await expectMalformed(signTexts(spell(goodHeader), goodPayload, key), 'header')
    await expectMalformed(signTexts(goodHeader, spell(goodPayload), key), 'payload')
  })

  it.each(['"alg":"none"', '"alg":"ES256"', '"kid":"x"', '"typ":"JWT"', String.raw`"\u0061lg":"none"`])(
    '[RFC7515-4-1] holds each header parameter once: a second %s is refused',
    async (member) => {
      await expectMalformed(signTexts(withMembers(goodHeader, member), goodPayload, key), 'header')
    },
  )

  it.each([
    '"sub":"mallory"',
    `"iss":"${issuer}"`,
    `"aud":"${audience}"`,
    '"exp":9999999999',
    String.raw`"\u0073ub":"mallory"`,
    '"act":{"sub":"a","sub":"b"}',
    String.raw`"list":[{"deep":{"a":1,"\u0061":2}}]`,
  ])('[RFC7519-4-1] holds each claim once: %s as well is refused', async (member) => {
    await expectMalformed(signTexts(goodHeader, withMembers(goodPayload, member), key), 'payload')
  })

  it('[OWN-PROTO-1] keeps a claim called __proto__ a claim', async () => {
    const text = withMembers(goodPayload, '"__proto__":{"admin":true,"roles":["admin"]},"constructor":{"prototype":1}')
    const auth = await verifyToken(signTexts(goodHeader, text, key))
    expect(Object.hasOwn(auth.claims, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(auth.claims)).toBe(Object.prototype)
    expect([auth.claims.admin, auth.claims.roles, Reflect.get({}, 'admin')]).toEqual([undefined, undefined, undefined])
    expect(auth.principal.roles).toEqual([])
  })

  it('[OWN-PROTO-1] does not find a required claim in __proto__', async () => {
    const hidden = `{"__proto__":${goodPayload}}`
    await expectInvalidToken(verifyToken(signTexts(goodHeader, hidden, key)), 'claim_missing')
  })

  it.each([
    ['header', `${header}=`, payload],
    ['payload', header, `${payload}=`],
  ])('[RFC7515-2-1] is refused when the segment of the %s is spelt otherwise', async (name, first, second) => {
    await expectMalformed(signSegments(first, second, key), name)
  })

  it('[RFC7515-2-1] is refused when the signature is spelt otherwise', async () => {
    await expectMalformed(`${good}=`, 'signature')
  })
})
