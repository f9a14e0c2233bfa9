// Metadata for the whole application: the hook of `guard.metadata()` before any route, also where no route is.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { createGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import express from 'express'
import { fastify } from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { portOf } from './framework.ts'

const metadata = { resource: ['https://api.example.com', 'https://api.example.com/orders'] }
const path = '/.well-known/oauth-protected-resource'

async function expectMetadata(port: number): Promise<void> {
  for (const end of ['', '/orders']) {
    const answer = await sendRaw(port, { path: path + end })
    expect(JSON.parse(answer.body)).toMatchObject({ resource: `https://api.example.com${end}` })
  }
  expect(await sendRaw(port, { path: `${path}/orders`, method: 'POST' })).toMatchObject({ status: 405 })
  expect(await sendRaw(port, { path: `${path}/other` })).toMatchObject({ status: 404 })
  // Below the mount path, too, the challenge is for what the client called.
  const challenges = valuesOf(await sendRaw(port, { path: '/orders/7' }), 'WWW-Authenticate')
  expect(challenges).toEqual([`Bearer realm="orders", resource_metadata="https://api.example.com${path}/orders"`])
}

it('is served by an Express application, and by routers below a path', async () => {
  const guard = createGuard(testApiOptions({ metadata }).options)
  const app = express()
  app.use(guard.metadata())
  app.use(
    '/orders',
    express.Router().get('/:id', guard(), (_req, res) => res.json({})),
  )
  const server = createServer(app).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  await expectMetadata(portOf(server))
})

it('is served by a Fastify application', async () => {
  const guard = createFastifyGuard(testApiOptions({ metadata }).options)
  const app = fastify()
  app.addHook('onRequest', guard.metadata())
  app.get('/orders/:id', { onRequest: guard() }, async () => ({}))
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => app.close())
  await expectMetadata(portOf(app.server))
})
