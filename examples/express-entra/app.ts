// An Express API behind Entra ID: users read their own orders, applications with a role read all.
import { randomUUID } from 'node:crypto'
import type { Clock, Fetch, VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { entra } from 'claimcheck/issuers'
import { allOf, anyOf, policy, type PolicyQuery, role, scope } from 'claimcheck/policy'
import express, { type Express } from 'express'

interface Order {
  readonly id: string
  readonly owner: string
}

export interface AppOptions {
  readonly tenant: string
  readonly clientId: string
  /** For tests alone: `fetch` decides which keys the API trusts. */
  readonly fetch?: Fetch
  readonly clock?: Clock
}

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => {
  return auth.principal.key === resource.owner
})
const mayRead = anyOf(allOf(scope('Orders.Read'), owner), role('Orders.Read.All'))

export function createApp({ tenant, clientId, ...platform }: AppOptions): Express {
  const guard = createGuard({ issuer: entra({ tenant, clientId }), ...platform })
  const orders = new Map<string, Order>()
  const app = express()

  app.post('/orders', guard(scope('Orders.Write')), (req, res) => {
    const order = { id: randomUUID(), owner: guard.auth(req).principal.key }
    orders.set(order.id, order)
    res.status(201).json(order)
  })

  app.get(
    '/orders/:id',
    guard.handler<{ id: string }>(async (req, res) => {
      const order = orders.get(req.params.id)
      if (!order) res.status(404).end()
      else res.json(await guard.require(req, mayRead, order))
    }),
  )
  return app
}
