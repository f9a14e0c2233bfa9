// What examples/hono-worker, as it is in the repository, must do on workerd.
import assert from 'node:assert/strict'
import type { Running } from './checks.ts'

/** Throws unless a guarded route is open to good tokens with its scope, and to no other request. */
export async function askExample({ sts, origin }: Running): Promise<void> {
  const ask = (path: string, token?: string, method = 'GET') =>
    fetch(`${origin}${path}`, { method, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
  const [reader, writer] = [sts.token({ scope: 'orders:read' }), sts.token({ scope: 'orders:write' })]

  const anonymous = await ask('/orders', undefined, 'POST')
  assert.equal(anonymous.status, 401)
  assert.equal(anonymous.headers.get('WWW-Authenticate'), 'Bearer realm="api", scope="orders:write"')
  assert.equal((await ask('/orders', sts.badToken('forged-signature'), 'POST')).status, 401)
  assert.equal((await ask('/orders', reader, 'POST')).status, 403)

  const made = await ask('/orders', writer, 'POST')
  assert.equal(made.status, 201)
  const order = (await made.json()) as { readonly id: string }
  const own = await ask(`/orders/${order.id}`, reader)
  assert.equal(own.status, 200)
  assert.deepEqual(await own.json(), order)
  assert.equal((await ask(`/orders/${order.id}`)).status, 401)
  assert.equal((await ask(`/orders/${order.id}`, writer)).status, 403)
  const other = sts.token({ sub: 'bob', scope: 'orders:read' })
  assert.equal((await ask(`/orders/${order.id}`, other)).status, 403)
  assert.equal((await ask('/health')).status, 200)
}
