import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createTextDecoder, decodeBase64url } from '../../src/internal/base64url.ts'
import { anyText } from '../support/any-text.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

it.each([
  ['', ''],
  ['Zg', 'f'],
  ['Zm8', 'fo'],
  ['Zm9v', 'foo'],
  ['Zm9vYg', 'foob'],
  ['Pj4-Pz8_', '>>>???'],
])('decodes %j to %j', (text, decoded) => {
  expect(decodeBase64url(text)).toEqual(Buffer.from(decoded))
})

it.each([
  ['padding', 'Zg=='],
  ['one character of padding', 'Zm8='],
  ['a plus of the other alphabet', 'Pj4+'],
  ['a slash of the other alphabet', 'Pz8/'],
  ['a line break inside', 'Zm9v\nYmFy'],
  ['a line break at the end', 'Zm9v\n'],
  ['a space before', ' Zm9v'],
  ['a character of no alphabet', 'Zm9v!'],
  ['a NUL', 'Zm9v\0'],
  ['a letter that only looks like one', 'Zm9\u0475'],
  ['trailing bits after one byte', 'Zh'],
  ['trailing bits after two bytes', 'Zm9'],
  ['a lone last character', 'Zm9vY'],
  ['one character', 'Z'],
])('refuses %s', (_, text) => {
  expect(decodeBase64url(text)).toBeUndefined()
})

it('accepts the encoding of any bytes and gives them back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(decodeBase64url(Buffer.from(bytes).toString('base64url'))).toEqual(Buffer.from(bytes))
    }),
  )
})

it('accepts no text but the one encoding of its bytes', () => {
  const nearlyBase64url = fc.string({ unit: fc.constantFrom(...alphabet, '=', '+', '/', '\n', ' '), maxLength: 12 })
  fc.assert(
    fc.property(nearlyBase64url, (text) => {
      expect(decodeBase64url(text) !== undefined).toBe(isCanonical(text))
    }),
    { numRuns: 1000 },
  )
})

describe.each([
  ['with Buffer', Buffer],
  ['without it', undefined],
])('%s', (_, buffer) => {
  const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const withBuffer = <T>(run: () => T): T => {
    vi.stubGlobal('Buffer', buffer)
    try {
      return run()
    } finally {
      vi.unstubAllGlobals()
    }
  }

  it('decodes the same texts, and refuses the same', () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map(encode),
      fc.string({ unit: fc.constantFrom(...alphabet, '=', '+', '/', '\n', ' '), maxLength: 12 }),
    )
    fc.assert(
      fc.property(text, (one) => {
        const bytes = withBuffer(() => decodeBase64url(one))
        expect(bytes && encode(bytes)).toBe(isCanonical(one) ? one : undefined)
      }),
      { numRuns: 1000 },
    )
  })

  it('decodes UTF-8 to text, up to its length and beyond, and refuses other bytes', () => {
    const decodeText = withBuffer(() => createTextDecoder(40))
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      anyText({ maxLength: 30 }).map((text) => new TextEncoder().encode(text)),
      fc.string({ maxLength: 60 }).map((text) => new TextEncoder().encode(text)),
    )
    fc.assert(
      fc.property(bytes, (some) => {
        let expected: string | undefined
        try {
          expected = strict.decode(some)
        } catch {
          expected = undefined
        }
        const encoded = encode(some)
        expect(withBuffer(() => decodeText(encoded))).toBe(expected)
      }),
      { numRuns: 2000 },
    )
    for (const text of ['Zg==', 'Zh', 'Zm9v\n', 'Pj4+', 'Z']) expect(withBuffer(() => decodeText(text))).toBeUndefined()
  })

  it('tells the replacement character that was sent from one that stands for what is no UTF-8', () => {
    const decodeText = withBuffer(() => createTextDecoder(40))
    const decode = (bytes: readonly number[]): string | undefined => {
      const encoded = encode(Uint8Array.from(bytes))
      return withBuffer(() => decodeText(encoded))
    }
    const replacement = [0xef, 0xbf, 0xbd]
    expect(decode(replacement)).toBe('\ufffd')
    expect(decode([0x61, ...replacement, 0x62])).toBe('a\ufffdb')
    for (const broken of [[0xff], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80]]) {
      expect(decode(broken)).toBeUndefined()
      expect(decode([...replacement, ...broken])).toBeUndefined()
      expect(decode([...broken, ...replacement])).toBeUndefined()
    }
  })
})

it.each([
  ['text', Buffer.from('{"sub":"alice"}').toString('base64url')],
  ['text of many bytes', Buffer.from('{"sub":"\ufffdlice"}').toString('base64url')],
  ['what is no UTF-8', Buffer.of(0x61, 0xff, 0x62).toString('base64url')],
  ['what is no base64url', `${Buffer.from('{"sub":"alice"}').toString('base64url')}==`],
])('keeps no trace of %s that it has decoded', (_, text) => {
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => Buffer.alloc(size))
  const decodeText = createTextDecoder(100)
  const [memory] = allocate.mock.results.map(({ value }) => value as Buffer)
  decodeText(text)
  expect(memory).toEqual(Buffer.alloc(100))
})

/** By the bits and not by any decoder: RFC 4648 §3.5 and §5. */
function isCanonical(text: string): boolean {
  const values = [...text].map((character) => alphabet.indexOf(character))
  if (values.includes(-1)) return false
  const unusedBits = (values.length * 6) % 8
  const last = values.at(-1) ?? 0
  return unusedBits !== 6 && last % 2 ** unusedBits === 0
}
