import { createResourceServer } from 'claimcheck'
import { anonymous, createGateway, type GatewayRequest, optional } from 'claimcheck/gateway'
import { authenticated, policy, type PolicyQuery, role, scope } from 'claimcheck/policy'
import { createTestIssuer } from 'claimcheck/testing'
import { describe, expect, test, vi } from 'vitest'
import { ask, bearer, createTestGateway } from './support.ts'

const routes = {
  'GET /orders/{id}': scope('orders:read'),
  'POST,PUT /orders': scope('orders:write'),
  '/users/{user}/{rest...}': policy(
    'own',
    ({ auth, resource }: PolicyQuery<never, GatewayRequest<{ user: string }>>) => {
      return resource.params.user === (auth as { principal: { subject: string } }).principal.subject
    },
  ),
  '/admin/{rest...}': role('admin'),
  '/account': authenticated,
  '/catalog': optional,
  '/health': anonymous,
} as never as Parameters<typeof createTestGateway>[0]

function asked(decision: { effect: string; status: number; reason?: string; route?: string }) {
  const { effect, status, reason, route } = decision
  return [effect, status, reason ?? route]
}

describe('decides by the route', () => {
  const { gateway, sts } = createTestGateway(routes)
  const decide = async (
    method: string,
    target: string,
    claims?: object | string,
    headers: readonly (readonly [string, string])[] = [],
  ) => {
    const token = typeof claims === 'string' ? bearer(claims) : claims ? bearer(sts.token(claims as never)) : []
    return asked(await gateway.decide(ask(target, { method, headers: [...token, ...headers] })))
  }

  test('lets a caller through that the policy allows', async () => {
    expect(await decide('GET', '/orders/1', { scope: 'orders:read' })).toEqual(['allow', 200, 'GET /orders/{id}'])
    expect(await decide('HEAD', '/orders/1', { scope: 'orders:read' })).toEqual(['allow', 200, 'GET /orders/{id}'])
    expect(await decide('PUT', '/orders', { scope: 'orders:write' })).toEqual(['allow', 200, 'POST,PUT /orders'])
    expect(await decide('GET', '/account', {})).toEqual(['allow', 200, '/account'])
  })

  test('refuses by whose fault it is', async () => {
    expect(await decide('GET', '/orders/1')).toEqual(['refuse', 401, 'credential_missing'])
    expect(await decide('GET', '/orders/1', sts.badToken('expired'))).toEqual(['refuse', 401, 'token_expired'])
    expect(await decide('GET', '/orders/1', 'a b')).toEqual(['refuse', 400, 'credential_malformed'])
    expect(await decide('GET', '/orders/1', {})).toEqual(['refuse', 403, 'insufficient_scope'])
    expect(await decide('GET', '/admin/x', {})).toEqual(['refuse', 403, 'access_denied'])
    expect(await decide('GET', '/admin/x', {}, bearer(sts.token()))).toEqual(['refuse', 400, 'credential_repeated'])
  })

  test('refuses a path or a method that no route names, also with a good token', async () => {
    expect(await decide('GET', '/other', { scope: 'orders:read' })).toEqual(['refuse', 403, 'route_unknown'])
    expect(await decide('DELETE', '/orders/1', { scope: 'orders:read' })).toEqual(['refuse', 403, 'route_unknown'])
    expect(await decide('GET', '/health/x')).toEqual(['refuse', 403, 'route_unknown'])
  })

  test('refuses a target with two meanings before it looks at the token', async () => {
    expect(await decide('GET', '/admin/../health', 'a b')).toEqual(['refuse', 400, 'target_ambiguous'])
  })

  test('the log says why a request is a 400', async () => {
    const { gateway: own, decisions } = createTestGateway({ '/orders': anonymous })
    for (const target of ['/orders.js', '/orders/../orders']) await own.decide(ask(target))
    expect(decisions.map(({ reason }) => reason)).toEqual(['target_ambiguous', 'target_ambiguous'])
    expect(decisions.map(({ hint }) => hint)).toEqual([
      expect.stringContaining("'/orders': some frameworks take the end of a name") as string,
      expect.stringContaining('dot segment') as string,
    ])
  })

  test.each(['X.Auth.Subject', 'x-auth.subject', 'X~Auth~Roles', 'X-Auth!Omitted', 'X_Auth_Subject', 'x-auth_subject'])(
    'refuses a header that an upstream may take for an identity header, on every route: %s',
    async (name) => {
      for (const target of ['/orders/1', '/catalog', '/health'])
        expect(await decide('GET', target, { scope: 'orders:read' }, [[name, 'alice']])).toEqual([
          'refuse',
          400,
          'target_ambiguous',
        ])
    },
  )

  test('lets other headers with odd signs be', async () => {
    expect(await decide('GET', '/health', undefined, [['X.Trace.Id', '1']])).toEqual(['allow', 200, '/health'])
  })

  test('an anonymous route never looks at the token; an optional one refuses a bad one', async () => {
    expect(await decide('GET', '/health', 'a b')).toEqual(['allow', 200, '/health'])
    expect(await decide('GET', '/health', sts.badToken('expired'))).toEqual(['allow', 200, '/health'])
    expect(await decide('GET', '/catalog')).toEqual(['allow', 200, '/catalog'])
    expect(await decide('GET', '/catalog', {})).toEqual(['allow', 200, '/catalog'])
    expect(await decide('GET', '/catalog', sts.badToken('expired'))).toEqual(['refuse', 401, 'token_expired'])
  })

  test('a policy gets the request, with its parameters decoded once', async () => {
    expect(await decide('GET', '/users/al%69ce/a', { sub: 'alice' })).toEqual(['allow', 200, '/users/{user}/{rest...}'])
    expect(await decide('GET', '/users/bob/a', { sub: 'alice' })).toEqual(['refuse', 403, 'access_denied'])
    expect(await decide('GET', '/users/bob;x/a', { sub: 'bob' })).toEqual(['refuse', 403, 'access_denied'])
  })

  test.each([
    'X-HTTP-Method-Override',
    'x-http-method',
    'X-Method-Override',
    'X_HTTP_Method_Override',
    'X.Http-Method',
  ])('%s is a reading of the method', async (name) => {
    const read = { scope: 'orders:read' }
    expect(await decide('GET', '/orders/1', read, [[name, 'DELETE']])).toEqual(['refuse', 400, 'target_ambiguous'])
    expect(await decide('GET', '/orders/1', read, [[name, 'head']])).toEqual(['allow', 200, 'GET /orders/{id}'])
    expect(
      await decide('GET', '/orders/1', read, [
        [name, 'GET'],
        [name, 'DELETE'],
      ]),
    ).toEqual(['refuse', 400, 'target_ambiguous'])
  })

  test('more than 8 overrides are refused unread: each costs all readings of the path', async () => {
    const times = (count: number) => `/account?${'_method=GET&'.repeat(count)}`
    expect(await decide('GET', times(8), {})).toEqual(['allow', 200, '/account'])
    expect(await decide('GET', times(9), {})).toEqual(['refuse', 400, 'target_ambiguous'])
  })

  test('so is _method of the query, and the method in capitals', async () => {
    const read = { scope: 'orders:read' }
    expect(await decide('GET', '/orders/1?a=1&%5Fmethod=delete', read)).toEqual(['refuse', 400, 'target_ambiguous'])
    expect(await decide('GET', '/orders/1?a=1;_method=delete', read)).toEqual(['refuse', 400, 'target_ambiguous'])
    expect(await decide('GET', '/orders/1?method=delete', read)).toEqual(['allow', 200, 'GET /orders/{id}'])
    expect(await decide('get', '/orders/1', read)).toEqual(['refuse', 400, 'target_ambiguous'])
  })

  test.each(['X-Original-URL', 'X-Rewrite-URL', 'X_Original_URL', 'x.rewrite-url'])(
    '%s is a reading of the target',
    async (name) => {
      expect(await decide('GET', '/health', undefined, [[name, '/admin/x']])).toEqual([
        'refuse',
        400,
        'target_ambiguous',
      ])
      expect(await decide('GET', '/health', undefined, [[name, '/health']])).toEqual(['allow', 200, '/health'])
    },
  )
})

describe('reads host and scheme', () => {
  const { gateway } = createTestGateway({ '//admin.example.com/{rest...}': role('admin'), '/{rest...}': anonymous })
  const decide = async (host: string, scheme = 'https') => asked(await gateway.decide(ask('/x', { host, scheme })))

  test('a host has its own routes, with a port and in any letter case', async () => {
    for (const host of ['admin.example.com', 'ADMIN.example.com', 'admin.example.com:8443'])
      expect(await decide(host)).toEqual(['refuse', 401, 'credential_missing'])
    expect(await decide('www.example.com')).toEqual(['allow', 200, '/{rest...}'])
    expect(await decide('[::1]:8080', 'wss')).toEqual(['allow', 200, '/{rest...}'])
  })

  test.each([
    ...[
      'admin.example.com.',
      'a/public/x?',
      'a@admin.example.com',
      'a,admin.example.com',
      'a b',
      '',
      'a:b',
      'a..b',
      'a:123456',
    ],
    ...['a\tb', '.a', '[::1', 'a%2eb', 'admin.example.com:'],
  ])('refuses the host %j', async (host) => {
    expect(await decide(host)).toEqual(['refuse', 400, 'target_ambiguous'])
  })

  test.each(['', 'ftp', 'https,http', 'constructor'])('refuses the scheme %j', async (scheme) => {
    expect(await decide('www.example.com', scheme)).toEqual(['refuse', 400, 'target_ambiguous'])
  })
})

describe('preflights', () => {
  const origin = ['Origin', 'https://app.example.com'] as const
  const asks = (method: string) => ['Access-Control-Request-Method', method] as const
  const { gateway, sts } = createTestGateway(routes, { preflight: true })
  const decide = async (target: string, headers: readonly (readonly [string, string])[], method = 'OPTIONS') =>
    gateway.decide(ask(target, { method, headers }))

  test('pass for a route of the table, without a caller', async () => {
    const decision = await decide('/orders/1', [origin, asks('GET'), ...bearer(sts.token())])
    expect(decision).toMatchObject({ effect: 'allow', identity: { 'X-Auth-Subject': '' } })
    expect('auth' in decision).toBe(false)
  })

  test.each([
    ['another method than OPTIONS', '/orders/1', [origin, asks('GET')], 'GET', 401],
    ['OPTIONS in small letters', '/orders/1', [origin, asks('GET')], 'options', 403],
    ['no Origin', '/orders/1', [asks('GET')], 'OPTIONS', 403],
    ['two Origins', '/orders/1', [origin, origin, asks('GET')], 'OPTIONS', 403],
    ['no method', '/orders/1', [origin], 'OPTIONS', 403],
    ['two methods', '/orders/1', [origin, asks('GET'), asks('GET')], 'OPTIONS', 403],
    ['a method that the path lacks', '/orders/1', [origin, asks('DELETE')], 'OPTIONS', 403],
    ['a path without a route', '/other', [origin, asks('GET')], 'OPTIONS', 403],
    ['a path with two meanings', '/x/../orders/1', [origin, asks('GET')], 'OPTIONS', 400],
    ['an override', '/orders', [origin, asks('PUT'), ['X-HTTP-Method-Override', 'PUT'] as const], 'OPTIONS', 400],
    [
      'an override as CGI spells it',
      '/orders',
      [origin, asks('PUT'), ['X_HTTP_METHOD_OVERRIDE', 'PUT'] as const],
      'OPTIONS',
      400,
    ],
    ['an override in the query', '/orders?_method=PUT', [origin, asks('PUT')], 'OPTIONS', 400],
  ])('do not pass with %s', async (_, target, headers, method, status) => {
    expect((await decide(target, headers, method)).status).toBe(status)
  })

  test('do not pass unless the option says so', async () => {
    const { gateway: closed } = createTestGateway(routes)
    expect((await closed.decide(ask('/account', { method: 'OPTIONS', headers: [origin, asks('GET')] }))).status).toBe(
      401,
    )
  })
})

describe('the default policy', () => {
  const { gateway, sts } = createTestGateway(routes, { policy: () => false })
  const decide = async (target: string, headers = bearer(sts.token())) =>
    (await gateway.decide(ask(target, { headers }))).status

  test('is asked on every route that looks at a token', async () => {
    expect(await decide('/account')).toBe(403)
    expect(await decide('/catalog')).toBe(403)
    expect(await decide('/catalog', [])).toBe(200)
    expect(await decide('/health')).toBe(200)
  })
})

describe('what hangs or fails', () => {
  test('a policy that hangs is a 503 after the deadline, and its signal aborts', async () => {
    vi.useFakeTimers()
    let signal: AbortSignal | undefined
    const { gateway, sts, events } = createTestGateway(
      {
        '/x': (query) => {
          signal = query.signal
          return new Promise<boolean>(() => {})
        },
      },
      { deadlineMs: 700 },
    )
    await gateway.api.ready()
    const decision = gateway.decide(ask('/x', { headers: bearer(sts.token()) }))
    await vi.advanceTimersByTimeAsync(699)
    expect(signal?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await decision).toMatchObject({ effect: 'unavailable', status: 503, headers: { 'Retry-After': '1' } })
    expect(signal?.aborted).toBe(true)
    vi.useRealTimers()
    expect(events.filter(({ type }) => type === 'refusal')).toMatchObject([{ request: { route: '/x' } }])
  })

  test('keys that cannot be fetched are a 503, never a 401', async () => {
    const { gateway, sts } = createTestGateway(routes)
    sts.outage('500')
    expect(asked(await gateway.decide(ask('/account', { headers: bearer(sts.token()) })))).toEqual([
      'unavailable',
      503,
      'keys_unavailable',
    ])
  })

  test.each([[null], [{}], [{ method: 1 }], [ask(undefined as never)], [ask('/x', { headers: undefined as never })]])(
    'never rejects: %j',
    async (check) => {
      const { gateway } = createTestGateway(routes)
      expect((await gateway.decide(check as never)).effect).not.toBe('allow')
    },
  )

  test('an observer that throws changes nothing', async () => {
    const { gateway } = createTestGateway(routes, {
      onDecision: () => {
        throw new RangeError('broken')
      },
    })
    expect((await gateway.decide(ask('/health'))).effect).toBe('allow')
  })
})

test('tells every decision with the route and the inner reason, and the event of a refusal its request', async () => {
  const { gateway, sts, decisions, events } = createTestGateway(routes)
  const id = ['X-Request-Id', 'r-1'] as const
  await gateway.decide(ask('/health', { headers: [id] }))
  await gateway.decide(ask('/account?secret', { headers: [...bearer(sts.badToken('expired')), id] }))
  await gateway.decide(ask('/nowhere/secret'))
  expect(decisions).toMatchObject([
    { effect: 'allow', status: 200, route: '/health', id: 'r-1' },
    { effect: 'refuse', status: 401, route: '/account', reason: 'token_expired', id: 'r-1' },
    { effect: 'refuse', status: 403, reason: 'route_unknown' },
  ])
  expect(events.filter(({ type }) => type === 'refusal')).toMatchObject([
    { reason: 'token_expired', request: { id: 'r-1', method: 'GET', route: '/account' } },
    { reason: 'route_unknown', request: { method: 'GET' } },
  ])
  expect(JSON.stringify([decisions, events])).not.toContain('secret')
})

describe('createGateway', () => {
  const sts = createTestIssuer()
  const issuer = { issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock: sts.clock }

  test.each([
    ['no routes', { ...issuer }],
    ['empty routes', { ...issuer, routes: {} }],
    ['a policy that is undefined', { ...issuer, routes: { '/x': undefined } }],
    ['a mark by its name', { ...issuer, routes: { '/x': 'anonymous' } }],
    ['a copy of a mark', { ...issuer, routes: { '/x': { ...anonymous } } }],
    ['true', { ...issuer, routes: { '/x': true } }],
    ['an unknown option', { ...issuer, routes: { '/x': anonymous }, preflights: true }],
    ['a deadline of no time', { ...issuer, routes: { '/x': anonymous }, deadlineMs: 0 }],
    ['preflight by a string', { ...issuer, routes: { '/x': anonymous }, preflight: 'no' }],
    ['options beside api', { api: createResourceServer(issuer), routes: { '/x': anonymous }, realm: 'x' }],
    ['a copy of an api', { api: { ...createResourceServer(issuer) }, routes: { '/x': anonymous } }],
  ])('throws a TypeError for %s', (_, options) => {
    expect(() => createGateway(options as never)).toThrow(TypeError)
  })

  test('takes a resource server that exists', async () => {
    const gateway = createGateway({ api: createResourceServer(issuer), routes: { '/x': authenticated } })
    expect((await gateway.decide(ask('/x', { headers: bearer(sts.token()) }))).effect).toBe('allow')
    expect(gateway.routes).toEqual(['/x'])
  })
})
