// The part of the contract about one API that gives one answer: a refusal looks the same wherever it comes from.
import { AuthError, createResourceServer } from 'claimcheck'
import { policy, type PolicyLike, scope, stepUp } from 'claimcheck/policy'
import type { VerifiedToken } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { type RawAnswer, sendRaw } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { answerOf } from './answers.ts'
import { type Framework, type Guard, listen } from './framework.ts'

type RoutePolicy = PolicyLike<VerifiedToken, undefined>

const good = `Authorization: Bearer ${createToken()}`
const never = policy('never', () => false)
const broken = policy('broken', () => Promise.reject(new Error('SECRET-cause')))

const metadata = { resource: 'https://orders.example.com/' }

export function describeOneAnswer<Q extends object, H>(framework: Framework<Q, H>): void {
  const { createApp, createGuard } = framework

  /** An API with a guard, a route that requires in a plain handler and one that does so in `guard.handler`. */
  async function serve(rule: RoutePolicy): Promise<(path: string, line?: string) => Promise<RawAnswer>> {
    const app = createApp()
    const api = createResourceServer({ ...testApiOptions().options, metadata })
    const guard = createGuard(api)
    const require = (request: Q) => guard.require(request, rule as PolicyLike<VerifiedToken, unknown>, {})
    app.route('/guard', [guard(rule)], () => ({}))
    app.route('/require', [guard()], require)
    app.handle('/handler', framework.handlerOf(guard, [], require))
    app.route('/verify', [], () => api.verifyToken('garbage'))
    app.route('/bad', [guard()], () => ({}))
    app.route('/fault', [guard()], () => Promise.reject(new RangeError('a fault')))
    app.setErrorHandler(guard.errors())
    const port = await listen(app)
    return (path, line = good) => sendRaw(port, { path, lines: [line] })
  }

  describe('one answer for one refusal', () => {
    it.each<[string, RoutePolicy, number]>([
      ['a missing scope', scope('orders:read'), 403],
      ['a login that is too weak', stepUp({ acrValues: ['mfa'] }), 401],
      ['a policy that denies', never, 403],
      ['a policy that cannot be asked', broken, 503],
    ])(
      'for %s: by guard, by guard.require in guard.handler, and in a plain handler with guard.errors()',
      async (_, rule, status) => {
        const send = await serve(rule)
        const answers = [await send('/guard'), await send('/handler'), await send('/require')]
        const [byGuard, ...others] = answers.map((answer) => answerOf(answer))
        expect(byGuard?.status).toBe(status)
        expect(others).toEqual([byGuard, byGuard])
        expect(byGuard?.body).not.toMatch(/SECRET|never|broken/)
      },
    )

    it('for what verifyToken throws in a handler: with the realm and the metadata of the resource server', async () => {
      const send = await serve(never)
      const answer = answerOf(await send('/verify'))
      expect(answer).toEqual(answerOf(await send('/bad', 'Authorization: Bearer garbage')))
      expect(answer.headers.join()).toMatch(/realm="orders".*resource_metadata="https:\/\/orders\.example\.com\//)
    })

    it('and none for other errors, which reach the framework', async () => {
      const send = await serve(never)
      expect((await send('/fault')).status).toBe(500)
    })
  })

  describe("with refusals: 'pass-on'", () => {
    async function servePassing(handlerOf: (guard: Guard<Q, H>, app: ReturnType<typeof createApp>) => unknown) {
      const app = createApp()
      const guard = createGuard(testApiOptions().options, { refusals: 'pass-on' })
      app.route('/guard', [guard(scope('orders:read'))], () => ({}))
      app.route('/optional', [guard.optional()], () => ({}))
      app.route('/second', [guard(), guard(scope('orders:read'))], () => ({}))
      app.handle(
        '/handler',
        framework.handlerOf(guard, [], (request) => guard.require(request, never as never, {})),
      )
      app.setErrorHandler(handlerOf(guard, app))
      const port = await listen(app)
      return (path: string, line = good) => sendRaw(port, { path, lines: [line] })
    }

    it.each([
      ['/guard', good, 'insufficient_scope'],
      ['/guard', 'Authorization: Basic Zm9v', 'credential_missing'],
      ['/optional', 'Authorization: Bearer garbage', 'token_malformed'],
      ['/handler', good, 'access_denied'],
    ])('the error handler of the application gets the refusal at %s with %s', async (path, line, reason) => {
      const send = await servePassing((_, app) =>
        app.errorHandler((error) => ({ refused: error instanceof AuthError && error.reason })),
      )
      expect(JSON.parse((await send(path, line)).body)).toEqual({ refused: reason })
    })

    it('leaves no caller on the request, and guard.auth() throws the refusal', async () => {
      const send = await servePassing((guard, app) =>
        app.errorHandler((error, request) => {
          let thrown: unknown
          try {
            guard.maybeAuth(request)
          } catch (failure) {
            thrown = failure
          }
          return { same: thrown === error, caller: framework.attached(request) ?? null }
        }),
      )
      for (const path of ['/guard', '/second'])
        expect(JSON.parse((await send(path)).body)).toEqual({ same: true, caller: null })
    })

    it('guard.errors() gives the answer of a guard that answers itself', async () => {
      const send = await servePassing((guard) => guard.errors())
      const answering = await serve(scope('orders:read'))
      const [passed, answered] = [answerOf(await send('/guard')), answerOf(await answering('/guard'))]
      expect(passed.body).toBe(answered.body)
      expect(passed.status).toBe(403)
    })
  })
}
