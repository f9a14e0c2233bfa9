// The tests of that API: no network, no mocking library, no real tokens. The part of this example to copy.
import { badTokenKinds, createTestIssuer, entraLike } from 'claimcheck/testing'
import type { Express } from 'express'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { clientId, createApi, tenant } from './api.ts'

// One tenant for all tests, since an RSA key takes a tenth of a second to make; an API for each, so that it knows no keys yet.
const sts = createTestIssuer(entraLike({ tenant, clientId }))
let app: Express
beforeEach(() => {
  sts.recover()
  app = createApi({ fetch: sts.fetch, clock: sts.clock })
})

function get(path: string, token?: string): request.Test {
  return token === undefined ? request(app).get(path) : request(app).get(path).auth(token, { type: 'bearer' })
}

describe('GET /orders', () => {
  it('lets in a user whose client was granted Orders.Read', async () => {
    const answer = await get('/orders', sts.token({ scp: 'Orders.Read' }))
    expect(answer.body).toEqual({ kind: 'user', subject: 'a11ce000-0000-4000-8000-000000000002' })
  })

  it('lets in an application with the role Orders.Read.All', async () => {
    const answer = await get('/orders', sts.applicationToken({ roles: ['Orders.Read.All'] }))
    expect(answer.body).toMatchObject({ kind: 'application' })
  })

  it('asks who sends no token for one', async () => {
    const answer = await get('/orders')
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="api", scope="Orders.Read"')
  })

  it('tells a user without the scope which one is missing', async () => {
    const answer = await get('/orders', sts.token({ scp: 'Profile.Read' }))
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
  })

  // The oversized one is too long for Node's HTTP server, which answers 431 before the API sees it.
  it.each(badTokenKinds.filter((kind) => kind !== 'oversized'))('refuses a token that is bad by %s', async (kind) => {
    const answer = await get('/orders', sts.badToken(kind, { scp: 'Orders.Read' }))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  it('refuses a token when its time is over', async () => {
    const token = sts.token({ scp: 'Orders.Read' }, { lifetimeSeconds: 600 })
    await get('/orders', token).expect(200)
    sts.clock.advance({ minutes: 11 })
    await get('/orders', token).expect(401)
  })

  it('refuses the token of another tenant', async () => {
    const tid = '99999999-0000-4000-8000-000000000000'
    await get('/orders', sts.token({ scp: 'Orders.Read', tid })).expect(401)
  })

  it('goes on through a rotation and an outage of the STS', async () => {
    await get('/orders', sts.token({ scp: 'Orders.Read' })).expect(200)
    sts.rotateKeys()
    await get('/orders', sts.token({ scp: 'Orders.Read' })).expect(200)
    sts.outage('refuse')
    sts.clock.advance({ hours: 20 })
    await get('/orders', sts.token({ scp: 'Orders.Read' })).expect(200)
  })

  it('says 503, and not 401, when it could never fetch a key', async () => {
    sts.outage('500')
    const answer = await get('/orders', sts.token({ scp: 'Orders.Read' }))
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
  })
})

describe('GET /catalog', () => {
  it('is for everybody, but not for a bad token', async () => {
    expect((await get('/catalog')).body).toEqual({ for: 'everybody' })
    expect((await get('/catalog', sts.token())).body).toEqual({ for: 'user' })
    await get('/catalog', sts.badToken('expired')).expect(401)
  })
})
