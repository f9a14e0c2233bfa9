// One request, at most one credential: texts that are one, texts that are none, and refused ones.
import { describe, expect, it } from 'vitest'
import { checkBearer, readBearer } from '../../src/http/credentials.ts'
import type { RequestView } from '../../src/http/request-view.ts'

const token = 'eyJh.eyJz-_~+/.c2ln=='

function withLines(...headers: readonly (readonly [string, string])[]): RequestView {
  return { method: 'GET', url: '/', headers }
}

function readCredential(request: RequestView): ReturnType<typeof readBearer> {
  const read = readBearer(request)
  return typeof read === 'string' ? (checkBearer(read) ?? read) : read
}

function read(value: string): ReturnType<typeof readCredential> {
  return readCredential(withLines(['Host', 'api'], ['Authorization', value]))
}

describe('a token', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])(
    '[RFC9110-11.1-1] [RFC6750-2.1-1] is read after the scheme spelt %s',
    (scheme) => {
      expect(read(`${scheme} ${token}`)).toBe(token)
    },
  )

  it.each([1, 2, 3, 100])('[RFC9110-11.2-1] is read after %i spaces', (count) => {
    expect(read(`Bearer${' '.repeat(count)}${token}`)).toBe(token)
  })

  it.each(['authorization', 'Authorization', 'AUTHORIZATION'])('is read from the line named %s', (name) => {
    expect(readCredential(withLines(['Host', 'api'], [name, `Bearer ${token}`], ['Accept', '*/*']))).toBe(token)
  })

  it.each(['a', '0', 'A0-._~+/z', 'a=', 'a==', 'a===', 'Bearer'])(
    '[RFC9110-11.2-2] may be any token68, such as %s',
    (token68) => {
      expect(read(`Bearer ${token68}`)).toBe(token68)
    },
  )

  it('[RFC9110-11.2-2] may hold no character but those of token68', () => {
    const inToken68 = /[A-Za-z0-9._~+/-]/
    for (let code = 0; code < 0x200; code++) {
      const character = String.fromCharCode(code)
      const expected = inToken68.test(character)
        ? `ab${character}c`
        : expect.objectContaining({ reason: 'credential_malformed' })
      expect(read(`Bearer ab${character}c`), `0x${code.toString(16)}`).toEqual(expected)
    }
  })
})

describe('no credential of ours', () => {
  it('is a request without an Authorization line', () => {
    expect(readCredential(withLines())).toBeUndefined()
    expect(readCredential(withLines(['Host', 'api'], ['Proxy-Authorization', `Bearer ${token}`]))).toBeUndefined()
  })

  it.each([
    ['Basic with its credentials', 'Basic Zm9vOmJhcg=='],
    ['Digest with parameters', 'Digest username="Mufasa", realm="x", uri="/"'],
    ['DPoP', `DPoP ${token}`],
    ['a scheme that only ends like ours', `xBearer ${token}`],
    ['a scheme of every character that one may have', "!#$%&'*+-^_`|~09AZaz x"],
    ['a parameter that ends like our scheme', 'Digest a=b, cbearer x'],
    ['a parameter that begins like our scheme', 'Digest a=b, bearer=x'],
    ['our scheme as an argument', 'Custom bearer x'],
    ['text with our scheme', `Custom a Bearer ${token}`],
  ])('[RFC6750-3-1] is %s', (_, value) => {
    expect(read(value)).toBeUndefined()
  })
})

describe('a malformed credential', () => {
  it.each([
    ['nothing', ''],
    ['only spaces', '  '],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['a tab instead of the space', `Bearer\t${token}`],
    ['a tab after the space', `Bearer \t${token}`],
    ['a no-break space', `Bearer\u00a0${token}`],
    ['a line feed', `Bearer\n${token}`],
    ['no space', `Bearer,${token}`],
    ['a colon after the scheme', `Bearer: ${token}`],
    ['an equals sign after the scheme', `Bearer=${token}`],
    ['two tokens', `Bearer ${token} ${token}`],
    ['a comma at the end', `Bearer ${token},`],
    ['a parameter at the end', `Bearer ${token},x`],
    ['quotes', `Bearer "${token}"`],
    ['a parameter instead of a token', `Bearer token="${token}"`],
    ['padding in the middle', 'Bearer a=b'],
    ['padding alone', 'Bearer ='],
    ['a letter beyond ASCII', 'Bearer tokén'],
    ['UTF-8 bytes as Node reads them', 'Bearer tokÃ©n'],
    ['a letter whose lower case is k', 'Bearer \u212a'],
    ['space before the scheme', ` Bearer ${token}`],
    ['space after the token', `Bearer ${token} `],
    ['a line end after the token', `Bearer ${token}\n`],
    ['a NUL after the token', `Bearer ${token}\0`],
    ['something that is no scheme', '"Basic" x'],
    ['a scheme that no space ends', 'Basic\tZm9v'],
    ['the token alone, with padding', 'a.b.c=='],
    ['braces', '{"a": "b"}'],
    ['a second line of another scheme after ours, joined', `Bearer ${token}, Basic Zm9v`],
  ])('[RFC9110-11.2-2] is %s', (_, value) => {
    expect(read(value)).toMatchObject({ reason: 'credential_malformed' })
  })
})

describe('two credentials', () => {
  const repeated = { reason: 'credential_repeated' }

  it.each([
    ['two tokens', `Bearer ${token}`, 'Bearer other'],
    ['one token twice', `Bearer ${token}`, `Bearer ${token}`],
    ['two schemes', `Bearer ${token}`, `DPoP ${token}`],
    ['two schemes, ours second', 'Basic Zm9v', `Bearer ${token}`],
    ['two other schemes', 'Basic Zm9v', 'Basic YmFy'],
    ['an empty line and a token', '', `Bearer ${token}`],
  ])('[RFC9110-5.3-1] [RFC6750-2-1] are refused on two lines: %s', (_, one, other) => {
    expect(readCredential(withLines(['Authorization', one], ['authorization', other]))).toEqual(repeated)
    expect(readCredential(withLines(['AUTHORIZATION', one], ['Host', 'api'], ['Authorization', other]))).toEqual(
      repeated,
    )
  })

  it.each([
    `Basic Zm9v, Bearer ${token}`,
    'Digest a="b", Bearer',
    'Digest a="b", bearer, Digest c="d"',
    `Basic Zm9v,Bearer ${token}`,
    `Basic Zm9v,\tbearer ${token}`,
    `DPoP abc,  BEARER\t${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token}, Bearer `,
  ])('[RFC9110-5.3-1] are refused when a Headers object has joined their lines: %s', (value) => {
    expect(read(value)).toEqual(repeated)
  })
})

it('is read in linear time, whatever the line', () => {
  const hostile = ['Bearer ' + '='.repeat(200_000), `Bearer${' '.repeat(200_000)}"`, `Basic ${', '.repeat(100_000)}`]
  const startedMs = performance.now()
  for (const value of hostile) read(value)
  expect(performance.now() - startedMs).toBeLessThan(500)
})

describe('a credential joined to its scheme, or without one', () => {
  it.each([
    ['a token alone', token],
    ['an opaque token alone', 'abc123'],
    ['a scheme alone', 'Basic'],
    ['a scheme and a space', 'Basic '],
    ['a token that follows Bearer at once', `Bearer${token}`],
    ['a scheme that only begins like ours', `Bearers ${token}`],
    ['a token before something else', `${token} x`],
  ])('[RFC9110-11.2-2] is malformed and not anonymous: %s', (_, value) => {
    expect(readCredential({ method: 'GET', url: '/', headers: [['Authorization', value]] })).toMatchObject({
      reason: 'credential_malformed',
    })
  })
})
