// Claims that try to be more than a value once a mapping has made Cedar entities of them. Whatever Cedar cannot read is never an answer.
import * as wasm from '@cedar-policy/cedar-wasm/nodejs'
import { evaluate, not } from 'claimcheck/policy'
import { createCedar } from 'claimcheck/policy/cedar'
import { describe, expect, it } from 'vitest'

interface Caller {
  readonly id?: string
  readonly attrs?: object
}

const permit = 'permit (principal, action, resource)'

/** Asks the policy, then its opposite, about a user that is mapped as a whole. */
function ask(policies: string, { id = 'alice', attrs = {} }: Caller): readonly [unknown, unknown] {
  const user = { type: 'User', id }
  const { policy } = createCedar<Caller, undefined>({
    cedar: wasm,
    policies,
    map: ({ action }) => ({
      principal: user,
      action: { type: 'Action', id: action },
      resource: { type: 'Doc', id: 'd' },
      context: {},
      entities: [{ uid: user, attrs: attrs as never, parents: [] }],
    }),
  })
  const [rule, query] = [policy('read'), { auth: {}, resource: undefined }]
  return [evaluate(rule, query), evaluate(not(rule), query)].map(
    (decision) => (decision as { effect: unknown }).effect,
  ) as [unknown, unknown]
}

const nested = (depth: number): unknown =>
  Array.from({ length: depth }).reduce<unknown>((inner) => ({ inner }), 'bottom')

describe('a subject', () => {
  it.each([
    'root" || true',
    'root\0',
    'root ',
    'ROOT',
    'ro\u006f\u0301t',
    'r\u043e\u043et',
    '__proto__',
    '',
    'x'.repeat(1e6),
  ])('is an id, byte for byte, and no piece of a policy: %.20j', (id) =>
    expect(ask('permit (principal == User::"root", action, resource);', { id })).toEqual(['deny', 'allow']),
  )

  it('that no UTF-8 can carry is no answer', () => {
    const broken = { id: '\ud800' }
    expect(ask('permit (principal == User::"\ufffd", action, resource);', broken)).toEqual(
      Array(2).fill('indeterminate'),
    )
  })
})

describe('a claim', () => {
  it('called __proto__ gives the caller nothing that it holds', () => {
    const attrs = JSON.parse('{ "__proto__": { "admin": true } }') as object
    expect(ask(`${permit} when { principal.admin };`, { attrs })).toEqual(Array(2).fill('indeterminate'))
    expect(ask(`${permit} when { principal has admin };`, { attrs })).toEqual(['deny', 'allow'])
  })

  it.each<[string, unknown]>([
    ['an expression', { __expr: 'true' }],
    ['an entity of a broken type', { __entity: { type: 'User" || true', id: 'root' } }],
    ['an unknown function', { __extn: { fn: 'root', arg: '1' } }],
    ['a number with a fraction', 1.5],
    ['a number beyond 64 bits', 2 ** 63],
    ['no number', Number.NaN],
    ['nothing', null],
    ['deeper than any parser goes', nested(5000)],
  ])('that is %s is no answer, and the next caller gets one', (_, value) => {
    for (const policies of [`${permit};`, `${permit} when { principal has claim };`])
      expect(ask(policies, { attrs: { claim: value } })).toEqual(Array(2).fill('indeterminate'))
    expect(ask(`${permit};`, {})).toEqual(['allow', 'deny'])
  })
})

it.each(['__proto__', 'constructor', ''])('a forbid whose @id is %j forbids', (id) => {
  expect(ask(`@id("${id}") forbid (principal, action, resource); @id("all") ${permit};`, {})).toEqual(['deny', 'deny'])
})
