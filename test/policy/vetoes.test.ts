// Four answers: yes, no, veto, and "cannot tell". The reckoning here knows nothing of how combinators work: it takes every
// answer for the set of what it might have been, works out each possibility, and looks what all of them agree on.
import {
  allOf,
  anyOf,
  type Decision,
  not,
  type Policy,
  type PolicyLike,
  policy,
  when,
  withTimeout,
} from 'claimcheck/policy'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/policy/policy.ts'
import { allowed, denied, query } from './answers.ts'

type Truth = 'A' | 'D' | 'F'
type Tree =
  | { readonly kind: 'leaf'; readonly answer: keyof typeof answers; readonly mayVeto: boolean; readonly late: boolean }
  | { readonly kind: 'not'; readonly members: readonly [Tree] }
  | { readonly kind: 'when'; readonly members: readonly [Tree, Tree] }
  | { readonly kind: 'allOf' | 'anyOf'; readonly members: readonly Tree[] }

const answers = {
  yes: { effect: 'allow' },
  no: { effect: 'deny' },
  veto: { effect: 'deny', veto: true },
  unsure: { effect: 'indeterminate' },
  'out of reach': { effect: 'indeterminate', kind: 'temporary' },
  junk: 'allow',
} as const

function possible(tree: Tree): ReadonlySet<Truth> {
  if (tree.kind === 'leaf') return new Set(truthsOf(tree))
  const members = tree.members.map(possible)
  return new Set(product(members).map((truths) => combine(tree.kind, truths)))
}

function truthsOf({ answer, mayVeto }: Extract<Tree, { kind: 'leaf' }>): readonly Truth[] {
  if (answer === 'yes') return ['A']
  if (answer === 'no') return ['D']
  if (answer === 'veto' && mayVeto) return ['F']
  return mayVeto ? ['A', 'D', 'F'] : ['A', 'D']
}

function product(sets: readonly ReadonlySet<Truth>[]): readonly (readonly Truth[])[] {
  return sets.reduce<Truth[][]>((rows, set) => rows.flatMap((row) => [...set].map((one) => [...row, one])), [[]])
}

function combine(kind: Exclude<Tree['kind'], 'leaf'>, truths: readonly Truth[]): Truth {
  if (truths.includes('F')) return 'F'
  if (kind === 'not') return truths[0] === 'A' ? 'D' : 'A'
  if (kind === 'when') return truths[0] === 'D' || truths[1] === 'A' ? 'A' : 'D'
  if (kind === 'allOf') return truths.includes('D') ? 'D' : 'A'
  return truths.includes('A') ? 'A' : 'D'
}

function expected(tree: Tree): string {
  const [truth, ...others] = [...possible(tree)]
  if (others.length > 0) return 'indeterminate'
  return { A: 'allow', D: 'deny', F: 'veto' }[truth as Truth]
}

function nameOf(decision: Decision): string {
  return decision.effect === 'deny' && decision.veto ? 'veto' : decision.effect
}

function build(tree: Tree): PolicyLike {
  if (tree.kind === 'leaf') {
    const answer = answers[tree.answer] as Decision
    return policy('leaf', () => (tree.late ? Promise.resolve(answer) : answer), { mayVeto: tree.mayVeto })
  }
  const [first, second, ...rest] = tree.members.map(build)
  const [one, other] = [first as PolicyLike, second as PolicyLike]
  if (tree.kind === 'not') return not(one)
  if (tree.kind === 'when') return when(one, other)
  const members = [one, other, ...rest].slice(0, tree.members.length)
  return tree.kind === 'allOf' ? allOf(...members) : anyOf(...members)
}

const leaf = fc.record({
  kind: fc.constant('leaf' as const),
  answer: fc.constantFrom('yes', 'no', 'veto', 'unsure', 'out of reach', 'junk'),
  mayVeto: fc.boolean(),
  late: fc.boolean(),
})
const trees: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    // A veto of a policy that does not say so is another story: see below.
    leaf.map((one) => ({ ...one, mayVeto: one.mayVeto || one.answer === 'veto' })) as fc.Arbitrary<Tree>,
    fc.record({
      kind: fc.constantFrom('allOf', 'anyOf'),
      members: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
    }) as fc.Arbitrary<Tree>,
    fc.record({ kind: fc.constant('not'), members: fc.tuple(tie('tree')) }) as fc.Arbitrary<Tree>,
    fc.record({ kind: fc.constant('when'), members: fc.tuple(tie('tree'), tie('tree')) }) as fc.Arbitrary<Tree>,
  ),
})).tree

describe('a tree with vetoes', () => {
  it('decides what all possibilities agree on, whatever its depth and order, now and later', async () => {
    const seen: Record<string, number> = {}
    const check = async (tree: Tree) => {
      const name = nameOf(await evaluate(build(tree), query))
      seen[name] = (seen[name] ?? 0) + 1
      expect(name).toBe(expected(tree))
    }
    await fc.assert(fc.asyncProperty(trees, check), { numRuns: 1500 })
    for (const name of ['allow', 'deny', 'veto', 'indeterminate']) expect(seen[name]).toBeGreaterThan(50)
  })

  it('decides at once when all its leaves do', () => {
    const atOnce = (tree: Tree): Tree =>
      tree.kind === 'leaf'
        ? { ...tree, late: false }
        : ({ ...tree, members: tree.members.map(atOnce) } as unknown as Tree)
    const check = (tree: Tree) => {
      const decision = evaluate(build(atOnce(tree)), query)
      expect(decision).not.toBeInstanceOf(Promise)
      expect(nameOf(decision as Decision)).toBe(expected(tree))
    }
    fc.assert(fc.property(trees, check), { numRuns: 500 })
  })
})

// The truth tables in full, written out by hand: rows are the first member, columns the second.
const effects = ['allow', 'deny', 'veto', 'unsure', 'open'] as const
const tables = {
  //              allow     deny      veto    unsure    open
  allOf: {
    allow: ['allow', 'deny', 'veto', 'unsure', 'open'],
    deny: ['deny', 'deny', 'veto', 'deny', 'open'],
    veto: ['veto', 'veto', 'veto', 'veto', 'veto'],
    unsure: ['unsure', 'deny', 'veto', 'unsure', 'open'],
    open: ['open', 'open', 'veto', 'open', 'open'],
  },
  anyOf: {
    allow: ['allow', 'allow', 'veto', 'allow', 'open'],
    deny: ['allow', 'deny', 'veto', 'unsure', 'open'],
    veto: ['veto', 'veto', 'veto', 'veto', 'veto'],
    unsure: ['allow', 'unsure', 'veto', 'unsure', 'open'],
    open: ['open', 'open', 'veto', 'open', 'open'],
  },
} as const

describe.each(['now', 'later'])('the truth tables, with members that answer %s', (when) => {
  const member = (effect: (typeof effects)[number]): Policy => {
    const decision = (
      effect === 'veto'
        ? { effect: 'deny', veto: true }
        : { effect: effect === 'unsure' || effect === 'open' ? 'indeterminate' : effect }
    ) as Decision
    const mayVeto = effect === 'veto' || effect === 'open'
    return policy(effect, () => (when === 'now' ? decision : Promise.resolve(decision)), { mayVeto })
  }
  const named = (decision: Decision) => {
    if (decision.effect === 'indeterminate') return decision.mayVeto ? 'open' : 'unsure'
    return nameOf(decision)
  }

  it.each(['allOf', 'anyOf'] as const)('of %s', async (kind) => {
    const combine = kind === 'allOf' ? allOf : anyOf
    for (const row of effects) {
      const answers = await Promise.all(
        effects.map(async (column) => evaluate(combine(member(row), member(column)), query)),
      )
      expect([row, ...answers.map(named)]).toEqual([row, ...tables[kind][row]])
    }
  })

  it('of not', async () => {
    const answers = await Promise.all(effects.map(async (effect) => evaluate(not(member(effect)), query)))
    expect(answers.map(named)).toEqual(['deny', 'allow', 'veto', 'unsure', 'open'])
  })
})

describe('a policy that may veto', () => {
  const asked: string[] = []
  const noting = (id: string, decision: Decision, mayVeto = false): Policy =>
    policy(
      id,
      () => {
        asked.push(id)
        return decision
      },
      { mayVeto },
    )
  const veto: Decision = { effect: 'deny', veto: true }

  it('is asked first, wherever it stands and however deep', () => {
    asked.length = 0
    const tree = anyOf(
      noting('allows', allowed),
      anyOf(noting('other', denied), allOf(noting('inner', allowed), noting('vetoes', veto, true))),
    )
    expect(evaluate(tree, query)).toMatchObject({ effect: 'deny', veto: true })
    expect(asked).toEqual(['vetoes'])
  })

  it('is asked although another member of allOf has denied: the denial of allOf must not hide the veto', () => {
    for (const inner of [
      allOf(noting('denies', denied), noting('vetoes', veto, true)),
      allOf(noting('vetoes', veto, true), noting('denies', denied)),
    ]) {
      expect(evaluate(anyOf(noting('allows', allowed), inner), query)).toMatchObject({ veto: true })
      expect(evaluate(not(inner), query)).toMatchObject({ effect: 'deny', veto: true })
    }
  })

  it('and allows is not enough for anyOf to skip the next that may veto', () => {
    asked.length = 0
    const tree = anyOf(noting('allows', allowed, true), noting('vetoes', veto, true), noting('last', allowed))
    expect(evaluate(tree, query)).toMatchObject({ veto: true })
    expect(asked).toEqual(['allows', 'vetoes'])
  })

  it('and is indeterminate keeps every caller out, since it might have been a veto', async () => {
    const down = new Error('down')
    const broken = policy('broken', () => Promise.reject(down), { mayVeto: true })
    for (const tree of [anyOf(noting('allows', allowed), broken), not(allOf(broken, noting('denies', denied)))]) {
      expect(await evaluate(tree, query)).toMatchObject({ effect: 'indeterminate', cause: down })
    }
  })

  it('names what would lift its veto', () => {
    const missing = [{ kind: 'step-up', acrValues: ['mfa'] }] as const
    const liftable = noting('vetoes', { ...veto, missing: missing } as Decision, true)
    expect(evaluate(anyOf(noting('allows', allowed), liftable), query)).toEqual({ effect: 'deny', veto: true, missing })
    expect(evaluate(allOf(liftable, noting('denies', denied)), query)).toEqual({ effect: 'deny', veto: true, missing })
  })

  it('must say so: an unannounced veto is a fault that no allowance outweighs', () => {
    const sudden = { id: 'sudden', evaluate: () => veto }
    const fault = { effect: 'indeterminate', cause: expect.any(TypeError), mayVeto: true }
    expect(evaluate(sudden, query)).toEqual(fault)
    expect(evaluate(() => veto, query)).toEqual(fault)
    expect(
      evaluate(
        anyOf(sudden, () => true),
        query,
      ),
    ).toEqual(fault)
    expect(evaluate(not(sudden), query)).toEqual(fault)
    expect(
      evaluate(
        allOf(sudden, () => false),
        query,
      ),
    ).toEqual(fault)
  })

  it.each(['yes', 1, 0, '', null, {}, []])('answers veto with true or false, and not %j', (veto) => {
    const answer = { effect: 'deny', veto } as unknown as Decision
    expect(evaluate({ id: 'odd', mayVeto: true, evaluate: () => answer }, query)).toEqual({
      effect: 'indeterminate',
      cause: expect.objectContaining({ message: expect.stringMatching(/^veto must be true or false, not .+\.$/) }),
      mayVeto: true,
    })
  })

  it('and one that says veto: false simply denies', () => {
    expect(evaluate(() => ({ effect: 'deny', veto: false }) as const, query)).toEqual(denied)
  })
})

describe('an indeterminate answer', () => {
  const temporary: Decision = { effect: 'indeterminate', kind: 'temporary', cause: 'down' }
  const incomplete: Decision = { effect: 'indeterminate', kind: 'incomplete', cause: 'overage' }

  it('is temporary rather than incomplete, in any order: asking again may settle it', () => {
    for (const combine of [allOf, anyOf]) {
      const ways = [
        combine(
          () => temporary,
          () => incomplete,
        ),
        combine(
          () => incomplete,
          () => temporary,
        ),
      ]
      for (const way of ways) expect(evaluate(way, query)).toEqual(temporary)
    }
    expect(
      evaluate(
        not(() => incomplete),
        query,
      ),
    ).toEqual(incomplete)
  })

  it('has a kind and a time to come back only where they make sense', () => {
    const odd = { effect: 'indeterminate', kind: 'allow', retryAfterSeconds: 'soon', mayVeto: 'yes' }
    expect(evaluate(() => odd as unknown as Decision, query)).toEqual({ effect: 'indeterminate' })
    const good: Decision = { effect: 'indeterminate', kind: 'temporary', retryAfterSeconds: 7 }
    expect(evaluate(() => good, query)).toEqual(good)
  })
})

describe('whether a policy may veto', () => {
  const ok = policy('ok', () => true)
  const fails = () => {
    throw new Error('down')
  }

  it('is read once, so a getter of two minds loses no member and no veto', () => {
    const reads: boolean[] = []
    const twoMinds: Policy = {
      id: 'two minds',
      get mayVeto() {
        return reads.push(true) % 2 === 0
      },
      evaluate: () => ({ effect: 'deny' }),
    }
    for (let shift = 0; shift < 4; shift++) {
      expect(evaluate(allOf(twoMinds, ok), query)).toMatchObject({ effect: 'deny' })
      expect(evaluate(allOf(twoMinds), query)).toMatchObject({ effect: 'deny' })
      reads.push(true)
    }
  })

  it.each([1, 'true', null, {}])('is true or false, and %j is a TypeError', (mayVeto) => {
    const odd = { id: 'odd', mayVeto, evaluate: fails } as unknown as Policy
    for (const make of [() => anyOf(ok, odd), () => allOf(odd), () => not(odd), () => withTimeout(20, odd)])
      expect(make).toThrow(TypeError)
  })

  it('stays as it was when a composition was made, whatever becomes of the policy', () => {
    for (const compose of [(one: Policy) => anyOf(ok, one), (one: Policy) => anyOf(ok, not(one))]) {
      const vetoer = { id: 'vetoer', mayVeto: true, evaluate: fails }
      const composition = compose(vetoer)
      vetoer.mayVeto = false
      expect(evaluate(composition, query)).toMatchObject({ effect: 'indeterminate', mayVeto: true })
    }
  })

  it('cannot be taken from a composition, nor its answer replaced', () => {
    expect(Object.isFrozen(anyOf(policy('v', fails, { mayVeto: true })))).toBe(true)
  })
})
