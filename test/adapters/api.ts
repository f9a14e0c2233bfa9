// The API that every adapter protects for the contract: one route for each thing that a guard can do.
import type { VerifiedToken } from 'claimcheck'
import { policy, type PolicyQuery, role, scope } from 'claimcheck/policy'
import type { App, Framework, Guard } from './framework.ts'

export const brokenHandler = new RangeError('the handler is broken')

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, { readonly owner: string }>) => {
  return auth.principal.subject === resource.owner
})

export function addRoutes<Q extends object, H>(app: App<Q, H>, guard: Guard<Q, H>, framework: Framework<Q, H>): void {
  const caller = (request: Q) => describeCaller(request, guard, framework)
  const subject = (request: Q) => ({
    subject: guard.auth(request).principal.subject,
    onRequest: Reflect.get(request, 'auth') as unknown,
  })
  const needsRead = scope('orders:read')
  const handle = (
    path: string,
    answer: (request: Q, auth: VerifiedToken) => unknown,
    ...rules: (typeof needsRead)[]
  ) => {
    app.handle(path, framework.handlerOf(guard, rules, answer))
  }

  app.route('/caller', [guard()], caller)
  app.route('/optional', [guard.optional()], caller)
  app.route('/scopes', [guard(scope('orders:read', 'orders:write'))], caller)
  app.route('/role', [guard(role('manager'))], caller)
  app.route(
    '/users',
    [guard(policy('users', ({ auth }: PolicyQuery<VerifiedToken>) => auth.principal.kind === 'user'))],
    caller,
  )
  app.route('/twice', [guard(), guard(needsRead), guard.optional()], caller)
  app.route('/optional-then-scope', [guard.optional(), guard(needsRead)], caller)
  app.route(
    '/throwing-policy',
    [
      guard(() => {
        throw new RangeError('SECRET-policy')
      }),
    ],
    caller,
  )
  app.route('/rejecting-policy', [guard(() => Promise.reject(new RangeError('SECRET-policy')))], caller)

  app.route('/unguarded', [], (request) => ({
    auth: thrownBy(() => guard.auth(request)),
    maybeAuth: thrownBy(() => guard.maybeAuth(request)),
  }))
  app.route('/needs-caller', [guard.optional()], (request) => guard.auth(request))
  app.route('/orders/alice', [guard()], (request) => guard.require(request, owner, { owner: 'alice' }))
  app.route('/optional-order', [guard.optional()], (request) => guard.require(request, owner, { owner: 'alice' }))
  app.route('/broken-order', [guard()], (request) =>
    guard.require(request, () => Promise.reject(new Error('SECRET-require')), {}),
  )
  app.route('/scoped-order', [guard()], (request) => guard.require(request, needsRead, {}))

  handle('/handler', (request, auth) => ({ ...caller(request), same: auth === guard.auth(request) }))
  handle('/handler-scope', (_, auth) => ({ subject: auth.principal.subject }), needsRead)
  handle('/handler-order', (request) => guard.require(request, owner, { owner: 'alice' }))
  handle('/handler-throws', () => {
    throw brokenHandler
  })
  handle('/handler-rejects', () => Promise.reject(brokenHandler))

  const closed: Record<string, (request: Q) => unknown> = {
    '/auth-constant': (request) => Object.defineProperty(request, 'auth', { value: 'own' }),
    '/auth-getter': (request) => Object.defineProperty(request, 'auth', { get: () => 'own' }),
    '/auth-inherited': (request) =>
      Object.setPrototypeOf(
        request,
        Object.create(Object.getPrototypeOf(request) as object, { auth: { get: () => 'own' } }),
      ),
  }
  for (const [path, close] of Object.entries(closed)) {
    app.route(path, [framework.before((request) => void close(request)), guard()], subject)
    app.route(`${path}-optional`, [framework.before((request) => void close(request)), guard.optional()], subject)
  }
  const broken = framework.before((request) => Object.defineProperty(request, 'auth', { set: throwBroken }))
  app.route('/auth-broken', [broken, guard()], caller)
  app.route('/auth-broken-optional', [broken, guard.optional()], caller)
}

/** Who the guard says is calling, and whether the framework says the same. */
function describeCaller<Q extends object, H>(request: Q, guard: Guard<Q, H>, { attached }: Framework<Q, H>): object {
  const auth = guard.maybeAuth(request)
  if (!auth) return { subject: null, hasAuth: attached(request) !== undefined }
  const { subject } = auth.principal
  return { subject, onRequest: attached(request) === auth, same: guard.auth(request) === auth }
}

function throwBroken(): never {
  throw new TypeError('the setter is broken')
}

function thrownBy(ask: () => unknown): string {
  try {
    ask()
    return 'nothing'
  } catch (error) {
    return String(error)
  }
}
