// The rule about a claim: exact comparison, own members only, and a path that is taken literally.
import { runInNewContext } from 'node:vm'
import { claim, type Decision, not } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/policy/policy.ts'
import { allowed, denied, undecided } from './answers.ts'
import { asking } from './callers.ts'

/** What a rule about claims decides on a payload, given as the JSON text that a token carries. */
function onClaims(rule: ReturnType<typeof claim>, json: string): Decision | Promise<Decision> {
  return evaluate(rule, { auth: { claims: JSON.parse(json) as object }, resource: undefined })
}

describe('claim with a value', () => {
  it.each([
    ['admin', '"admin"'],
    ['admin', '["user", "admin"]'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [1, '1'],
    [2, '[1, 2]'],
    ['', '""'],
  ])('%j allows when the claim is or holds it: %s', (expected, json) => {
    expect(onClaims(claim('x', expected), `{"x":${json}}`)).toEqual(allowed)
  })

  it.each([
    ['admin', '"super admin"'],
    ['admin', '"administrator"'],
    ['admin', '"Admin"'],
    ['admin', '["super admin"]'],
    ['admin', '[["admin"]]'],
    ['admin', '{"admin":true}'],
    ['admin', '{"0":"admin","length":1}'],
    ['a', '"a b"'],
    [true, '"true"'],
    [true, '1'],
    [1, '"1"'],
    [1, 'true'],
    [0, 'false'],
    [0, 'null'],
    [0, '[]'],
    [false, 'null'],
    ['', 'null'],
    ['', '[]'],
    ['undefined', 'null'],
  ])('%j denies when the claim only resembles it: %s', (expected, json) => {
    expect(onClaims(claim('x', expected), `{"x":${json}}`)).toEqual(denied)
  })

  it('denies when the claim is absent', () => {
    expect(onClaims(claim('x', 'admin'), '{}')).toEqual(denied)
    expect(onClaims(claim('x', false), '{"y":false}')).toEqual(denied)
    expect(onClaims(claim('x', 'undefined'), '{}')).toEqual(denied)
  })

  it.each([undefined, null, ['a'], {}, 1n, Symbol('a')])('cannot compare with %s', (expected) => {
    expect(() => claim('x', expected as unknown as string)).toThrow(
      new TypeError('claim() needs a string, number, boolean, function or schema to compare with.'),
    )
  })
})

describe('the claim that groups are read from', () => {
  const incomplete = { effect: 'indeterminate', kind: 'incomplete', cause: expect.any(Error) as unknown }
  /** A caller whose groups are read from `crew`. */
  const inCrew = (crew: unknown, complete: boolean, values: readonly string[] = Array.isArray(crew) ? crew : []) =>
    asking({ groups: { values, complete, claim: 'crew' } }, { claims: { crew, teams: ['a'] } })
  const paths = [{ path: 'crew' }, { path: ['crew'] }, { path: ['crew', '0'] }] as const

  it.each(paths)('proves nothing by what it lacks, unless it is complete: %j', ({ path }) => {
    for (const crew of [['a'], [], undefined]) {
      expect(evaluate(claim(path, 'b'), inCrew(crew, false))).toEqual(incomplete)
      expect(evaluate(not(claim(path, 'b')), inCrew(crew, false))).toEqual(incomplete)
      expect(evaluate(claim(path, 'b'), inCrew(crew, true))).toEqual(denied)
      expect(evaluate(not(claim(path, 'b')), inCrew(crew, true))).toEqual(allowed)
    }
  })

  it('proves all that it lists', () => {
    expect(evaluate(claim('crew', 'a'), inCrew(['a'], false))).toEqual(allowed)
    expect(evaluate(not(claim('crew', 'a')), inCrew(['a'], false))).toEqual(denied)
  })

  it('cannot tell of a group that was found elsewhere, or that is written in another way', () => {
    expect(evaluate(not(claim('crew', 'b')), inCrew(['a'], true, ['a', 'b']))).toEqual(incomplete)
    expect(evaluate(not(claim('crew', 'b')), inCrew([{ value: 'b' }], true, ['b']))).toEqual(incomplete)
  })

  it('is compared without regard to case for ids that are GUIDs, and exactly for all others', () => {
    const guid = '0f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b'
    for (const [wanted, held] of [
      [guid.toUpperCase(), guid],
      [guid, guid.toUpperCase()],
    ] as const) {
      for (const crew of [['a', held], held]) {
        for (const complete of [true, false]) {
          const caller = inCrew(crew, complete, [held])
          expect(evaluate(claim('crew', wanted), caller)).toEqual(allowed)
          expect(evaluate(not(claim('crew', wanted)), caller)).toEqual(denied)
        }
      }
      expect(evaluate(not(claim('crew', wanted)), inCrew(['a'], true, ['a', held]))).toEqual(incomplete)
      expect(evaluate(claim('teams', wanted), asking({}, { claims: { teams: [held] } }))).toEqual(denied)
    }
    expect(evaluate(claim('crew', 'A'), inCrew(['a'], true))).toEqual(denied)
  })

  it('is asked by a function or a schema as it is: the answer is theirs', () => {
    const lacks = (value: unknown) => !(Array.isArray(value) && value.includes('b'))
    expect(evaluate(claim('crew', lacks), inCrew(['a'], false))).toEqual(allowed)
    expect(evaluate(not(claim('crew', (value) => !lacks(value))), inCrew(['a'], false))).toEqual(allowed)
  })

  it('is no other claim, and one of no other caller', () => {
    expect(evaluate(claim('teams', 'b'), inCrew(['a'], false))).toEqual(denied)
    expect(evaluate(claim(['teams', 'crew'], 'b'), inCrew(['a'], false))).toEqual(denied)
    expect(evaluate(claim('crew', 'b'), asking({ groups: { values: [], complete: false } }))).toEqual(denied)
    for (const auth of [{ claims: {} }, { claims: {}, principal: undefined }, { claims: {}, principal: {} }])
      expect(evaluate(claim('crew', 'b'), { auth, resource: undefined })).toEqual(denied)
  })
})

describe('the path of a claim', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    'named %s leads to what the token carries, never to what objects inherit',
    (name) => {
      const present = claim(name, (value) => value !== undefined)
      expect(onClaims(present, '{}')).toEqual(denied)
      expect(onClaims(present, `{${JSON.stringify(name)}:"sent"}`)).toEqual(allowed)
      expect(
        onClaims(
          claim(['x', name], (value) => value !== undefined),
          '{"x":{}}',
        ),
      ).toEqual(denied)
      expect(onClaims(claim(['x', name], 'sent'), `{"x":{${JSON.stringify(name)}:"sent"}}`)).toEqual(allowed)
    },
  )

  it('does not climb to a prototype', () => {
    const named = (value: unknown) => value === 'Object'
    expect(onClaims(claim(['constructor', 'name'], named), '{}')).toEqual(denied)
    expect(onClaims(claim(['__proto__', 'admin'], true), '{"__proto__":{"admin":true}}')).toEqual(allowed)
    expect(onClaims(claim('admin', true), '{"__proto__":{"admin":true}}')).toEqual(denied)
  })

  it('of several names leads into nested objects', () => {
    const rule = claim(['realm_access', 'roles', 'main'], 'admin')
    expect(onClaims(rule, '{"realm_access":{"roles":{"main":["admin"]}}}')).toEqual(allowed)
    for (const json of [
      '{"realm_access":{"roles":{}}}',
      '{"realm_access":{"roles":null}}',
      '{"realm_access":{"roles":"admin"}}',
      '{"realm_access":"admin"}',
      '{"realm_access":null}',
      '{"roles":{"main":["admin"]}}',
      '{"realm_access.roles.main":["admin"]}',
      '{}',
    ]) {
      expect(onClaims(rule, json)).toEqual(denied)
    }
  })

  it('leads into no string and no number', () => {
    expect(onClaims(claim(['x', '0'], 'a'), '{"x":"admin"}')).toEqual(denied)
    expect(onClaims(claim(['x', 'length'], 5), '{"x":"admin"}')).toEqual(denied)
  })

  it.each(['https://example.com/roles', 'a.b', 'a/b', 'cognito:groups', ' ', 'x[0]', '$.x'])(
    'takes the name %j literally',
    (name) => {
      expect(onClaims(claim(name, 'admin'), JSON.stringify({ [name]: 'admin' }))).toEqual(allowed)
      expect(onClaims(claim(name, 'admin'), '{"a":{"b":"admin"},"x":["admin"]}')).toEqual(denied)
    },
  )

  it('names the rule', () => {
    expect(claim('email_verified', true).id).toBe('claim(email_verified)')
    expect(claim(['address', 'country'], () => true).id).toBe('claim(address.country)')
    expect(claim('x', 1).requires).toBeUndefined()
  })

  it('is read when the rule is made', () => {
    const path: [string, ...string[]] = ['x', 'y']
    const rule = claim(path, (value) => value === 1)
    path.length = 1
    expect(onClaims(rule, '{"x":{"y":1}}')).toEqual(allowed)
  })

  it.each([undefined, null, 1, {}, [], [1], ['x', 1], ['x', undefined], [['x']]])('cannot be %j', (path) => {
    expect(() => claim(path as unknown as string, 1)).toThrow(new TypeError('claim() needs the name of a claim.'))
    expect(() => claim(path as unknown as string, () => true)).toThrow(TypeError)
  })
})

describe('claim with a predicate', () => {
  it('is given the value, or undefined when there is none', () => {
    const given: unknown[] = []
    const rule = claim(['x', 'y'], (value) => given.push(value) > 0)
    for (const json of ['{"x":{"y":[1]}}', '{"x":{"y":null}}', '{"x":{}}', '{}']) void onClaims(rule, json)
    expect(given).toEqual([[1], null, undefined, undefined])
  })

  it('decides by true and false, at once or later', async () => {
    const isSwiss = (value: unknown) => value === 'CH'
    expect(onClaims(claim('country', isSwiss), '{"country":"CH"}')).toEqual(allowed)
    expect(onClaims(claim('country', isSwiss), '{"country":"XX"}')).toEqual(denied)
    const later = onClaims(
      claim('country', async (value) => isSwiss(value)),
      '{"country":"CH"}',
    )
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toEqual(allowed)
    expect(
      await onClaims(
        claim('country', async (value) => isSwiss(value)),
        '{}',
      ),
    ).toEqual(denied)
  })

  it('cannot tell when it throws or rejects', async () => {
    const cause = new Error('down')
    const throws = () => {
      throw cause
    }
    expect(onClaims(claim('x', throws), '{}')).toEqual({ effect: 'indeterminate', cause })
    expect(
      await onClaims(
        claim('x', () => Promise.reject(cause)),
        '{}',
      ),
    ).toEqual({ effect: 'indeterminate', cause })
  })

  it.each(['"yes"', '1', '{}', '[]', '[true]', 'null', '{"effect":"allow"}', '{"effect":"deny"}', '"allow"'])(
    'that hands back the claim does not let the claim decide: %s',
    async (json) => {
      const undecided = { effect: 'indeterminate', cause: new TypeError('A policy answered neither true nor false.') }
      const value = (given: unknown) => given as boolean
      expect(onClaims(claim('x', value), `{"x":${json}}`)).toEqual(undecided)
      expect(
        await onClaims(
          claim('x', async (given) => value(given)),
          `{"x":${json}}`,
        ),
      ).toEqual(undecided)
    },
  )
})

describe('claim about what a schema puts out besides plain data', () => {
  const claims = {
    tags: new Set(['blocked']),
    flags: new Map([['blocked', true]]),
    since: new Date(0),
    home: new URL('http://a.example'),
    check: Object.assign(() => true, { blocked: true }),
    foreign: runInNewContext('new Set(["blocked"])') as object,
    inner: { list: [], flags: new Map([['blocked', true]]) },
  }
  const decisionOn = (rule: ReturnType<typeof claim>) => evaluate(rule, { auth: { claims }, resource: undefined })

  it.each([
    [['tags'], 'blocked'],
    [['foreign'], 'blocked'],
    [['flags', 'blocked'], true],
    [['inner', 'flags', 'blocked'], true],
    [['since'], 0],
    [['home', 'protocol'], 'http:'],
    [['home'], 'http://a.example/'],
    [['check'], true],
    [['check', 'blocked'], true],
  ] as const)('cannot tell whether %j is %j, not even turned round', (path, expected) => {
    const rule = claim(path, expected)
    expect(decisionOn(rule)).toEqual(undecided)
    expect(decisionOn(not(rule))).toEqual(undecided)
  })

  it('hands it to a function', () => {
    expect(decisionOn(claim('tags', (tags) => (tags as Set<string>).has('blocked')))).toEqual(allowed)
    expect(decisionOn(claim(['inner', 'flags'], (flags) => (flags as Map<string, boolean>).size === 1))).toEqual(
      allowed,
    )
  })
})
