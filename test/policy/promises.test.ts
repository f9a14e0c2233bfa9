// What answers at once costs no promise: counted by the platform, not measured.
import { createHook } from 'node:async_hooks'
import { allOf, anyOf, claim, group, not, role, scope, stepUp, tenant, user, when } from 'claimcheck/policy'
import { expect, it } from 'vitest'
import { evaluate } from '../../src/policy/policy.ts'

const auth = {
  principal: {
    kind: 'user',
    scopes: ['a', 'b'],
    roles: ['r'],
    groups: { values: ['g'], complete: true },
    tenant: 't',
    authentication: { acr: 'mfa' },
  },
  claims: { email_verified: true },
} as const

/** How many promises `work` makes. */
function promisesOf(work: () => unknown): number {
  let made = 0
  const hook = createHook({ init: (_id, type) => void (type === 'PROMISE' && made++) }).enable()
  work()
  hook.disable()
  return made
}

it('makes no promise while all members answer at once', () => {
  const tree = allOf(
    scope('a', 'b'),
    anyOf(role('x'), group('g')),
    not(tenant('other')),
    claim('email_verified', true),
    when(user, stepUp({ acrValues: ['mfa'] })),
    () => true,
  )
  expect(evaluate(tree, { auth, resource: undefined })).toEqual({ effect: 'allow' })
  expect(promisesOf(() => evaluate(tree, { auth, resource: undefined }))).toBe(0)
  expect(promisesOf(() => evaluate(allOf(scope('z'), scope('y')), { auth, resource: undefined }))).toBe(0)
})

it('counts: a member that answers later does make one', () => {
  expect(promisesOf(() => evaluate(async () => true, { auth, resource: undefined }))).toBeGreaterThan(0)
})
