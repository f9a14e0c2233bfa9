// What answers make together is closed: of an effect that there is not, no composition makes an allowance.
import type { Decision } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { all, any, count, negated, emptyTally } from '../../src/policy/combining.ts'

const unknown = { effect: 'permit' } as unknown as Decision
const odd: readonly (readonly [string, Decision])[] = [
  ['another word', unknown],
  ['no effect', {} as Decision],
  ['allow in capitals', { effect: 'Allow' } as unknown as Decision],
  ['deny in capitals', { effect: 'Deny' } as unknown as Decision],
  ['true', { effect: true } as unknown as Decision],
]

const heardOf = (...decisions: readonly Decision[]) => {
  const heard = emptyTally()
  for (const decision of decisions) count(heard, decision)
  return heard
}

describe.each(odd)('an effect that is %s', (_, decision) => {
  it('is in doubt behind not', () => {
    expect(negated(decision)).toEqual({ effect: 'indeterminate', cause: expect.any(TypeError) })
  })

  it('allows nobody in a composition, wherever it stands', () => {
    const allowed: Decision = { effect: 'allow' }
    for (const decisions of [[decision], [decision, allowed], [allowed, decision]])
      expect(all(heardOf(...decisions))).toEqual({ effect: 'indeterminate', cause: expect.any(TypeError) })
    expect(any(heardOf(decision)).effect).toBe('deny')
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
  expect(negated(decision)).toEqual(expected)
})

it('not takes a denial whose veto is anything but false for a veto', () => {
  expect(negated({ effect: 'deny', veto: 'yes' } as never)).toMatchObject({ effect: 'deny' })
})
