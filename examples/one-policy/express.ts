// The policies within the API: Express matches the paths, and its routes name a policy each.
import type { ResourceServer } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import express, { type Express, type Request, type Response } from 'express'
import { account, closeUser, createOrder, listOrders, readUser } from './policies.ts'

type UserParams = { user: string }

export function createApi(resourceServer: ResourceServer): Express {
  const guard = createGuard(resourceServer)
  const app = express()
  app.get('/health', answer)
  app.get('/orders', guard(listOrders), answer)
  app.post('/orders', guard(createOrder), answer)
  app.get('/account', guard(account), answer)
  app.get(
    '/users/:user',
    guard.handler<UserParams>(async (req, res) => {
      await guard.require(req, readUser, req)
      res.end('ok')
    }),
  )
  app.delete(
    '/users/:user',
    guard.handler<UserParams>(async (req, res) => {
      await guard.require(req, closeUser, req)
      res.end('ok')
    }),
  )
  return app
}

function answer(_req: Request, res: Response): void {
  res.end('ok')
}
