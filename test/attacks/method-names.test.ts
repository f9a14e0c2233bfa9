// `_method` in the query, as the upstream names it: PHP reads a leading blank away, and `.` for an underscore, and ends the
// name at NUL (main/php_variables.c). Symfony and Laravel take `_method` of a POST from there.
import { anonymous, createGateway } from 'claimcheck/gateway'
import { scope } from 'claimcheck/policy'
import { createTestIssuer } from 'claimcheck/testing'
import { expect, it } from 'vitest'

const sts = createTestIssuer()
const routes = { 'POST /orders/{id}': anonymous, 'DELETE /orders/{id}': scope('admin') }
const { decide } = createGateway({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, routes })

it.each(['?_method', '?.method', '?+_method', '?%20_method', '?a=1&.method', '?_method%00'])(
  'POST /orders/1%s=DELETE is not allowed as a POST',
  async (name) => {
    const asked = { method: 'POST', target: `/orders/1${name}=DELETE`, host: 'h', scheme: 'https', headers: [] }
    expect(await decide(asked)).toMatchObject({ effect: 'refuse' })
  },
)

it.each(['%3B', '%3b', '%3F', '%EF%BC%9B', '%EF%BC%9F'])(
  'the path counts %s as the begin of the query, and the method should, too',
  async (mark) => {
    const asked = { method: 'POST', target: `/orders/1${mark}_method=DELETE`, host: 'h', scheme: 'https', headers: [] }
    expect(await decide(asked)).toMatchObject({ effect: 'refuse' })
  },
)
