// Random trees of policies against an independent reckoning: Kleene's three values as −1, 0 and 1, where "all" is the
// least, "any" the greatest and "not" the negative. Stopping early and answering late must change nothing.
import { allOf, anyOf, type Decision, not, type PolicyLike, policy } from 'claimcheck/policy'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, toPolicy } from '../../src/policy/policy.ts'
import { decisionOfFunction, decisionOfPolicy, query } from './answers.ts'

type Truth = -1 | 0 | 1
type Tree = { readonly kind: 'leaf'; readonly leaf: Leaf } | { readonly kind: 'not'; readonly member: Tree } | Group

interface Group {
  readonly kind: 'allOf' | 'anyOf'
  readonly members: readonly Tree[]
}

interface Leaf {
  readonly answer: keyof typeof answers
  readonly when: 'now' | 'promise' | 'thenable'
  readonly declares: boolean
}

const missing = [{ kind: 'scope' as const, scopes: ['a'] }]

const answers = {
  true: () => true,
  false: () => false,
  allow: () => ({ effect: 'allow' }),
  deny: () => ({ effect: 'deny' }),
  'deny with missing': () => ({ effect: 'deny', missing }),
  indeterminate: () => ({ effect: 'indeterminate' }),
  throws: () => {
    throw new Error('thrown')
  },
  1: () => 1,
  yes: () => 'yes',
  object: () => ({}),
  list: () => [],
  null: () => null,
  undefined: () => undefined,
  'inherited allow': () => Object.create({ effect: 'allow' }),
  'unknown effect': () => ({ effect: 'maybe' }),
}

const truths: { readonly [answer in keyof typeof answers]?: Truth } = {
  true: 1,
  allow: 1,
  false: -1,
  deny: -1,
  'deny with missing': -1,
}

const effects = { [-1]: 'deny', 0: 'indeterminate', 1: 'allow' } as const

function truthOf(tree: Tree): Truth {
  if (tree.kind === 'leaf') return truths[tree.leaf.answer] ?? 0
  if (tree.kind === 'not') return (0 - truthOf(tree.member)) as Truth
  return Math[tree.kind === 'allOf' ? 'min' : 'max'](...tree.members.map(truthOf)) as Truth
}

function declares(tree: Tree): boolean {
  if (tree.kind === 'leaf') return tree.leaf.declares
  return tree.kind !== 'not' && tree.members.some(declares)
}

/** The members that should be asked: none that the answer no longer hangs on, save what helps to name all that is missing. */
function membersToAsk({ kind, members }: Group): readonly Tree[] {
  const deciding = kind === 'anyOf' ? 1 : -1
  const decider = members.findIndex((member) => truthOf(member) === deciding)
  return members.filter((member, at) => decider < 0 || at <= decider || (kind === 'allOf' && declares(member)))
}

function leavesToAsk(tree: Tree): readonly Leaf[] {
  if (tree.kind === 'leaf') return [tree.leaf]
  return tree.kind === 'not' ? leavesToAsk(tree.member) : membersToAsk(tree).flatMap(leavesToAsk)
}

/** Whether a denial by `tree` should name something missing: in allOf every denial must, in anyOf one is enough. */
function namesUnmet(tree: Tree): boolean {
  if (tree.kind === 'leaf') return tree.leaf.answer === 'deny with missing'
  if (tree.kind === 'not') return false
  const denials = membersToAsk(tree).filter((member) => truthOf(member) === -1)
  return tree.kind === 'allOf' ? denials.every(namesUnmet) : denials.some(namesUnmet)
}

/** The policy that `tree` describes. Its leaves note in `asked` that they were asked. */
function build(tree: Tree, asked: Leaf[]): PolicyLike {
  if (tree.kind === 'not') return not(build(tree.member, asked))
  if (tree.kind !== 'leaf') {
    const members = tree.members.map((member) => build(member, asked))
    return tree.kind === 'allOf' ? allOf(...members) : anyOf(...members)
  }
  const { leaf } = tree
  const bare = () => {
    asked.push(leaf)
    return answerOf(leaf) as Decision
  }
  return leaf.declares ? { ...policy('declares', bare), requires: missing } : bare
}

function answerOf({ answer, when }: Leaf): unknown {
  const start: () => unknown = answers[answer]
  if (when === 'now') return start()
  const promise = new Promise((resolve) => resolve(start()))
  // biome-ignore lint: a thenable that is no promise is what other libraries answer with.
  return when === 'promise' ? promise : { then: promise.then.bind(promise) }
}

function trees(when: readonly Leaf['when'][]): fc.Arbitrary<Tree> {
  const leaf = fc.record({
    kind: fc.constant('leaf' as const),
    leaf: fc.record({
      answer: fc.constantFrom(...(Object.keys(answers) as (keyof typeof answers)[])),
      when: fc.constantFrom(...when),
      declares: fc.boolean(),
    }),
  })
  return fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      fc.record({
        kind: fc.constantFrom('allOf' as const, 'anyOf' as const),
        members: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant('not' as const), member: tie('tree') }),
    ),
  })).tree
}

describe('a tree of policies', () => {
  it('decides at once and by the rules of three-valued logic when its leaves answer at once', () => {
    const check = (tree: Tree) => {
      const decision = evaluate(toPolicy(build(tree, [])), query)
      expect(decision).not.toBeInstanceOf(Promise)
      expect((decision as Decision).effect).toBe(effects[truthOf(tree)])
    }
    fc.assert(fc.property(trees(['now']), check), { numRuns: 400 })
  })

  it('decides by the same rules when its leaves answer now, later, or as a thenable', async () => {
    const check = async (tree: Tree) => {
      const decision = evaluate(toPolicy(build(tree, [])), query)
      expect(decision instanceof Promise).toBe(leavesToAsk(tree).some(({ when }) => when !== 'now'))
      expect((await decision).effect).toBe(effects[truthOf(tree)])
    }
    await fc.assert(fc.asyncProperty(trees(['now', 'promise', 'thenable']), check), { numRuns: 400 })
  })

  it('asks the leaves that could still matter, once each, from left to right', async () => {
    const check = async (tree: Tree) => {
      const asked: Leaf[] = []
      await evaluate(toPolicy(build(tree, asked)), query)
      expect(asked).toEqual(leavesToAsk(tree))
    }
    await fc.assert(fc.asyncProperty(trees(['now', 'promise']), check), { numRuns: 400 })
  })

  it('names what is missing exactly when it denies and the client could help it', () => {
    const check = (tree: Tree) => {
      const decision = evaluate(toPolicy(build(tree, [])), query) as Decision
      const named = 'missing' in decision && decision.missing !== undefined && decision.missing.length > 0
      expect(named).toBe(truthOf(tree) === -1 && namesUnmet(tree))
    }
    fc.assert(fc.property(trees(['now']), check), { numRuns: 400 })
  })
})

it('nothing that fast-check can think of allows, unless it is true or an allowance', () => {
  const check = (answer: unknown) => {
    fc.pre(answer !== true && !(Object(answer) as { effect?: unknown }).effect)
    expect((decisionOfFunction(answer) as Decision).effect).toBe(answer === false ? 'deny' : 'indeterminate')
    expect((decisionOfPolicy(answer) as Decision).effect).toBe('indeterminate')
  }
  fc.assert(fc.property(fc.anything({ withBoxedValues: true, withNullPrototype: true }), check), { numRuns: 400 })
})
