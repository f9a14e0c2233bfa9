// A Fastify API that denies by default: every route needs a token, and its config says which policy, or `anonymous`.
import { randomUUID } from 'node:crypto'
import type { VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/fastify'
import { policy, type PolicyQuery, scope } from 'claimcheck/policy'
import { fastify } from 'fastify'

interface Order {
  readonly id: string
  readonly owner: string
}

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => {
  return auth.principal.key === resource.owner
})

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env
const guard = createGuard({ issuer, audience })
const orders = new Map<string, Order>()

const app = fastify()
await app.register(guard.plugin)
app.setErrorHandler(guard.errors())

app.get('/health', { config: guard.config('anonymous') }, () => 'ok')

app.post('/orders', { config: guard.config(scope('orders:write')) }, (request, reply) => {
  const order = { id: randomUUID(), owner: guard.auth(request).principal.key }
  orders.set(order.id, order)
  return reply.code(201).send(order)
})

app.get<{ Params: { id: string } }>(
  '/orders/:id',
  { config: guard.config(scope('orders:read')) },
  async (request, reply) => {
    const order = orders.get(request.params.id)
    return order ? guard.require(request, owner, order) : reply.code(404).send()
  },
)

console.log(await app.listen({ host: '127.0.0.1', port: Number(PORT) }))
