// What counts as a policy, and what counts as its answer: nothing but `true` and an `allow` decision ever allows.
import {
  allOf,
  anyOf,
  type Decision,
  not,
  type Policy,
  type PolicyLike,
  policy,
  when,
  withoutDefaultPolicy,
  withTimeout,
} from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { evaluate, toPolicy } from '../../src/policy/policy.ts'
import { allowed, decisionOfFunction, decisionOfPolicy, query, undecided } from './answers.ts'

const junk: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['1', 1],
  ['0', 0],
  ['the word yes', 'yes'],
  ['the word true', 'true'],
  ['the word allow', 'allow'],
  ['a symbol', Symbol('allow')],
  ['a bigint', 1n],
  ['an empty object', {}],
  ['an empty list', []],
  ['a list of an allowance', [{ effect: 'allow' }]],
  ['a function', () => true],
  ['a function with an effect', Object.assign(() => true, { effect: 'allow' })],
  ['a Boolean object', new Boolean(true)],
  ['an unknown effect', { effect: 'permit' }],
  ['an effect in capitals', { effect: 'ALLOW' }],
  ['an effect that is true', { effect: true }],
  ['an effect in a list', { effect: ['allow'] }],
  ['an effect that becomes a word', { effect: { toString: () => 'allow' } }],
  ['an engine answer', { allow: true, decision: true, result: true }],
  ['an inherited allowance', Object.create({ effect: 'allow' })],
  ['an inherited denial', Object.create({ effect: 'deny' })],
]

describe('an answer', () => {
  it('allows when it is true or an allow decision', () => {
    expect(decisionOfFunction(true)).toEqual({ effect: 'allow' })
    expect(decisionOfFunction({ effect: 'allow' })).toEqual({ effect: 'allow' })
    expect(decisionOfPolicy({ effect: 'allow' })).toEqual({ effect: 'allow' })
    expect(decisionOfPolicy(Object.freeze({ effect: 'allow' }))).toEqual({ effect: 'allow' })
  })

  it('denies when it is false or a deny decision', () => {
    expect(decisionOfFunction(false)).toEqual({ effect: 'deny' })
    expect(decisionOfFunction({ effect: 'deny' })).toEqual({ effect: 'deny' })
    expect(decisionOfPolicy({ effect: 'deny' })).toEqual({ effect: 'deny' })
    const missing = [{ kind: 'scope', scopes: ['a', 'b'] }]
    expect(decisionOfPolicy({ effect: 'deny', missing })).toEqual({ effect: 'deny', missing })
    expect(decisionOfPolicy({ effect: 'deny', missing: [] })).toEqual({ effect: 'deny', missing: [] })
  })

  it('is indeterminate when it says so, and keeps the cause', () => {
    const cause = new Error('the group list is incomplete')
    expect(decisionOfPolicy({ effect: 'indeterminate', cause })).toEqual({ effect: 'indeterminate', cause })
    expect(decisionOfFunction({ effect: 'indeterminate' })).toEqual({ effect: 'indeterminate' })
  })

  it.each(junk)('is indeterminate when it is %s', async (_, answer) => {
    const cause = new TypeError('A policy answered neither true, false nor a decision.')
    const noAnswer = { effect: 'indeterminate', cause }
    expect(decisionOfPolicy(answer)).toEqual(noAnswer)
    expect(decisionOfFunction(answer)).toEqual(noAnswer)
    expect(await decisionOfPolicy(Promise.resolve(answer))).toEqual(noAnswer)
    expect(await decisionOfFunction(Promise.resolve(answer))).toEqual(noAnswer)
    expect(
      evaluate(
        policy('named', () => answer as boolean),
        query,
      ),
    ).toEqual(noAnswer)
  })

  it('of a policy object is a decision: booleans are for functions', () => {
    expect(decisionOfPolicy(true)).toEqual(undecided)
    expect(decisionOfPolicy(false)).toEqual(undecided)
  })

  it('is indeterminate when the policy throws or rejects, whatever it throws', async () => {
    for (const cause of [new Error('down'), 'allow', true, undefined, { effect: 'allow' }]) {
      const throws: PolicyLike = () => {
        throw cause
      }
      expect(evaluate(toPolicy(throws), query)).toEqual({ effect: 'indeterminate', cause })
      expect(await decisionOfPolicy(Promise.reject(cause))).toEqual({ effect: 'indeterminate', cause })
      expect(await decisionOfFunction(Promise.reject(cause))).toEqual({ effect: 'indeterminate', cause })
    }
  })

  it('says in the cause what a list of scopes should look like', () => {
    const { cause } = decisionOfPolicy({ effect: 'deny', missing: 'a' }) as { cause?: Error }
    expect(cause?.message).toContain("[{ kind: 'scope', scopes: ['Orders.Read'] }]")
  })

  it('comes at once when the policy answers at once, and later when it answers later', async () => {
    expect(decisionOfPolicy({ effect: 'allow' })).not.toBeInstanceOf(Promise)
    expect(decisionOfFunction(true)).not.toBeInstanceOf(Promise)
    expect(policy('now', () => true).evaluate(query)).toEqual({ effect: 'allow' })
    for (const later of [
      decisionOfPolicy(Promise.resolve({ effect: 'allow' })),
      decisionOfFunction(Promise.resolve(true)),
    ]) {
      expect(later).toBeInstanceOf(Promise)
      expect(await later).toEqual({ effect: 'allow' })
    }
  })
})

describe('a policy', () => {
  it('has the name that it was given', () => {
    expect(policy('owner', () => true).id).toBe('owner')
    expect(policy('owner', () => true).requires).toBeUndefined()
  })

  it('is asked with the caller and the resource', () => {
    const asked: unknown[] = []
    const listens = policy('listens', (query) => asked.push(query) > 0)
    const anything = { auth: { name: 'alice' }, resource: { owner: 'bob' } }
    expect(evaluate(listens, anything)).toEqual(allowed)
    expect(asked).toEqual([anything])
  })

  it('made of a function takes its name', () => {
    function businessHours(): boolean {
      return true
    }
    expect(toPolicy(businessHours).id).toBe('businessHours')
    expect(toPolicy(() => true).id).toBe('function')
  })

  it('that is an object stays what it is, and is asked as itself', () => {
    const requires = [{ kind: 'scope', scopes: ['a'] }] as const
    class Quota implements Policy {
      readonly id = 'quota'
      readonly requires = requires
      #left = 1
      evaluate = (): Decision => ({ effect: this.#left-- > 0 ? 'allow' : 'deny' })
    }
    const quota = new Quota()
    expect(toPolicy(quota)).toBe(quota)
    expect([evaluate(quota, query), evaluate(quota, query)]).toEqual([{ effect: 'allow' }, { effect: 'deny' }])
    const byMethod = {
      id: 'method',
      verdict: 'allow' as const,
      evaluate(): Decision {
        return { effect: this.verdict }
      },
    }
    expect(evaluate(byMethod, query)).toEqual(allowed)
  })

  it('that is a class and not its instance does not allow', () => {
    class Forgotten {
      readonly effect = 'allow'
    }
    const decision = evaluate(toPolicy(Forgotten as unknown as PolicyLike), query)
    expect(decision).toEqual(undecided)
  })

  it.each([
    ['null', null],
    ['true', true],
    ['a name', 'scope(a)'],
    ['a number', 1],
    ['a list of policies', [() => true]],
    ['an object without evaluate()', { id: 'x' }],
    ['an object whose evaluate is no function', { id: 'x', evaluate: true }],
    ['a decision', { effect: 'allow' }],
  ])('is not %s', (_, like) => {
    expect(() => toPolicy(like as unknown as PolicyLike)).toThrow(/must be an object with evaluate\(\).*or a function/)
  })

  // As a misspelt name in a module of policies is, in JavaScript.
  const misspelt = undefined as unknown as PolicyLike
  const good = () => true

  it.each<[string, () => unknown]>([
    ['allOf', () => allOf(good, misspelt)],
    ['allOf, alone', () => allOf(misspelt)],
    ['anyOf', () => anyOf(good, misspelt)],
    ['not', () => not(misspelt)],
    ['when, as the condition', () => when(misspelt, good)],
    ['when', () => when(good, misspelt)],
    ['withTimeout', () => withTimeout(50, misspelt)],
    ['withoutDefaultPolicy', () => withoutDefaultPolicy(misspelt)],
    ['evaluate', () => evaluate(misspelt, query)],
  ])('is missed at once where undefined is given in its place: %s', (_, make) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^The policy is undefined: /)
  })

  it('takes no option that it would ignore', () => {
    const make = policy as (...args: readonly unknown[]) => unknown
    const misnamed = new TypeError('policy() has no option mayveto. It has: mayVeto.')
    expect(() => make('owner', good, { mayveto: true })).toThrow(misnamed)
    expect(() => make('owner', good, { mayVeto: 'no' })).toThrow(
      new TypeError("mayVeto must be true or false, not 'no'."),
    )
    for (const wrong of [null, true, good, 'mayVeto'])
      expect(() => make('owner', good, wrong)).toThrow(new TypeError('policy() needs an options object, a plain one.'))
  })

  it('needs a name and a function', () => {
    for (const name of ['', undefined, 1, () => true]) {
      expect(() => policy(name as string, () => true)).toThrow(/^policy\(\) needs a name/)
    }
    for (const decides of [undefined, null, true, { evaluate: () => true }]) {
      expect(() => policy('owner', decides as unknown as () => true)).toThrow(/^policy\('owner'\) needs a function/)
    }
    expect(() => policy('', () => true)).toThrow(TypeError)
    expect(() => policy('x', 1 as never)).toThrow(TypeError)
  })
})
