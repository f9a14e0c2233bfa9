// What must hold for any input of the readers that meet strangers' bytes. `npm test` tries each a little, `npm run fuzz` for long.
import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { formatChallenge } from '../../src/errors/challenge.ts'
import { readToken } from '../../src/http/credentials.ts'
import { measureJsonObject } from '../../src/internal/json.ts'
import { importKeys } from '../../src/jwks/import.ts'
import { createTokenParser } from '../../src/jwt/parse.ts'
import { anyText } from '../support/any-text.ts'
import { everyAlgorithm } from '../support/every-algorithm.ts'
import { examples } from '../support/rfc-examples.ts'
import { encode } from '../support/tokens.ts'

// Of the RFCs and not of this process: the same seed must give the same case tomorrow.
const published = Object.values(examples).map(({ alg, jwk }) => ({ ...jwk, alg, kid: alg, use: 'sig' }))
const good = examples['RFC 7515 A.3']?.token ?? ''
const someText = fc.oneof(anyText({ maxLength: 80 }), fc.string({ unit: 'grapheme-ascii', maxLength: 80 }))

/** `text` with a few places replaced, put in or taken out. */
function edited(text: string): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(text.length),
    fc.nat(3),
    fc.oneof(someText, fc.constantFrom('.', '=', '-', '_', '"', '\\', ',', ' ')),
  )
  return fc
    .array(edit, { maxLength: 4 })
    .map((edits) =>
      edits.reduce((made, [at, length, part]) => made.slice(0, at) + part.slice(0, 3) + made.slice(at + length), text),
    )
}

const segment = fc.oneof(
  someText,
  fc.json().map((json) => encode(json)),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => encode(bytes)),
  fc.constantFrom('', ...good.split('.')),
)
/** Another last character of one segment: its unused bits make a second spelling. */
const respelt = fc
  .tuple(fc.nat(2), fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'))
  .map(([at, last]) =>
    good
      .split('.')
      .map((text, index) => (index === at ? text.slice(0, -1) + last : text))
      .join('.'),
  )
const tokens = fc.oneof(
  respelt,
  someText,
  edited(good),
  fc.array(segment, { minLength: 2, maxLength: 5 }).map((parts) => parts.join('.')),
)
const parseToken = createTokenParser(16 * 1024)

/** A token that can be parsed is the one spelling of its parts. */
const parser = fc.property(tokens, (token) => {
  const parsed = parseToken(token)
  if ('reason' in parsed) return
  const [header = '', claims = '', signature = '', more] = token.split('.')
  check(more === undefined, 'four segments')
  for (const text of [header, claims, signature])
    check(encode(Buffer.from(text, 'base64url')) === text, `two spellings: ${text}`)
  for (const [text, read] of [
    [header, parsed.header],
    [claims, parsed.claims],
  ] as const)
    check(isDeepStrictEqual(JSON.parse(Buffer.from(text, 'base64url').toString()), read), 'another object')
})

const spaces = fc.constantFrom('', '', ' ', '\n\t', '\r')
const name = fc.oneof(fc.constantFrom('a', 'b', 'sub', '__proto__', ':', '"', '\\', '\u2028', 'é'), someText)

interface Text {
  readonly text: string
  readonly repeats: boolean
}

const { object } = fc.letrec<{ value: Text; object: Text; list: Text }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc
      .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), someText)
      .map((value) => ({
        text: JSON.stringify(value),
        repeats: false,
      })),
    tie('object'),
    tie('list'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }).map((items) => ({
    text: `[${items.map(({ text }) => text).join(',')}]`,
    repeats: items.some(({ repeats }) => repeats),
  })),
  object: fc.array(fc.tuple(name, fc.boolean(), spaces, tie('value')), { maxLength: 5 }).map((members) => ({
    text: `{${members.map(([key, isEscaped, space, { text }]) => `${space}${quoted(key, isEscaped)}${space}:${space}${text}`).join(',')}}`,
    repeats:
      new Set(members.map(([key]) => key)).size < members.length || members.some(([, , , { repeats }]) => repeats),
  })),
}))

/** A name as JSON writes it, or each of its units as an escape. */
function quoted(text: string, isEscaped: boolean): string {
  if (!isEscaped) return JSON.stringify(text)
  return `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
}

/** Whether JSON.parse takes a name with an escape for another one here: Node 24, 25 and early 26 (nodejs/node#63785). */
const misreadsNames = (() => {
  JSON.parse(String.raw`{"probe":[],"\\":0}`)
  return !Object.hasOwn(JSON.parse(String.raw`{"probe":1,"\"":2}`) as object, '"')
})()

/** An object is read as JSON.parse reads it, unless one of its objects has a name twice. */
const json = fc.property(
  fc.oneof(
    object,
    edited('{"a":{"b":[1,"x:y",null]},"c":"\\u0061"}').map((text) => ({ text, repeats: undefined })),
  ),
  (made) => {
    const read = measureJsonObject(made.text)
    if (made.repeats) check(read === undefined, 'a name is there twice')
    if (misreadsNames && made.text.includes('\\')) return
    if (read) check(isDeepStrictEqual(read.value, JSON.parse(made.text)), 'another object')
    else if (made.repeats === false)
      check(!made.text.isWellFormed() || /\\u[dD]/.test(made.text), 'a good object was refused')
  },
)

const lineNames = fc.constantFrom(
  'Authorization',
  'authorization',
  'AUTHORIZATION',
  'Cf-Access-Jwt-Assertion',
  'Cookie',
  'X-Authorization',
)
const lineValues = fc.oneof(
  someText,
  fc.constantFrom(
    `Bearer ${good}`,
    `bearer  ${good}`,
    `Basic Zm9v, Bearer ${good}`,
    good,
    'Bearer',
    'Bearer ',
    'DPoP x',
    `Bearer ${good},${good}`,
  ),
  edited(`Bearer ${good}`),
)

/** A credential is the whole text of one line, and no other line could be one. */
const credentials = fc.property(fc.array(fc.tuple(lineNames, lineValues), { maxLength: 5 }), (headers) => {
  const found = readToken({ method: 'GET', url: '/', headers }, ['cf-access-jwt-assertion'])
  const lines = headers.filter(([line]) => ['authorization', 'cf-access-jwt-assertion'].includes(line.toLowerCase()))
  if (found === undefined)
    check(
      lines.every(([line, value]) => line.toLowerCase() === 'authorization' && !/^bearer/i.test(value)),
      'a credential was not seen',
    )
  else if ('token' in found) {
    check(
      lines.filter(([, value]) => value === found.token || /^bearer +/i.test(value)).length === 1,
      'two credentials',
    )
    check(
      lines.some(([, value]) => value.endsWith(found.token)),
      'a text that no line has',
    )
  }
})

const member = fc.constantFrom(
  'kty',
  'crv',
  'x',
  'y',
  'n',
  'e',
  'd',
  'k',
  'alg',
  'use',
  'kid',
  'key_ops',
  'x5c',
  'oth',
  '__proto__',
)
const changedKey = fc
  .tuple(
    fc.constantFrom(...published),
    fc.array(
      fc.tuple(
        member,
        fc.oneof(someText, fc.jsonValue(), fc.constantFrom('RSA', 'EC', 'OKP', 'sig', 'ES256', 'P-384')),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([key, changes]) => ({ ...key, ...Object.fromEntries(changes) }))
const keySets = fc.oneof(
  fc.jsonValue(),
  fc.record({ keys: fc.array(fc.oneof(changedKey, fc.jsonValue()), { maxLength: 6 }) }),
)
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** A key with a private member is never used. */
const privateKeys = fc.asyncProperty(
  changedKey,
  fc.constantFrom(...privateMembers),
  someText,
  async (key, name, value) => {
    const isUsed = await Promise.resolve()
      .then(() => importKeys({ keys: [{ ...key, [name]: value }] }, everyAlgorithm))
      .then(
        () => true,
        () => false,
      )
    check(!isUsed, `${name} is a private member`)
  },
)

/** An import names each key or counts it as skipped, lets no private member through, and fails with a plain Error. */
const jwks = fc.asyncProperty(keySets, async (set) => {
  let imported
  try {
    imported = await importKeys(set, everyAlgorithm)
  } catch (error) {
    check(error instanceof Error && error.constructor === Error, `no plain Error: ${String(error)}`)
    return
  }
  const { keys } = set as { readonly keys: readonly unknown[] }
  check(imported.jwks.keys.length + imported.skipped === keys.length, 'a key is neither used nor skipped')
  check(
    imported.keys.flatMap(({ algorithms }) => algorithms).every((one) => everyAlgorithm.includes(one)),
    'an unknown algorithm',
  )
})

const params = fc.dictionary(
  fc.constantFrom('realm', 'scope', 'error', 'acr_values', 'resource_metadata'),
  fc.option(someText, { nil: undefined }),
)
const written = /^Bearer (?:[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, (?=[a-z])|$))*$/

/** A challenge is one by the grammar, with each parameter once, or a TypeError. */
const challenge = fc.property(params, (given) => {
  try {
    const text = formatChallenge('Bearer', given)
    check(written.test(text), `no challenge: ${text}`)
    const values = Object.values(given).filter((value) => value !== undefined)
    check(
      values.every((value) => text.includes(`="${value}"`)),
      'a value is missing',
    )
  } catch (error) {
    check(error instanceof TypeError, String(error))
  }
})

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

export const properties = { parser, json, credentials, privateKeys, jwks, challenge }
