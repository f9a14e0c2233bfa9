// Policies made of policies: who is asked and in what order, what a denial then tells the client, and what is required.
import { allOf, anyOf, type Decision, not, type Policy, role, scope, type Requirement } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/policy/policy.ts'
import { allowed, denied, query } from './answers.ts'

const unsure: Decision = { effect: 'indeterminate', cause: 'down' }

function needs(...scopes: readonly string[]): readonly Requirement[] {
  return [{ kind: 'scope', scopes }]
}

function lacking(...scopes: readonly string[]): Decision {
  return { effect: 'deny', missing: needs(...scopes) }
}

/** A policy that notes in `asked` that it was asked. */
function member(id: string, decision: Decision, asked: string[] = [], requires?: readonly Requirement[]): Policy {
  const evaluate = () => {
    asked.push(id)
    return decision
  }
  return { id, evaluate, ...(requires && { requires }) }
}

/** The same, answering later. */
function lateMember(id: string, decision: Decision, asked: string[] = [], requires?: readonly Requirement[]): Policy {
  const { evaluate, ...rest } = member(id, decision, asked, requires)
  return { ...rest, evaluate: async (query) => evaluate(query) }
}

describe.each([
  ['at once', member],
  ['later', lateMember],
])('with members that answer %s', (_, make) => {
  it('allOf asks all from left to right, and allows when all allow', async () => {
    const asked: string[] = []
    const policy = allOf(make('a', allowed, asked), make('b', allowed, asked), make('c', allowed, asked))
    expect(await evaluate(policy, query)).toEqual(allowed)
    expect(asked).toEqual(['a', 'b', 'c'])
  })

  it('allOf asks only members that declare what they require once one has denied', async () => {
    const asked: string[] = []
    const policy = allOf(
      make('before', allowed, asked),
      make('denies', lacking('a'), asked),
      make('silent', allowed, asked),
      make('declares', lacking('b'), asked, needs('b')),
      make('silent too', denied, asked),
      make('declares too', allowed, asked, needs('c')),
    )
    expect(await evaluate(policy, query)).toEqual({ effect: 'deny', missing: [...needs('a'), ...needs('b')] })
    expect(asked).toEqual(['before', 'denies', 'declares', 'declares too'])
  })

  it('allOf asks on after one could not tell: a denial still is a denial', async () => {
    const asked: string[] = []
    const policy = allOf(make('unsure', unsure, asked), make('allows', allowed, asked), make('denies', denied, asked))
    expect(await evaluate(policy, query)).toEqual(denied)
    expect(asked).toEqual(['unsure', 'allows', 'denies'])
    expect(await evaluate(allOf(make('allows', allowed), make('unsure', unsure), make('b', allowed)), query)).toEqual(
      unsure,
    )
    expect(await evaluate(allOf(make('denies', lacking('a')), make('unsure', unsure, [], needs('b'))), query)).toEqual(
      lacking('a'),
    )
  })

  it('allOf names nothing when one denial cannot be helped, wherever it stands', async () => {
    const helpable = make('a', lacking('a'), [], needs('a'))
    const hopeless = make('b', denied, [], needs('b'))
    const emptyHanded = make('c', { effect: 'deny', missing: [] }, [], needs('c'))
    for (const members of [[helpable, hopeless], [hopeless, helpable], [helpable, emptyHanded], [hopeless]] as const) {
      expect(await evaluate(allOf(...members), query)).toEqual(denied)
    }
  })

  it('anyOf asks from left to right and stops at the first that allows', async () => {
    const asked: string[] = []
    const policy = anyOf(
      make('denies', denied, asked),
      make('unsure', unsure, asked),
      make('allows', allowed, asked),
      make('never asked', denied, asked, needs('a')),
    )
    expect(await evaluate(policy, query)).toEqual(allowed)
    expect(asked).toEqual(['denies', 'unsure', 'allows'])
  })

  it('anyOf tells of the first alternative that could be helped', async () => {
    const [hopeless, emptyHanded] = [make('a', denied), make('b', { effect: 'deny', missing: [] })]
    const [first, second] = [make('c', lacking('c')), make('d', lacking('d'))]
    expect(await evaluate(anyOf(hopeless, emptyHanded, first, second), query)).toEqual(lacking('c'))
    expect(await evaluate(anyOf(second, first), query)).toEqual(lacking('d'))
    expect(await evaluate(anyOf(hopeless, emptyHanded), query)).toEqual(denied)
  })

  it('anyOf tells of an alternative that a challenge can ask for rather than of a grant, and of a grant rather than of nothing', async () => {
    const grant: Decision = { effect: 'deny', missing: [{ kind: 'authorization-details', types: ['payment'] }] }
    const both: Decision = { effect: 'deny', missing: [...needs('a'), { kind: 'authorization-details', types: ['p'] }] }
    expect(await evaluate(anyOf(make('a', grant), make('b', both), make('c', lacking('c'))), query)).toEqual(
      lacking('c'),
    )
    expect(await evaluate(anyOf(make('a', denied), make('b', grant), make('c', both)), query)).toEqual(grant)
  })

  it('anyOf cannot tell when one alternative could not and none allows', async () => {
    for (const members of [
      [make('a', unsure), make('b', lacking('b'))],
      [make('a', denied), make('b', unsure)],
      [make('a', lacking('a')), make('b', unsure), make('c', { effect: 'indeterminate', cause: 'second' })],
    ]) {
      expect(await evaluate(anyOf(...members), query)).toEqual(unsure)
    }
  })

  it('not swaps allow and deny, keeps indeterminate answers, and names no requirement', async () => {
    expect(await evaluate(not(make('a', allowed)), query)).toEqual(denied)
    expect(await evaluate(not(make('a', lacking('a'), [], needs('a'))), query)).toEqual(allowed)
    expect(await evaluate(not(make('a', unsure)), query)).toEqual(unsure)
    expect(await evaluate(not(not(make('a', lacking('a')))), query)).toEqual(denied)
  })
})

describe('a composition', () => {
  const now = member('now', allowed)
  const later = lateMember('later', allowed)

  it('answers at once while its members do', () => {
    const policy = allOf(anyOf(member('no', denied), now), not(not(now)), () => true, scopeless)
    expect(evaluate(policy, query)).toEqual(allowed)
    expect(evaluate(anyOf(now, later), query)).toEqual(allowed)
    expect(evaluate(allOf(member('no', denied), later), query)).toEqual(denied)
  })

  it('answers later when a member that is asked does', async () => {
    for (const policy of [allOf(now, later), allOf(later, now), anyOf(later, now), not(not(later))]) {
      const decision = evaluate(policy, query)
      expect(decision).toBeInstanceOf(Promise)
      expect(await decision).toEqual(allowed)
    }
  })

  it('asks the next member only when the one before has answered', async () => {
    const asked: string[] = []
    let answer: (decision: Decision) => void = () => {}
    const slow: Policy = { id: 'slow', evaluate: () => new Promise((resolve) => (answer = resolve)) }
    const decision = evaluate(allOf(slow, member('next', allowed, asked)), query)
    await Promise.resolve()
    expect(asked).toEqual([])
    answer(allowed)
    expect(await decision).toEqual(allowed)
    expect(asked).toEqual(['next'])
  })

  it('asks each member about the same caller and resource', () => {
    const queries: unknown[] = []
    const listens = (asked: unknown) => queries.push(asked) > 0
    const anything = { auth: { name: 'alice' }, resource: { id: 1 } }
    void evaluate(allOf(listens, anyOf(not(listens), listens)), anything)
    expect(queries).toEqual([anything, anything, anything])
  })

  it('is named after its members', () => {
    const named = allOf(
      scope('a', 'b'),
      anyOf(
        role('r'),
        function owner() {
          return true
        },
        () => true,
      ),
      not(scope('c')),
    )
    expect(named.id).toBe('allOf(scope(a b), anyOf(role(r), owner, function), not(scope(c)))')
  })

  it('needs at least one policy, since an empty allOf would allow every caller', () => {
    expect(() => allOf()).toThrow(new TypeError('allOf() needs at least one policy.'))
    expect(() => anyOf()).toThrow(new TypeError('anyOf() needs at least one policy.'))
  })

  it.each([undefined, null, true, 'scope(a)', {}, [scope('a')], { id: 'x', requires: 'a', evaluate: () => allowed }])(
    'takes only policies and functions, not %j',
    (like) => {
      for (const make of [allOf, anyOf, not] as readonly ((one: Policy) => Policy)[]) {
        expect(() => make(like as unknown as Policy)).toThrow(TypeError)
      }
      expect(() => allOf(scope('a'), like as unknown as Policy)).toThrow(TypeError)
    },
  )

  function scopeless(): Decision {
    return allowed
  }
})

describe('what a composition requires', () => {
  const silent = member('silent', allowed)
  const declaresNothing = member('nothing', allowed, [], [])

  it('is for allOf all that its members require', () => {
    expect(allOf(scope('a'), silent, scope('b', 'c')).requires).toEqual([...needs('a'), ...needs('b', 'c')])
    expect(allOf(scope('a'), allOf(scope('b'), role('r'))).requires).toEqual([...needs('a'), ...needs('b')])
  })

  it('is for anyOf what the first alternative with a need requires', () => {
    expect(anyOf(silent, declaresNothing, scope('a'), scope('b')).requires).toEqual(needs('a'))
    expect(allOf(anyOf(scope('b'), scope('a')), scope('c')).requires).toEqual([...needs('b'), ...needs('c')])
  })

  it('is nothing when no member declares any, and for not', () => {
    for (const policy of [allOf(silent, declaresNothing), anyOf(silent, declaresNothing), not(scope('a'))]) {
      expect(policy).not.toHaveProperty('requires')
    }
  })
})
