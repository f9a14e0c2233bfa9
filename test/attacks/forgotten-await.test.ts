// The mistake that an asynchronous guard invites is a forgotten `await`. It must show in the first try, for a good request as for a bad one.
import type { RequestView, ResourceServer, VerifiedToken } from 'claimcheck'
import { scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { bearer, createTestApi, requestWith } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const mayRead = scope('read')
const good = createToken({ claims: { scope: 'read' } })
const withoutRights = createToken()

/** What a handler that forgets to wait takes for the caller. */
interface Mistaken {
  readonly principal?: unknown
  readonly effect?: unknown
  readonly outcome?: unknown
  readonly length?: unknown
}

/** Calls without `await`, and makes sure that the answer is a promise that says nothing. */
async function expectNothingInPlace(call: () => unknown): Promise<void> {
  const answer = call() as Mistaken & PromiseLike<unknown>
  expect(answer).toBeInstanceOf(Promise)
  const { principal, effect, outcome, length } = answer
  expect({ principal, effect, outcome, length }).toEqual({})
  await answer.then(
    () => {},
    () => {},
  )
}

/** A resource server that remembers both tokens. */
async function apiThatRemembers(): Promise<ResourceServer> {
  const { api } = createTestApi()
  await Promise.all([good, withoutRights].map((token) => api.verifyToken(token)))
  return api
}

describe.each([
  ['new', async () => createTestApi().api],
  ['remembered', apiThatRemembers],
])('where the await is forgotten, and the token is %s', (_, createApi) => {
  it.each<[string, RequestView]>([
    ['a good request', requestWith(`Bearer ${good}`)],
    ['a request without rights', requestWith(`Bearer ${withoutRights}`)],
    ['a bad token', requestWith('Bearer garbage')],
    ['no token', requestWith()],
  ])('guard and authenticate say nothing of %s', async (_, request) => {
    const api = await createApi()
    await expectNothingInPlace(() => api.guard({ ...request }, mayRead))
    await expectNothingInPlace(() => api.guard({ ...request }))
    await expectNothingInPlace(() => api.authenticate({ ...request }))
    // A request that was seen before is answered from memory, and as a promise all the same.
    await expectNothingInPlace(() => api.authenticate(request))
    await expectNothingInPlace(() => api.authenticate(request))
    await expectNothingInPlace(() => api.guard(request, mayRead))
  })

  it.each([good, withoutRights, 'garbage'])(
    'verifyToken, authorize, authorizeAll and require say nothing',
    async (token) => {
      const api = await createApi()
      await expectNothingInPlace(() => api.verifyToken(token))
      const auth = await api.verifyToken(withoutRights)
      for (const policy of [mayRead, () => true]) {
        await expectNothingInPlace(() => api.authorize(auth, policy))
        await expectNothingInPlace(() => api.authorizeAll(auth, policy, [1]))
        await expectNothingInPlace(() => api.require(auth, policy))
      }
    },
  )
})

it('guard resolves to the verified token', async () => {
  const { api } = createTestApi()
  const auth: VerifiedToken = await api.guard(bearer({ sub: 'bob', scope: 'read' }), mayRead)
  expect(auth.principal.subject).toBe('bob')
})

describe('misuse', () => {
  const { api } = createTestApi()
  const { guard, require, authorize, authorizeAll, authenticate, verifyToken } = api as unknown as Record<
    string,
    (...args: readonly unknown[]) => Promise<unknown>
  >

  it.each(Object.entries({ guard, require, authorize, authorizeAll, authenticate, verifyToken }))(
    'of %s rejects, and throws nothing in place',
    async (_, ask) => {
      const hostile = Object.defineProperty({}, 'header', {
        get() {
          throw new Error('thrown in place')
        },
      })
      for (const args of [[], [undefined, undefined], [null, null, null, null], ['x', hostile]]) {
        const answer = ask?.(...args)
        expect(answer).toBeInstanceOf(Promise)
        await expect(answer).rejects.toBeInstanceOf(Error)
      }
    },
  )
})
