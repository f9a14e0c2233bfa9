// What a claims schema may put out: plain data, which requests share, and Date, URL, Map and Set, which they do not. Instances of other
// classes are refused: the types promise getters and methods that a copy or a policy would not find.
import { runInNewContext } from 'node:vm'
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { claim, evaluate, not } from 'claimcheck/policy'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { freezeOutput } from '../../src/jwt/schema.ts'
import { createTestClock } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'
import { expectUnavailable } from '../support/verifiers.ts'

type Output = Record<PropertyKey, unknown>

/** A verifier whose schema returns the result of `make`, and its validate function. */
function verifierOf(make: (claims: Output) => unknown) {
  const validate = vi.fn((value: unknown) => ({ value: make(value as Output) as Output }))
  const claims = { '~standard': { version: 1 as const, vendor: 'test', validate } }
  const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const { verifyToken } = createVerifier({ issuer: trusted, clock: createTestClock(), claims })
  return { verifyToken: () => verifyToken(createTokenOnce()), validate }
}

let text: string | undefined
/** ECDSA signs differently each time; a token that comes again is the same text. */
function createTokenOnce(): string {
  return (text ??= createToken())
}

async function claimsOf(make: (claims: Output) => unknown): Promise<Output> {
  return (await verifierOf(make).verifyToken()).claims as Output
}

class Account {
  readonly id = 'a1'
  get isBlocked(): boolean {
    return true
  }
}

/** `value` where a schema may put it. */
const places: readonly (readonly [string, (value: unknown) => unknown])[] = [
  ['in a member', (value) => ({ value })],
  ['in a member further in', (value) => ({ a: { b: { c: { d: { e: { value } } } } } })],
  ['in a list', (value) => ({ list: [1, [value]] })],
  ['in a Map', (value) => ({ map: new Map([['key', value]]) })],
  ['as the key of a Map', (value) => ({ map: new Map([[value, 1]]) })],
  ['in a Set', (value) => ({ set: new Set([value]) })],
  ['in a Map in a Set', (value) => ({ set: new Set([new Map([['key', [value]]])]) })],
  ['on a Date', (value) => ({ date: Object.assign(new Date(0), { value }) })],
  ['under a symbol', (value) => ({ inner: { [Symbol('s')]: value } })],
  ['under a symbol at the top', (value) => ({ [Symbol('s')]: value })],
  ['in a member that no loop sees', (value) => ({ inner: Object.defineProperty({}, 'hidden', { value }) })],
  [
    'behind an accessor',
    (value) => ({
      inner: {
        get value() {
          return value
        },
      },
    }),
  ],
  [
    'behind an accessor at the top',
    (value) => ({
      get value() {
        return value
      },
    }),
  ],
  ['in an object without a prototype', (value) => ({ inner: Object.assign(Object.create(null), { value }) })],
]

describe('an instance of a class', () => {
  it('is refused, so that a policy finds no getter missing', async () => {
    const { verifyToken } = verifierOf(() => new Account())
    const blocked = not(claim('isBlocked', true))
    const decided = verifyToken().then((auth) => evaluate(blocked, { auth, resource: undefined }))
    const error = await expectUnavailable(decided, 'claims_schema_unavailable')
    expect(error.hint).toContain('an instance of Account')
  })

  it.each(places)('is refused %s', async (_, put) => {
    const error = await expectUnavailable(
      verifierOf(() => put(new Account())).verifyToken(),
      'claims_schema_unavailable',
    )
    expect(error.hint).toContain('an instance of Account')
    expect((await claimsOf(() => put({ id: 'a1' }))).sub).toBe('alice')
  })

  it('is named by its place', async () => {
    const error = await expectUnavailable(
      verifierOf(() => ({ profile: { accounts: [{ id: 'a0' }, new Account()] } })).verifyToken(),
      'claims_schema_unavailable',
    )
    expect(error.hint).toBe(
      'the claims schema puts out an instance of Account at profile.accounts.1: ' +
        'let it put out a plain object, with plain objects, lists, primitives, Date, URL, Map and Set in it',
    )
    expect(error.details).toMatchObject({ verified: true, iss: issuer })
  })

  const fakes = { isBlocked: { get: () => true } }
  it.each<[string, () => object]>([
    ['of a class that extends Date', () => new (class Day extends Date {})(0)],
    ['of a class that extends URL', () => new (class Site extends URL {})('https://a.example')],
    ['of a class that extends Map', () => new (class Registry extends Map {})()],
    ['of a class that extends Set', () => new (class Roles extends Set {})()],
    ['of a class that extends Array', () => new (class Groups extends Array {})()],
    ['of a class that extends null', () => runInNewContext('Object.create((class extends null {}).prototype)')],
    ['of no class, with a prototype of its own', () => Object.create({}, {})],
    ['of no class, with a prototype that has none', () => Object.create(Object.create(null, fakes))],
    ['of no class, with a prototype that names Object', () => Object.create({ constructor: Object, isBlocked: true })],
    ['of a Date with another prototype', () => Object.setPrototypeOf(new Date(0), Account.prototype)],
    ['of a class that calls itself Date', () => new ({ Date: class Date extends Account {} }).Date()],
    ['of a class that is named like a Map of another realm', () => new (runInNewContext('(class Map {})'))()],
    ['of a class of another realm', () => runInNewContext('new (class Account { get isBlocked() { return true } })()')],
    ['of a class of another realm that extends Date', () => runInNewContext('new (class Day extends Date {})()')],
    ['of RegExp', () => /a/],
    ['of Error', () => new Error('x')],
    ['of Promise', () => Promise.resolve(1)],
    ['of Uint8Array', () => new Uint8Array(4)],
    ['of Buffer', () => Buffer.from('a')],
    ['of ArrayBuffer', () => new ArrayBuffer(4)],
    ['of WeakMap', () => new WeakMap()],
    ['of String', () => new String('a')],
    ['of a generator', () => (function* numbers() {})()],
    ['that is no Map, though it inherits from one', () => Object.create(Map.prototype)],
    ['that is no Set, though it inherits from one', () => Object.create(Set.prototype)],
  ])('is refused: one %s', async (_, make) => {
    for (const put of [(value: unknown) => ({ value }), (value: unknown) => ({ list: [[[[[value]]]]] })]) {
      await expectUnavailable(verifierOf(() => put(make())).verifyToken(), 'claims_schema_unavailable')
    }
    await expectUnavailable(verifierOf(make).verifyToken(), 'claims_schema_unavailable')
  })
})

describe('plain data passes', () => {
  it.each<[string, () => Output]>([
    ['objects and lists', () => ({ a: { b: [{ c: [] }, [1]] } })],
    ['every primitive', () => ({ list: ['a', 1, 1.5, Number.NaN, true, null, undefined, 10n, Symbol.iterator] })],
    ['objects without a prototype', () => Object.assign(Object.create(null), { inner: Object.create(null) })],
    ['objects and lists of another realm', () => runInNewContext('({ a: { b: [1, { c: Object.create(null) }] } })')],
    ['frozen objects', () => Object.freeze({ a: Object.freeze([Object.freeze({})]) }) as Output],
    ['parts of the token’s own claims', () => ({})],
  ])('%s', async (_, make) => {
    const { verifyToken, validate } = verifierOf((claims) => ({ ...make(), own: claims }))
    const { claims } = await verifyToken()
    expect(claims).toMatchObject({ ...make(), sub: 'alice' })
    expect((await verifyToken()).claims).toBe(claims)
    expect(validate).toHaveBeenCalledTimes(1)
  })

  it('frozen, at every depth, also what a loop does not see', async () => {
    const hidden = { list: [] }
    const claims = await claimsOf(() => ({
      a: { b: [{ c: {} }] },
      inner: Object.defineProperty({}, 'hidden', { value: hidden }),
    }))
    const { b } = claims.a as { b: { c: object }[] }
    for (const part of [claims, claims.a, b, b[0], b[0]?.c, hidden, hidden.list])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it.each(['objects', 'lists', 'Maps'])('nested fifty thousand times: %s', async (kind) => {
    const wrap = {
      objects: (inner: unknown) => ({ inner }),
      lists: (inner: unknown) => [inner],
      Maps: (inner: unknown) => new Map([[1, inner]]),
    }[kind]
    const { verifyToken } = verifierOf(() => {
      let deep: unknown = 1
      for (let depth = 0; depth < 50_000; depth++) deep = wrap?.(deep)
      return { deep }
    })
    expect((await verifyToken()).claims.sub).toBe('alice')
  })

  it('that refers to itself', async () => {
    const { verifyToken, validate } = verifierOf(() => {
      const self: Output = { list: [] }
      self.self = self
      ;(self.list as unknown[]).push(self, self.list)
      return { self }
    })
    const self = (await verifyToken()).claims.self as Output
    expect(self.self).toBe(self)
    expect(Object.isFrozen(self.list)).toBe(true)
    await verifyToken()
    expect(validate).toHaveBeenCalledTimes(1)
  })
})

describe('what cannot be frozen is made anew for each request', () => {
  it.each<[string, () => unknown]>([
    ['a Date', () => new Date(0)],
    ['a URL', () => new URL('https://a.example')],
    ['a Map', () => new Map([['a', 1]])],
    ['a Set', () => new Set(['a'])],
    ['a function', () => () => true],
    ['a class', () => Account],
    ['a Date of another realm', () => runInNewContext('new Date(0)')],
    ['a Map of another realm', () => runInNewContext('new Map([[1, { a: [] }]])')],
    ['a Set of another realm', () => runInNewContext('new Set([1])')],
  ])('%s, wherever it is', async (_, make) => {
    for (const [, put] of places) {
      const { verifyToken, validate } = verifierOf(() => put(make()))
      const [first, second] = [await verifyToken(), await verifyToken()]
      expect(second.claims).not.toBe(first.claims)
      expect(validate).toHaveBeenCalledTimes(2)
    }
  })

  const levels = {
    'at the top': (state: object) => state,
    'further in': (state: object) => ({ inner: state }),
    'in a list': (state: object) => ({ list: [{ inner: state }] }),
  }
  it.each(Object.entries(levels))(
    'state behind an accessor or a symbol does not reach the next request, %s',
    async (_, put) => {
      const key = Symbol('state')
      const hidden = [
        (state: object) => ({ [key]: state }),
        (state: object) => ({
          get state() {
            return state
          },
        }),
      ]
      for (const hide of hidden) {
        const { verifyToken, validate } = verifierOf(() => put(hide({ count: 0 })))
        const stateOf = ({ claims }: { readonly claims: Output }) => {
          const holder = (claims.inner ?? (claims.list as Output[] | undefined)?.[0]?.inner ?? claims) as Output
          return (holder[key] ?? holder.state) as { count: number }
        }
        stateOf(await verifyToken()).count = 7
        expect(stateOf(await verifyToken()).count).toBe(0)
        expect(validate).toHaveBeenCalledTimes(2)
      }
    },
  )

  it('members under symbols and accessors are there', async () => {
    const key = Symbol('key')
    const claims = await claimsOf(() => ({
      [key]: 1,
      get two() {
        return 2
      },
      inner: {
        [key]: 3,
        get four() {
          return 4
        },
      },
    }))
    const inner = claims.inner as Output
    expect([claims[key], claims.two, inner[key], inner.four]).toEqual([1, 2, 3, 4])
  })

  it('also for requests that join the same verification', async () => {
    const slow = keyFor('ES384')
    const claims = z.object({ iat: z.number() }).transform(({ iat }) => ({ issued: new Date(iat * 1000) }))
    const { verifyToken } = createVerifier({
      issuer: oidc({ issuer, audience, jwks: { keys: [slow.publicJwk] } }),
      clock: createTestClock(),
      claims,
    })
    const token = createToken({ key: slow })
    const dates = (await Promise.all([1, 2, 3].map(() => verifyToken(token)))).map((auth) => auth.claims.issued)
    expect(new Set(dates).size).toBe(3)
  })
})

describe('what throws or never ends is a broken schema', () => {
  const broken = new Error('broken')
  const fail = () => {
    throw broken
  }

  const reading = ['getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor'] as const
  it.each([...reading, 'preventExtensions', 'get'] as const)('a proxy whose %s throws', async (trap) => {
    const odd = () => new Proxy({ a: 1 }, { [trap]: fail })
    // The object at the top is copied, and a Set is not frozen.
    const more = (reading as readonly string[]).includes(trap) ? [odd, () => ({ list: [new Set([odd()])] })] : []
    for (const make of [() => ({ inner: odd() }), ...more]) {
      const error = await expectUnavailable(verifierOf(make).verifyToken(), 'claims_schema_unavailable')
      expect(error.details.cause).toBe(broken)
    }
  })

  it('a proxy that was revoked', async () => {
    const make = () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    }
    for (const output of [make, () => ({ inner: make() })])
      await expectUnavailable(verifierOf(output).verifyToken(), 'claims_schema_unavailable')
  })

  it.each<[string, () => object]>([
    ['at the top', () => Object.defineProperty({}, 'x', { get: fail, enumerable: true })],
    ['further in', () => ({ inner: [Object.defineProperty({}, 'x', { get: fail })] })],
  ])('an accessor that throws, %s', async (_, make) => {
    const error = await expectUnavailable(verifierOf(make).verifyToken(), 'claims_schema_unavailable')
    expect(error.details.cause).toBe(broken)
  })

  it('accessors that lead on for ever', async () => {
    const endless = (): object => ({
      get left() {
        return endless()
      },
      get right() {
        return endless()
      },
    })
    const error = await expectUnavailable(verifierOf(endless).verifyToken(), 'claims_schema_unavailable')
    expect(error.hint).toBe('the claims schema puts out more than 100000 objects')
  })

  it('an accessor in the place of a registered claim is never read', async () => {
    const claims = await claimsOf(() => Object.defineProperty({}, 'sub', { get: fail, enumerable: true }))
    expect(claims.sub).toBe('alice')
  })
})

it('what a polluted Object.prototype has is not the schema’s', async () => {
  const { verifyToken } = verifierOf(() => ({ inner: {} }))
  // Not enumerable: with one that is, no token is verified at all.
  const accessor = { get: () => new Account(), set() {}, configurable: true }
  Reflect.defineProperty(Object.prototype, 'polluted', accessor)
  const { claims } = await verifyToken().finally(() => Reflect.deleteProperty(Object.prototype, 'polluted'))
  expect(claims).toMatchObject({ inner: {}, sub: 'alice' })
})

it('a proxy that shows a plain member first and an instance later is refused', () => {
  class Instance {}
  let reads = 0
  const twoFaced = new Proxy(
    { member: new Instance() },
    { get: (target, name) => (reads++ === 0 ? {} : (Reflect.get(target, name) as unknown)) },
  )
  expect(() => {
    const frozen = freezeOutput({ twoFaced })
    if ('hint' in frozen) throw new TypeError(frozen.hint)
  }).toThrow(TypeError)
})
