// Decisions that lie, change, or carry more than they should: none of them may allow by accident.
import type { Decision, Policy } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { toPolicy } from '../../src/policy/policy.ts'
import { allowed, decisionOfFunction, decisionOfPolicy, undecided } from './answers.ts'

const malformedRequirements: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a word', 'orders'],
  ['something like a list', { length: 1, 0: { kind: 'scope', scopes: ['a'] } }],
  ['a list of words', ['orders']],
  ['a list of null', [null]],
  ['a list with a hole', new Array(1)],
  ['another kind', [{ kind: 'role', scopes: ['a'] }]],
  ['no kind', [{ scopes: ['a'] }]],
  ['no scopes', [{ kind: 'scope' }]],
  ['scopes in one word', [{ kind: 'scope', scopes: 'a' }]],
  ['scopes that are none', [{ kind: 'scope', scopes: [] }]],
  ['acr values that are none', [{ kind: 'step-up', acrValues: [] }]],
  ['acr values that are none beside an age', [{ kind: 'step-up', acrValues: [], maxAgeSeconds: 60 }]],
  ['no type of a grant', [{ kind: 'authorization-details', types: [] }]],
  ['a scope that is a number', [{ kind: 'scope', scopes: [1] }]],
  ['a scope that is empty', [{ kind: 'scope', scopes: [''] }]],
  ['a scope that is two', [{ kind: 'scope', scopes: ['a b'] }]],
  ['a scope that leaves its quotes', [{ kind: 'scope', scopes: ['a", error="x'] }]],
  ['a scope with a line break', [{ kind: 'scope', scopes: ['ok', 'a\r\nSet-Cookie:x=1'] }]],
  ['a second entry that is wrong', [{ kind: 'scope', scopes: ['a'] }, {}]],
]

describe('a hostile decision', () => {
  /** A decision whose effect is the next of `effects` at each reading. */
  function fickle(...effects: readonly string[]): { reads: number } {
    return {
      reads: 0,
      get effect() {
        return effects[this.reads++] ?? 'allow'
      },
    } as { reads: number }
  }

  it('is read once and copied, so that it cannot change its mind', () => {
    const answer = fickle('deny', 'allow')
    const decision = decisionOfPolicy(answer)
    expect(answer.reads).toBe(1)
    expect(decision).toEqual({ effect: 'deny' })
    expect(decisionOfPolicy(fickle('maybe', 'allow'))).toEqual(undecided)
  })

  it('changed by who made it, or by who reads it, changes nothing for the next', () => {
    const made: { effect: string; missing: { kind: string; scopes: string[] }[] } = {
      effect: 'deny',
      missing: [{ kind: 'scope', scopes: ['a'] }],
    }
    const first = decisionOfPolicy(made) as { effect: string; missing: { scopes: string[] }[] }
    first.effect = 'allow'
    first.missing[0]?.scopes.push('b')
    expect(decisionOfPolicy(made)).toEqual({ effect: 'deny', missing: [{ kind: 'scope', scopes: ['a'] }] })
    const second = decisionOfPolicy(made)
    made.effect = 'allow'
    made.missing.length = 0
    expect(second).toEqual({ effect: 'deny', missing: [{ kind: 'scope', scopes: ['a'] }] })
  })

  it('inherited by every object allows nothing', () => {
    const polluted = Object.prototype as { effect?: string }
    polluted.effect = 'allow'
    try {
      for (const answer of [{}, [], new Error('no'), Object.create({})]) {
        expect((decisionOfPolicy(answer) as Decision).effect).toBe('indeterminate')
        expect((decisionOfFunction(answer) as Decision).effect).toBe('indeterminate')
      }
    } finally {
      delete polluted.effect
    }
  })

  it('behind a proxy counts for what it answers, and for nothing when it throws', async () => {
    const fail = () => {
      throw new TypeError('trap')
    }
    expect(decisionOfPolicy(new Proxy({ effect: 'deny' }, {}))).toEqual({ effect: 'deny' })
    expect(decisionOfPolicy(new Proxy({ effect: 'deny' }, { get: () => 'maybe' }))).toEqual(undecided)
    expect(decisionOfPolicy(new Proxy({}, { get: (_, name) => (name === 'effect' ? 'allow' : undefined) }))).toEqual(
      undecided,
    )
    expect(decisionOfPolicy(new Proxy({ effect: 'allow' }, { get: fail }))).toEqual(undecided)
    expect(decisionOfPolicy(new Proxy({ effect: 'allow' }, { getOwnPropertyDescriptor: fail }))).toEqual(undecided)
    expect(decisionOfPolicy(new Proxy({ effect: 'allow' }, { has: fail }))).toEqual(undecided)
    const revocable = Proxy.revocable({ effect: 'allow' }, {})
    revocable.revoke()
    expect(decisionOfPolicy(revocable.proxy)).toEqual(undecided)
    expect(await decisionOfFunction(Promise.resolve(true).then(() => revocable.proxy))).toEqual(undecided)
  })

  it.each(malformedRequirements)('is indeterminate when what it finds missing is %s', (_, missing) => {
    expect(decisionOfPolicy({ effect: 'deny', missing })).toEqual(undecided)
    expect(decisionOfFunction({ effect: 'deny', missing })).toEqual(undecided)
  })

  it.each(malformedRequirements)('is no policy when what it requires is %s', (_, requires) => {
    expect(() => toPolicy({ id: 'x', requires, evaluate: () => allowed } as Policy)).toThrow(TypeError)
  })
})
