// Fastify 4 (by default), Fastify 5 with `useSemicolonDelimiter`, and other users of find-my-way begin the query at a semicolon: they serve
// /files/secret to `/files/secret;/x`. A wide route of a gateway must not let that in past the route of the narrow path.
import Fastify from 'fastify'
import { anonymous, createGateway } from 'claimcheck/gateway'
import { scope } from 'claimcheck/policy'
import { createTestIssuer } from 'claimcheck/testing'
import { expect, it } from 'vitest'

const sts = createTestIssuer()
const gateway = createGateway({
  issuer: sts.issuer,
  audience: sts.audience,
  fetch: sts.fetch,
  clock: sts.clock,
  routes: { 'GET /files/secret': scope('admin'), 'DELETE /files/{id}': scope('admin'), '/{rest...}': anonymous },
})

it.each([
  ['GET', '/files/secret;/x'],
  ['GET', '/files/secret;x=1/&'],
  ['DELETE', '/files/1;/y/x'],
])('%s %s', async (method, target) => {
  const app = Fastify({ routerOptions: { useSemicolonDelimiter: true } as object })
  app.get('/files/secret', async () => 'guarded')
  app.delete('/files/:id', async () => 'guarded')
  app.setNotFoundHandler(async () => 'open')
  const { body } = await app.inject({ method: method as 'GET', url: target })
  const { effect } = await gateway.decide({ method, target, host: 'h', scheme: 'https', headers: [] })
  expect({ body, effect }).not.toEqual({ body: 'guarded', effect: 'allow' })
})

it('says nothing of the method behind a semicolon, that some read as a form does', async () => {
  const routes = { 'GET /{rest...}': anonymous, 'DELETE /{rest...}': scope('admin') }
  const { decide } = createGateway({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, routes })
  const asked = { method: 'GET', host: 'h', scheme: 'https', headers: [] }
  expect(await decide({ ...asked, target: '/orders;_method=GET' })).toMatchObject({ effect: 'allow' })
  for (const target of ['/orders;_method=DELETE', '/orders;a=1?_method=DELETE', '/orders?a=1;_method=DELETE'])
    expect(await decide({ ...asked, target }), target).toMatchObject({ effect: 'refuse', status: 400 })
})
