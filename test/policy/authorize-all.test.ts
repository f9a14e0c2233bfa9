// Many resources at once: one decision for each, in their order, whatever the policy does.
import { allOf, type Decision, type Policy, policy, type PolicyQuery } from 'claimcheck/policy'
import { expect, it } from 'vitest'
import { authorizeAll } from '../../src/server/authorize.ts'
import { createTestApi } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const allow: Decision = { effect: 'allow' }
const deny: Decision = { effect: 'deny' }
const unsure = { effect: 'indeterminate', cause: expect.any(TypeError) }
const numbers = Array.from({ length: 40 }, (_, index) => index)

it('decides about each resource, in order, now and later', async () => {
  const { api } = createTestApi()
  const auth = await api.verifyToken(createToken())
  const even = ({ resource }: PolicyQuery<unknown, number>) => resource % 2 === 0
  const evenLater = async (query: PolicyQuery<unknown, number>) => even(query)
  const expected = numbers.map((one) => (one % 2 === 0 ? allow : deny))
  expect(await api.authorizeAll(auth, even, numbers)).toEqual(expected)
  expect(await api.authorizeAll(auth, allOf(evenLater), numbers)).toEqual(expected)
  expect(await api.authorizeAll(auth, even, [])).toEqual([])
  expect(await api.authorizeAll(auth, () => 'yes' as never, [1, 2])).toEqual([unsure, unsure])
})

it('asks at most sixteen questions at once', async () => {
  let open = 0
  let most = 0
  const slow = policy('slow', async () => {
    most = Math.max(most, ++open)
    await Promise.resolve()
    open--
    return true
  })
  await authorizeAll(slow, {}, numbers)
  expect(most).toBe(16)
})

/** A policy that answers about many with whatever `answer` gives. */
function batching(answer: (queries: readonly PolicyQuery[]) => unknown): Policy {
  return { id: 'batching', evaluate: () => deny, evaluateAll: (async (queries: never) => answer(queries)) as never }
}

it('asks in one go where the policy can', async () => {
  const asked: unknown[] = []
  const policy = batching((queries) => {
    asked.push(queries)
    return queries.map(({ resource }) => (resource === 'b' ? deny : allow))
  })
  expect(await authorizeAll(policy, { name: 'alice' }, ['a', 'b'])).toEqual([allow, deny])
  expect(asked).toEqual([['a', 'b'].map((resource) => ({ auth: { name: 'alice' }, resource }))])
})

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['one answer too few', [allow]],
  ['one answer too many', [allow, allow, allow]],
  ['something like a list', { length: 2, 0: allow, 1: allow }],
  ['booleans', [true, true]],
  ['text', ['allow', 'allow']],
])('lets no caller in when the policy answers with %s', async (_, answers) => {
  expect(
    await authorizeAll(
      batching(() => answers),
      {},
      ['a', 'b'],
    ),
  ).toEqual([unsure, unsure])
})

it('cannot tell when the policy throws', async () => {
  const broken = batching(() => {
    throw new Error('down')
  })
  expect(await authorizeAll(broken, {}, ['a'])).toEqual([{ effect: 'indeterminate', cause: new Error('down') }])
})
