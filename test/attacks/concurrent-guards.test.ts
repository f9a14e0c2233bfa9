// Two guards of one request that run at once, with a credential that changes between them: the handler of a guard gets the caller that its
// own policy was asked about, or none. Between the decision of a guard and its handler lies a microtask, in which another guard may end.
import type { IncomingMessage } from 'node:http'
import { createResourceServer } from 'claimcheck'
import { createGuard as express } from 'claimcheck/express'
import { createGuard as fastify } from 'claimcheck/fastify'
import { createGuard as node } from 'claimcheck/node'
import { createGuard as web } from 'claimcheck/web'
import { policy } from 'claimcheck/policy'
import { createTestClock, createTestIssuer } from 'claimcheck/testing'
import { expect, it } from 'vitest'

const clock = createTestClock()
const sts = createTestIssuer(undefined, { clock })
const api = createResourceServer({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock })
const [alice, bob] = [sts.token({ sub: 'alice', scope: 'admin' }), sts.token({ sub: 'bob', scope: '' })]
type Auth = { readonly principal: { readonly subject: string; readonly scopes: readonly string[] } }
const admin = policy('admin', async ({ auth }: { readonly auth: Auth }) => auth.principal.scopes.includes('admin'))

const requestOf = (token: string) => {
  const authorization = `Bearer ${token}`
  return { method: 'GET', url: '/', rawHeaders: ['Authorization', authorization], headers: { authorization } }
}
const res = () => {
  const made: Record<string, unknown> = {}
  for (const name of ['setHeader', 'writeHead', 'end', 'headers', 'code', 'send']) made[name] = () => made
  return made as never
}
const noop = () => {}
type Both = { readonly first: Promise<unknown>; readonly second: () => unknown }

/** The callers that handlers for admins got, where the other guard comes after any number of microtasks. */
async function callers(start: (seen: (auth: Auth) => void) => Both): Promise<ReadonlySet<string>> {
  await Promise.all([api.verifyToken(alice), api.verifyToken(bob)])
  const found = new Set<string>()
  for (let microtasks = 0; microtasks < 40; microtasks++) {
    const { first, second } = start(({ principal }) => found.add(principal.subject))
    for (let index = 0; index < microtasks; index++) await Promise.resolve()
    await second()
    await first
  }
  return found
}

it.each([
  ['express', express],
  ['node', node],
] as const)('%s', async (_, create) => {
  const guard = create(api) as ReturnType<typeof express>
  const seen = await callers((see) => {
    const req = requestOf(alice)
    const asked = req as unknown as IncomingMessage
    const first = new Promise<void>((resolve) => {
      const handler = guard.handler(admin as never, (_req, _res, auth) => resolve(see(auth))) as (
        ...args: unknown[]
      ) => void
      handler(asked, res(), () => resolve())
    })
    const second = () => {
      req.headers.authorization = `Bearer ${bob}`
      guard()(asked, res(), noop)
    }
    return { first, second }
  })
  expect([...seen]).toEqual(['alice'])
})

it('fastify', async () => {
  const guard = fastify(api)
  const seen = await callers((see) => {
    const raw = requestOf(alice)
    const asked = { id: 'i', raw, headers: raw.headers, routeOptions: {} } as never
    const handler = guard.handler(admin as never, (_request, _reply, auth) => see(auth))
    const first = handler.call(undefined as never, asked, res()) as Promise<unknown>
    const second = () => {
      raw.headers.authorization = `Bearer ${bob}`
      guard()(asked, res(), noop)
    }
    return { first: first.catch(noop), second }
  })
  expect([...seen]).toEqual(['alice'])
})

it('web', async () => {
  const guard = web(api)
  const seen = await callers((see) => {
    const asked = new Request('http://h/', { headers: { authorization: `Bearer ${alice}` } })
    const answer = async () => new Response()
    const first = guard(admin as never)(asked, async (auth) => {
      see(auth)
      return answer()
    })
    const second = async () => {
      asked.headers.set('authorization', `Bearer ${bob}`)
      await guard()(asked, answer).catch(noop)
    }
    return { first: first.catch(noop), second }
  })
  expect([...seen]).toEqual(['alice'])
})
