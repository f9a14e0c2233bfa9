// Many issuers in one verifier: the same kid, the same sub, keys swapped, names that begin, end or look like each other.
// Whatever strangers choose, no token is taken for another issuer's, and no two subjects share a key.
import { createVerifier } from 'claimcheck'
import { entra, type Issuer, oidc } from 'claimcheck/issuers'
import { principalKey } from 'claimcheck/preset-kit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { clientId, otherTenant, tenant } from '../support/entra.ts'
import { createKey, createToken, keyFor, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const clock = createTestClock()
const names = [
  'https://sts.example.com',
  'https://sts.example.com/',
  'https://sts.example.com//',
  'https://sts.example.com/a',
  'https://sts.example.com/a/',
  'https://sts.example.com/A',
  'https://STS.example.com/a',
  'https://sts.example.com:443/a',
  'https://sts.example.com/%61',
  'https://sts.example.com/а', // Cyrillic
  'https://sts.example.com/á',
  'https://sts.example.com/a\u0301',
  'https://sts.example.com.evil.example',
  'https://stsexample.com',
] as const
const keys: readonly TestKey[] = names.map(() => createKey('ES256', { kid: 'the-same' }))
const keyOf = (index: number): TestKey => keys[index] as TestKey
const trusted = names.map((issuer, index) => oidc({ issuer, audience: null, jwks: { keys: [keyOf(index).publicJwk] } }))
const { verifyToken } = createVerifier({ issuer: trusted, clock })
const tokenOf = (iss: string, key: TestKey, sub = 'alice') => createToken({ key, claims: { iss, sub } })

describe('issuers that look alike', () => {
  it('are each found by their own name, and have subjects of their own', async () => {
    const found = await Promise.all(names.map((name, index) => verifyToken(tokenOf(name, keyOf(index)))))
    expect(found.map(({ issuer }) => issuer)).toEqual(names)
    expect(new Set(found.map(({ principal }) => principal.key)).size).toBe(names.length)
  })

  it("never verify with each other's keys, though all have one kid", async () => {
    for (const [index, name] of names.entries()) {
      for (const [other] of names.entries()) {
        if (other !== index) await expectInvalidToken(verifyToken(tokenOf(name, keyOf(other))), 'signature_invalid')
      }
    }
  })

  it('are not met by any other spelling', async () => {
    const spellings = names.flatMap((name) => [
      `${name}/`,
      `${name} `,
      ` ${name}`,
      `${name}\u0000`,
      `${name}\u200b`,
      name.normalize('NFD').normalize('NFKC'),
      name.toUpperCase(),
      name.replace('sts', 'ſts'),
      name.replace('/', '\\'),
      name.slice(0, -1),
    ])
    for (const iss of spellings.filter((one) => !(names as readonly string[]).includes(one)))
      await expectInvalidToken(verifyToken(tokenOf(iss, keyOf(0))), 'issuer_unknown')
  })

  it('property: whatever iss and whichever key, a token is taken only with the key of exactly that issuer', async () => {
    const index = fc.nat(names.length - 1)
    const mutated = fc.oneof(
      index.map((one) => names[one] as string),
      fc.tuple(index, fc.string({ unit: 'grapheme' })).map(([one, end]) => `${names[one]}${end}`),
      fc.tuple(index, fc.nat(30)).map(([one, length]) => String(names[one]).slice(0, length)),
      fc.string({ unit: 'grapheme' }),
    )
    await fc.assert(
      fc.asyncProperty(mutated, index, async (iss, key) => {
        const expected = (names as readonly string[]).indexOf(iss) === key
        const result = await verifyToken(tokenOf(iss, keyOf(key))).then(
          (auth) => auth.issuer,
          () => undefined,
        )
        expect(result).toBe(expected ? names[key] : undefined)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the key of a principal', () => {
  const made: readonly (readonly [string, Issuer])[] = [
    ['oidc', oidc({ issuer: 'https://sts.example.com', audience: null, jwks: { keys: [keyFor('ES256').publicJwk] } })],
    ['entra', entra({ tenant: 'common', clientId, anyTenant: true })],
  ]
  const principalOf = (preset: number, claims: Record<string, unknown>, issuer: string) =>
    (made[preset] as readonly [string, Issuer])[1].principal(claims, issuer, { alg: 'ES256' })

  it('property: two lists of parts never give one key', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('|', '%', '%7C', '%257C', '', 'a|b', 'client', 'sub', 'entra', names[9], names[10], names[11]),
    )
    const parts = fc.array(part, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const [a, b] = [principalKey(...one), principalKey(...other)]
        expect(a).toMatch(/^[\x21-\x7e]*$/)
        expect(a === b).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 2000 },
    )
  })

  it('property: two issuers never share one, and a client is never a user of its name', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.constantFrom('client', 'alice', 'a|b', 'client|a'),
    )
    const name = fc.constantFrom(...names)
    const caller = fc.record({ iss: name, sub: fc.option(text, { nil: undefined }), client_id: text })
    const identity = ({ iss, sub, client_id: client }: { iss: string; sub?: string | undefined; client_id: string }) =>
      JSON.stringify([iss, sub === undefined || sub === client ? ['client', client] : ['sub', sub]])
    fc.assert(
      fc.property(caller, caller, (one, other) => {
        const keyOfCaller = ({ iss, ...claims }: typeof one) => {
          const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
          return principalOf(0, present, iss).key
        }
        expect(keyOfCaller(one) === keyOfCaller(other)).toBe(identity(one) === identity(other))
      }),
      { numRuns: 2000 },
    )
  })

  it("property: Entra's are one for each tenant and object id, in both formats, and no sub makes another's", () => {
    const tid = fc.constantFrom(tenant, otherTenant)
    const text = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('sub', 'oid', `sub|x`, 'x', tenant))
    const caller = fc.record({
      tid,
      oid: fc.option(text, { nil: undefined }),
      sub: text,
      ver: fc.constantFrom('1', '2'),
    })
    const identity = ({ tid: in_, oid, sub }: { tid: string; oid?: string | undefined; sub: string }) =>
      JSON.stringify([in_, oid === undefined ? ['sub', sub] : ['oid', oid]])
    fc.assert(
      fc.property(caller, caller, (one, other) => {
        const keyOfCaller = ({ ver, oid, ...rest }: typeof one) =>
          principalOf(1, { ...rest, ...(oid !== undefined && { oid }), azp: 'x', scp: 's' }, ver).key
        expect(keyOfCaller(one) === keyOfCaller(other)).toBe(identity(one) === identity(other))
      }),
      { numRuns: 2000 },
    )
  })

  it('of a user is never that of another preset: no issuer URL is called entra', () => {
    const keysOfAll = names.map((name) => principalOf(0, { sub: 'a' }, name).key)
    expect(keysOfAll.filter((one) => one.startsWith('entra|'))).toEqual([])
  })
})
