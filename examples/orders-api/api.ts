// The API: routes load and save orders and name the policy of each; who may do what is in policies.ts.
import { randomUUID } from 'node:crypto'
import { createResourceServer } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { oidc } from 'claimcheck/issuers'
import type { JsonObject } from './issuer.ts'
import express, { type Express, type Request } from 'express'
import { createOrders, type LineItem, type Order } from './orders.ts'
import type { OrderPolicies } from './policies.ts'

export interface ApiOptions {
  readonly issuer: string
  /** The keys of the issuer. A real one publishes them: leave it out. */
  readonly jwks: { readonly keys: readonly JsonObject[] }
  readonly audience: string
  readonly policies: OrderPolicies
  readonly orders: readonly Order[]
}

type WithId = { id: string }

export function createApi({ issuer, jwks, audience, policies, orders: first }: ApiOptions): Express {
  const orders = createOrders(first)
  const resourceServer = createResourceServer({
    // This issuer lists all groups of a user. Most filter them, and then no rule about the absence of a group lets anyone in.
    issuer: oidc({ issuer, jwks, groupsAreComplete: true }),
    audience,
    realm: 'orders',
    metadata: { resource: audience, description: { resource_name: 'Orders' } },
  })
  const guard = createGuard(resourceServer)
  const app = express()
  // Shows no stack, and prints none: refusals are no faults.
  app.set('env', 'test')
  app.use(guard.metadata())
  app.use(guard())
  app.use(express.json())

  app.get(
    '/orders',
    guard.handler(policies.list, async (_req, res, auth) => {
      const all = orders.all()
      const decisions = await resourceServer.authorizeAll(auth, policies.read, all)
      res.json(all.filter((_, at) => decisions[at]?.effect === 'allow'))
    }),
  )
  app.post(
    '/orders',
    guard.handler(policies.create, (req, res, auth) => {
      const items = (req.body as { items: readonly LineItem[] }).items
      const ownerKey = auth.principal.key
      res.status(201).json(orders.save({ id: randomUUID(), ownerKey, status: 'open', onHold: false, items }))
    }),
  )
  const getOrder = guard.handler<WithId>(async (req, res) => {
    res.json(await guard.require(req, policies.read, load(req)))
  })
  const putItems = guard.handler<WithId>(async (req, res) => {
    const order = await guard.require(req, policies.change, load(req))
    res.json(orders.save({ ...order, items: (req.body as { items: readonly LineItem[] }).items }))
  })
  const refund = guard.handler<WithId>(async (req, res) => {
    const order = await guard.require(req, policies.refund, load(req))
    res.json(orders.save({ ...order, status: 'refunded' }))
  })
  app.get('/orders/:id', getOrder)
  app.put('/orders/:id/items', putItems)
  app.post('/orders/:id/refund', refund)
  return app

  function load(req: Request<WithId>): Order {
    const order = orders.find(req.params.id)
    if (!order) throw Object.assign(new Error('no such order'), { status: 404 })
    return order
  }
}
