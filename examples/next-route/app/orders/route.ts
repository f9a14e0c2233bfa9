// A route of Next.js. Each handler is guarded itself: middleware of Next alone is no protection, as requests can pass it by.
import { createResourceServer } from 'claimcheck'
import { scope } from 'claimcheck/policy'
import { withAuth } from 'claimcheck/web'

interface Order {
  readonly item: string
  readonly owner: string
}

const { ISSUER: issuer = '', AUDIENCE: audience = '' } = process.env
const api = createResourceServer({ issuer, audience })
const orders: Order[] = []

export const GET = withAuth(api, scope('orders:read'), (_request, auth) =>
  Response.json(orders.filter(({ owner }) => owner === auth.principal.key)),
)

export const POST = withAuth(api, scope('orders:write'), async (request, auth) => {
  const order = { item: await request.text(), owner: auth.principal.key }
  orders.push(order)
  return Response.json(order, { status: 201 })
})
