// An encoded semicolon is a part of a name. A bare one is the begin of the query to some upstreams: then the path is another.
import { anonymous, createGateway } from 'claimcheck/gateway'
import { createTestIssuer } from 'claimcheck/testing'
import { expect, it } from 'vitest'

const sts = createTestIssuer()
const routes = { 'GET /users/{id}/orders': anonymous }
const { decide } = createGateway({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, routes })

it.each([
  ['/users/a%3Bb/orders', 'allow'],
  ['/users/a;v=1/orders', 'refuse'],
])('%s', async (target, effect) => {
  const asked = { method: 'GET', target, host: 'h', scheme: 'https', headers: [] }
  expect(await decide(asked)).toMatchObject({ effect })
})
