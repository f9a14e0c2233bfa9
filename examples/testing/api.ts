// An API behind Entra ID, as it runs in production. For its tests it lets the network and the clock be given; nothing else.
import type { Clock, Fetch } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { entra } from 'claimcheck/issuers'
import { anyOf, role, scope } from 'claimcheck/policy'
import express, { type Express } from 'express'

export const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
export const clientId = '11112222-bbbb-3333-cccc-4444dddd5555'

/** Never fill these from the environment: whoever chooses `fetch` chooses whom the API trusts. */
export interface ApiOptions {
  readonly fetch?: Fetch
  readonly clock?: Clock
}

export function createApi(options: ApiOptions = {}): Express {
  const guard = createGuard({ issuer: entra({ tenant, clientId }), ...options })
  const app = express()

  app.get('/orders', guard(anyOf(scope('Orders.Read'), role('Orders.Read.All'))), (req, res) => {
    const { kind, subject } = guard.auth(req).principal
    res.json({ kind, subject })
  })

  app.get('/catalog', guard.optional(), (req, res) => {
    res.json({ for: guard.maybeAuth(req)?.principal.kind ?? 'everybody' })
  })

  return app
}
