// The types of routes: parameters come from the key, and what a policy needs must be there.
import { createResourceServer } from 'claimcheck'
import { anonymous, createGateway, type Gateway, optional, type RouteParams } from 'claimcheck/gateway'
import { authenticated, policy, type PolicyQuery, scope } from 'claimcheck/policy'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'

const issuer = { issuer: 'https://sts.example.com', audience: 'https://api.example.com' }

expectTypeOf<RouteParams<'GET,POST //h.example.com/a/{b}/{c...}'>>().toEqualTypeOf<{
  readonly b: string
  readonly c: string
}>()

const gateway = createGateway({
  ...issuer,
  claims: z.object({ team: z.string() }),
  routes: {
    'GET /users/{user}/{rest...}': policy('own', ({ auth, resource }) => {
      expectTypeOf(resource.params).toEqualTypeOf<{ readonly user: string; readonly rest: string }>()
      expectTypeOf(auth.claims.team).toEqualTypeOf<unknown>()
      return resource.params.user === auth.principal.subject
    }),
    '/teams/{team}': ({ auth, resource }) => resource.params.team === auth.claims.team,
    '/orders': scope('orders:read'),
    '/account': authenticated,
    '/catalog': optional,
    '/health': anonymous,
  },
})
expectTypeOf(gateway).toEqualTypeOf<Gateway<{ team: string }>>()

createGateway({ api: createResourceServer(issuer), routes: { '/orders': authenticated } })

// @ts-expect-error: the pattern has no such parameter
createGateway({ ...issuer, routes: { '/users/{user}': ({ auth, resource }) => resource.params.id === auth.issuer } })
const owner = policy('own', ({ resource }: PolicyQuery<unknown, { owner: string }>) => resource.owner === 'a')
// @ts-expect-error: a policy about another resource than the request
createGateway({ ...issuer, routes: { '/x': owner } })
// @ts-expect-error: neither a policy nor a mark
createGateway({ ...issuer, routes: { '/x': 'anonymous' } })
// @ts-expect-error: undefined is no policy
createGateway({ ...issuer, routes: { '/x': undefined } })
// @ts-expect-error: no routes
createGateway({ ...issuer })
// @ts-expect-error: no audience
createGateway({ issuer: 'https://sts.example.com', routes: { '/x': authenticated } })
