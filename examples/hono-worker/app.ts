// The routes of the Worker. Made once, when the module is loaded: keys and verified tokens serve all requests.
import type { VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/hono'
import { policy, type PolicyQuery, scope } from 'claimcheck/policy'
import { Hono } from 'hono'

interface Order {
  readonly id: string
  readonly owner: string
}

export interface AppOptions {
  readonly issuer: string
  readonly audience: string
  readonly keepAlive: (work: Promise<unknown>) => void
}

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => {
  return auth.principal.key === resource.owner
})

export function createApp(options: AppOptions): Hono {
  const guard = createGuard(options)
  // A real Worker keeps them in a database: another instance does not see these.
  const orders = new Map<string, Order>()
  const app = new Hono()

  app.get('/health', (c) => c.text('ok'))

  app.post('/orders', guard(scope('orders:write')), (c) => {
    const order = { id: crypto.randomUUID(), owner: c.get('auth').principal.key }
    orders.set(order.id, order)
    return c.json(order, 201)
  })

  app.get('/orders/:id', guard(scope('orders:read')), async (c) => {
    const order = orders.get(c.req.param('id'))
    return order ? c.json(await guard.require(c, owner, order)) : c.notFound()
  })
  return app
}
