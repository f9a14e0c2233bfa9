import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createTextDecoder } from '../../src/internal/base64url.ts'
import { isJsonObject, parseJsonObject } from '../../src/internal/json.ts'
import { anyCharacter, anyText } from '../support/any-text.ts'

const decodeText = createTextDecoder(100_000)
const decodeUtf8 = (bytes: Uint8Array) => decodeText(Buffer.from(bytes).toString('base64url'))

function parse(text: string): unknown {
  return parseJsonObject(decodeUtf8(Buffer.from(text)))
}

describe('parseJsonObject', () => {
  it.each([
    '{}',
    '{"a":1}',
    ' {"a": [1, 2, {"b": null}], "c": {"d": true}} ',
    '{"a":null,"b":false,"c":0,"d":""}',
    '{"a:b":"c:d","e":[":",":"]}',
    String.raw`{"a":"\":\"","b":"\\","c\"":":"}`,
    String.raw`{"\\":":\\:","\\\"":{"\u003a":"\u003a"}}`,
    '{"list":[{"same":1},{"same":2}],"same":{"same":{}}}',
    '{"é":"😀","\u{10ffff}":"\ufeff"}',
    String.raw`{"emoji":"\ud83d\ude00"}`,
    '{"1":"a","01":"b","1.0":"c"}',
    '{"a":"x","A":"y"," a":"z"}',
  ])('reads %s as JSON.parse does', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  it.each([
    ['a string', '"x"'],
    ['a list', '[]'],
    ['a list of objects', '[{"a":1}]'],
    ['null', 'null'],
    ['a number', '1'],
    ['true', 'true'],
    ['nothing', ''],
    ['a beginning', '{"a":1'],
    ['two objects', '{}{}'],
    ['a trailing comma', '{"a":1,}'],
    ['a comment', '{"a":1/**/}'],
    ['single quotes', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['a line break inside a string', '{"a":"\n"}'],
    ['a NUL after the end', '{"a":1}\0'],
  ])('refuses %s', (_, text) => {
    expect(parse(text)).toBeUndefined()
  })

  it.each([
    ['at the top', '{"a":1,"a":2}'],
    ['with one value', '{"a":1,"a":1}'],
    ['three times', '{"a":1,"a":2,"a":3}'],
    ['in an inner object', '{"x":{"a":1,"b":2,"a":3}}'],
    ['in an object in a list', '{"x":[0,{"a":1,"a":2}]}'],
    ['in the second object of a list', '{"x":[{"b":1},{"a":1,"a":2}]}'],
    ['in a list in a list', '{"x":[[[{"a":1,"a":2}]]]}'],
    ['by an escape', String.raw`{"sub":1,"\u0073ub":2}`],
    ['by an escape with a capital', String.raw`{"k":1,"\u006B":2}`],
    ['by a short escape', String.raw`{"a\/b":1,"a/b":2}`],
    ['by two spellings of a line break', String.raw`{"\n":1,"\u000A":2}`],
    ['as the empty name', '{"":1,"":2}'],
    ['as __proto__', '{"__proto__":1,"__proto__":2}'],
    ['as a number', '{"1":1,"1":2}'],
    ['where the last one hides members', '{"a":{"b":1,"c":2},"a":{"b":1}}'],
    ['where strings hold colons and quotes', String.raw`{"a":"\":","b":":\\","a":":"}`],
  ])('refuses a member name that is repeated %s', (_, text) => {
    expect(JSON.parse(text)).toBeTypeOf('object')
    expect(parse(text)).toBeUndefined()
  })

  const json = '{"sub":"é"}'
  it.each([
    ['UTF-16, little endian', Buffer.from(json, 'utf16le')],
    ['UTF-16, big endian', Buffer.from(json, 'utf16le').swap16()],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${json}`, 'utf16le')],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${json}`)],
    ['Latin-1', Buffer.from(json, 'latin1')],
    ['an overlong form', Buffer.from([...Buffer.from('{"a":"'), 0xc0, 0xaf, ...Buffer.from('"}')])],
    ['a surrogate in UTF-8', Buffer.from([...Buffer.from('{"a":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])],
    ['a cut character', Buffer.from([...Buffer.from('{"a":"'), 0xc3, ...Buffer.from('"}')])],
    ['a byte that never occurs', Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])],
  ])('refuses %s', (_, bytes) => {
    expect(parseJsonObject(decodeUtf8(bytes))).toBeUndefined()
    expect(parse(json)).toEqual({ sub: 'é' })
  })

  it.each([
    ['high, in a value', String.raw`{"a":"\ud800"}`],
    ['low, in a value', String.raw`{"a":"\udc00"}`],
    ['in a value of a list', String.raw`{"a":["ok","\ud800"]}`],
    ['in a name', String.raw`{"\ud800":1}`],
    ['in a name further in', String.raw`{"a":[{"b\udfff":1}]}`],
    ['in the wrong order', String.raw`{"a":"\ude00\ud83d"}`],
  ])('refuses a lone surrogate: %s', (_, text) => {
    expect(parse(text)).toBeUndefined()
  })

  const shapes = {
    objects: (depth: number) => '{"a":'.repeat(depth) + 'null' + '}'.repeat(depth),
    lists: (depth: number) => '{"a":' + '['.repeat(depth - 1) + '7' + ']'.repeat(depth - 1) + '}',
    'lists and objects': (depth: number) => {
      const pairs = (depth - 1 - ((depth - 1) % 2)) / 2
      const odd = (depth - 1) % 2
      return `{"b":0,"a":${'[{"a":'.repeat(pairs)}${'['.repeat(odd)}"x"${']'.repeat(odd)}${'}]'.repeat(pairs)}}`
    },
  }
  it.each(Object.entries(shapes))('accepts 31 and 32 nested %s and no more', (_, nested) => {
    for (const depth of [1, 31, 32]) expect(parse(nested(depth))).toEqual(JSON.parse(nested(depth)))
    for (const depth of [33, 34, 10_000]) expect(parse(nested(depth))).toBeUndefined()
  })

  it('keeps a member called __proto__ as a member', () => {
    const value = parse('{"__proto__":{"admin":true}}') as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value.admin).toBeUndefined()
  })
})

describe('parseJsonObject, with a polluted Object.prototype', () => {
  /** Members that every object then inherits: a count that took them for the text's own would miss repetitions. */
  function polluted<T>(run: () => T): T {
    Reflect.defineProperty(Object.prototype, 'pollution', { value: { more: 1 }, enumerable: true, configurable: true })
    Reflect.defineProperty(Object.prototype, 'sub', {
      get: () => 'root',
      set() {},
      enumerable: true,
      configurable: true,
    })
    try {
      return run()
    } finally {
      Reflect.deleteProperty(Object.prototype, 'pollution')
      Reflect.deleteProperty(Object.prototype, 'sub')
    }
  }

  it.each([
    '{"sub":"alice","sub":"alice"}',
    '{"a":1,"a":2}',
    '{"a":1,"a":2,"a":3}',
    '{"a" :1,"a":2}',
    '{"x":[{"a":1,"a":2}]}',
    '{"pollution":1,"pollution":2}',
  ])('refuses %s', (text) => {
    expect(polluted(() => parse(text))).toBeUndefined()
  })

  it.each(['{}', '{"a":1}', '{"sub":"alice","pollution":{"b":[{}]}}'])('reads %s', (text) => {
    const read = polluted(() => JSON.stringify(parse(text)))
    expect(read).toBe(text)
  })
})

/** Expects that `text` is read as what JSON.stringify writes for it. JSON.parse may misread it. */
function expectRead(text: string, written: string): void {
  expect(JSON.stringify(parse(text))).toBe(written)
}

describe('a name with an escape', () => {
  // nodejs/node#63785: a name is taken for one before it that begins with the same characters as they are written, backslash included.
  const asWritten = (text: string) =>
    text.replaceAll(String.raw`"a\u0062"`, String.raw`"a\\"`).replaceAll(String.raw`"\""`, String.raw`"\\"`)

  it.each([
    ['that a plain one can be written for', String.raw`{"a\u0062":1}`, { ab: 1 }],
    ['behind white space', '{"x":[{"a\\u0062" \r\n\t:"b\\u0062"}]}', { x: [{ ab: 'bb' }] }],
    ['that has none without', String.raw`{"\"":1}`, { '"': 1 }],
    ['that has none without, further in', String.raw`{"x":[{"\"":{"\"":"x"}}]}`, { x: [{ '"': { '"': 'x' } }] }],
    ['that has none without, twice', String.raw`{"\"":1,"\"":2}`, undefined],
    ['beside the one that it is taken for', String.raw`{"\"":1,"\\":2}`, { '"': 1, '\\': 2 }],
    ['beside what might stand for it', String.raw`{"\"":"__","_0":2,"__0":3}`, { '"': '__', _0: 2, __0: 3 }],
    [
      'beside what becomes what might stand for it',
      String.raw`{"\"":1,"\u005f0":2,"_\u005F0":3}`,
      { '"': 1, _0: 2, __0: 3 },
    ],
    ['beside a prototype', String.raw`{"\"":1,"__proto__":{"a":2}}`, JSON.parse('{"\\"":1,"__proto__":{"a":2}}')],
  ])('is no other name, %s, where JSON.parse takes it for one', (_, text, expected) => {
    const parseRight = JSON.parse
    vi.spyOn(JSON, 'parse').mockImplementation(
      (json: string) => parseRight(json.startsWith('"') ? json : asWritten(json)) as unknown,
    )
    expect(parse(text)).toEqual(expected)
  })

  it('is no other name after objects that had this one', () => {
    for (let times = 0; times < 100; times++) {
      parse(String.raw`{"iss":[],"https:\\/\\/x":0}`)
      parse(String.raw`{"iss":[],"\\":0}`)
      expect(parse(String.raw`{"iss":1,"https:\/\/x\/y":2}`)).toEqual({ iss: 1, 'https://x/y': 2 })
      expectRead(String.raw`{"iss":1,"\"":2}`, String.raw`{"iss":1,"\"":2}`)
      expect(parse(String.raw`{"iss":1,"\"":2,"\"":3}`)).toBeUndefined()
    }
  })

  it('has a stand-in whose length nobody else chooses: the text that is parsed grows by no more than a name', () => {
    const parsed = vi.spyOn(JSON, 'parse')
    const odd = Array.from({ length: 1000 }, (_, at) => String.raw`"\"${at}":1`)
    const text = `{"x":"${'_'.repeat(10_000)}","${'_'.repeat(5000)}":2,${odd.join(',')}}`
    expect(Object.keys(parse(text) as object)).toHaveLength(1002)
    for (const [json] of parsed.mock.calls) expect(json.length).toBeLessThanOrEqual(text.length)
  })

  it('and a quote, a backslash or a line break in it stays what it is', () => {
    const names = ['"', '\\', '\n', 'a"b', 'CORP\\alice']
    for (const name of names) {
      const text = JSON.stringify({ [name]: 1, inner: { [name]: [{ [name]: {} }] } })
      expectRead(text, text)
    }
  })
})

describe('parseJsonObject, for anything', () => {
  const members = fc.uniqueArray(fc.tuple(anyText(), fc.jsonValue({ stringUnit: anyCharacter })), {
    selector: ([name]) => name,
    minLength: 1,
  })

  it('never throws, whatever the bytes', () => {
    const bytes = fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from), anyText().map(Buffer.from))
    fc.assert(fc.property(bytes, (some) => void parseJsonObject(decodeUtf8(some))))
  })

  it('agrees with JSON.parse on every object without repeated names, escaped or not', () => {
    fc.assert(
      fc.property(members, fc.boolean(), (list, escaped) => {
        const plain = JSON.stringify(Object.fromEntries(list))
        const text = escaped ? plain.replace(/[^\x20-\x7e]/g, escapeUnit) : plain
        expectRead(text, plain)
      }),
    )
  })

  it('refuses every object with one name more than once, wherever it stands', () => {
    fc.assert(
      fc.property(members, fc.nat(), fc.jsonValue(), (list, at, value) => {
        const [name = ''] = list[at % list.length] ?? []
        const escapedName = `"${name.replace(/[^]/g, escapeUnit)}"`
        const texts = list.map(([one, member]) => `${JSON.stringify(one)}:${JSON.stringify(member)}`)
        const text = `{${[...texts, `${escapedName}:${JSON.stringify(value)}`].join(',')}}`
        expect(JSON.parse(text)).toBeTypeOf('object')
        expect(parse(text)).toBeUndefined()
        expect(parse(`{"inner":[${text}]}`)).toBeUndefined()
      }),
    )
  })

  it('sees a repeated name through any white space, and through strings that look like members', () => {
    const space = fc.constantFrom('', '', ' ', '\t', '\r\n', '  ')
    const text = fc.string({ unit: fc.constantFrom(':', '"', ' ', '\\', 'a', '{', ','), maxLength: 5 })
    const pair = fc.tuple(text, space, space, fc.oneof(text, fc.record({ a: text }), fc.array(text, { maxLength: 3 })))
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 5 }), (list) => {
        const members = list.map(([name, before, after, value]) => {
          return `${JSON.stringify(name)}${before}:${after}${JSON.stringify(value)}`
        })
        const json = `{${members.join(',')}}`
        const repeats = new Set(list.map(([name]) => name)).size < list.length
        if (repeats) expect(parse(json)).toBeUndefined()
        else expectRead(json, JSON.stringify(Object.fromEntries(list.map(([name, , , value]) => [name, value]))))
      }),
      { numRuns: 5000 },
    )
  })
})

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

describe('isJsonObject', () => {
  it('is true for objects only', () => {
    expect(isJsonObject({})).toBe(true)
    expect(isJsonObject(Object.create(null))).toBe(true)
    for (const value of [null, undefined, [], 'x', 1, true, () => {}]) expect(isJsonObject(value)).toBe(false)
  })
})
