// An API that accepts the access tokens of one STS: the part of this example to copy.
import { createGuard } from 'claimcheck/express'
import { anyOf, role, scope } from 'claimcheck/policy'
import express, { type Express, type Request, type Response } from 'express'

export interface ApiOptions {
  /** Who issues the tokens; its metadata and keys are found from here. */
  readonly issuer: string
  /** Who this API is: a token must have been issued for it. */
  readonly audience: string
  /** Another time than the machine's, for the example's expired token. */
  readonly clock?: { nowMs(): number }
}

export function createApi(options: ApiOptions): Express {
  const guard = createGuard(options)
  const app = express()

  app.get('/me', guard(), answerWho)
  app.get('/orders', guard(scope('orders:read')), answerWho)
  app.get('/reports', guard(anyOf(role('manager'), scope('reports:read'))), answerWho)

  function answerWho(req: Request, res: Response): void {
    const { kind, subject, scopes, roles } = guard.auth(req).principal
    res.json({ kind, subject, scopes, roles })
  }

  return app
}
