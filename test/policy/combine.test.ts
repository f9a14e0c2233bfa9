// Compositions are closed: none makes an allowance of an effect that does not exist.
import type { Decision } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { combineAll, combineAny, negate } from '../../src/policy/combined-decision.ts'

const unknown = { effect: 'permit' } as unknown as Decision
const odd: readonly (readonly [string, Decision])[] = [
  ['another word', unknown],
  ['no effect', {} as Decision],
  ['allow in capitals', { effect: 'Allow' } as unknown as Decision],
  ['deny in capitals', { effect: 'Deny' } as unknown as Decision],
  ['true', { effect: true } as unknown as Decision],
]

describe.each(odd)('an effect that is %s', (_, decision) => {
  it('is indeterminate behind not', () => {
    expect(negate(decision)).toEqual({ effect: 'indeterminate', cause: expect.any(TypeError) })
  })

  it('allows no request in a composition, wherever it stands', () => {
    const allowed: Decision = { effect: 'allow' }
    for (const decisions of [[decision], [decision, allowed], [allowed, decision]])
      expect(combineAll(decisions)).toEqual({ effect: 'indeterminate', cause: expect.any(TypeError) })
    expect(combineAny([decision])).toEqual({ effect: 'indeterminate', cause: expect.any(TypeError) })
  })
})

it.each<[Decision, unknown]>([
  [
    { effect: 'allow', reasons: [{ code: 'a' }] },
    { effect: 'deny', reasons: [{ code: 'a' }] },
  ],
  [{ effect: 'deny' }, { effect: 'allow' }],
  [{ effect: 'deny', veto: false }, { effect: 'allow' }],
  [
    { effect: 'deny', veto: true },
    { effect: 'deny', veto: true },
  ],
  [
    { effect: 'indeterminate', kind: 'incomplete' },
    { effect: 'indeterminate', kind: 'incomplete' },
  ],
])('not makes of %j', (decision, expected) => {
  expect(negate(decision)).toEqual(expected)
})

it('not takes a denial whose veto is anything but false for a veto', () => {
  expect(negate({ effect: 'deny', veto: 'yes' } as never)).toMatchObject({ effect: 'deny' })
})
