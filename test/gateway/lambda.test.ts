// Lambda authorizers by their contract, with an event of each form. The events follow the examples of the developer guide of API
// Gateway, read 2026-11-29: "Input to an API Gateway Lambda authorizer" and "Control access to HTTP APIs with AWS Lambda authorizers". Token,
// path and domain are ours; `domainName` in an event of a REST API, and the stage before the path of an HTTP API, are as real events have them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  APIGatewayRequestAuthorizerHandler,
  APIGatewayRequestIAMAuthorizerHandlerV2,
  APIGatewayRequestSimpleAuthorizerHandlerV2,
  APIGatewayTokenAuthorizerHandler,
} from 'aws-lambda'
import { anonymous, createGateway, fileSigningKeys, gatewayAssertion, optional } from 'claimcheck/gateway'
import { createLambdaAuthorizer, type LambdaAuthorizerEvent } from 'claimcheck/gateway/lambda'
import { authenticated, policy, role, scope } from 'claimcheck/policy'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ask, createTestGateway } from './support.ts'

type Json = Record<string, unknown>
type Form = 'rest-token' | 'rest-request' | 'http-1.0' | 'http-2.0'

const forms: readonly Form[] = ['rest-token', 'rest-request', 'http-1.0', 'http-2.0']
const arnOf = (form: Form) => (form === 'http-2.0' ? 'routeArn' : 'methodArn')

interface Asked {
  readonly method?: string
  /** Behind the stage, as the event tells it. */
  readonly path?: string
  readonly token?: string | undefined
  readonly changes?: Json
}

/** The event of `form`, about another request. Without a token, nothing in it looks like one. */
function eventOf(form: Form, { method = 'GET', path = '/orders/1', token, changes = {} }: Asked = {}) {
  const text = readFileSync(new URL(`events/${form}.json`, import.meta.url), 'utf8')
  const event = JSON.parse(text, (name, value: unknown) => {
    if (value === 'TOKEN' && name !== 'type') return `Bearer ${token}`
    if (name === 'httpMethod' || name === 'method') return method
    return name === arnOf(form) ? String(value).replace('GET/orders/1', `${method}${path}`) : value
  }) as Json
  if (form === 'rest-request') event.path = path
  if (form === 'http-1.0') event.path = `/test${path}`
  if (form === 'http-2.0') event.rawPath = `/test${path}`
  if (token === undefined) {
    for (const map of ['headers', 'multiValueHeaders'])
      event[map] = withoutCredential((event[map] ?? null) as Json | null)
    if (form === 'http-2.0') event.identitySource = []
    if (form === 'http-1.0') event.identitySource = event.authorizationToken = ''
    if (form === 'rest-token') event.authorizationToken = ''
  }
  return { ...event, ...changes } as unknown as LambdaAuthorizerEvent
}

function withoutCredential(headers: Json | null): Json | null {
  const rest = Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== 'authorization')
  return headers && Object.fromEntries(rest)
}

/** What the client of API Gateway would get: 200, or the status of the refusal. */
async function statusOf(answer: Promise<unknown>): Promise<number> {
  try {
    const given = (await answer) as { isAuthorized?: boolean; policyDocument?: { Statement: [{ Effect: string }] } }
    return (given.isAuthorized ?? given.policyDocument?.Statement[0].Effect === 'Allow') ? 200 : 403
  } catch (error) {
    return (error as Error).message === 'Unauthorized' ? 401 : 500
  }
}

const routes = {
  'GET /orders/{id}': scope('orders:read'),
  '/users/{user}/{rest...}': policy(
    'own',
    ({ auth, resource }) =>
      (resource as { params: { user: string } }).params.user ===
      (auth as { principal: { subject: string } }).principal.subject,
  ),
  '/admin/{rest...}': role('admin'),
  '/down': policy('down', () => Promise.reject(new Error('the database is down'))),
  '/account': authenticated,
  '/catalog': optional,
  '/health': anonymous,
} as never as Parameters<typeof createTestGateway>[0]

describe.each(forms)('an event of the form %s', (form) => {
  const { gateway, sts, decisions } = createTestGateway(routes)
  const authorize = createLambdaAuthorizer(gateway, { answer: 'iam' })
  const reader = { sub: 'alice', scope: 'orders:read', roles: ['clerk'], exp: 9_999_999_999 }

  test('with a token that the policy allows gives an Allow for this request alone, and the whole identity', async () => {
    const event = eventOf(form, { token: sts.token(reader) })
    const answer = await authorize(event)
    expect(answer.policyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: (event as unknown as Json)[arnOf(form)] }],
    })
    expect(answer.context).toEqual({
      x_auth_principal: answer.principalId,
      x_auth_kind: 'user',
      x_auth_subject: 'alice',
      x_auth_tenant: '',
      x_auth_client: expect.any(String),
      x_auth_scopes: 'orders:read',
      x_auth_roles: 'clerk',
      x_auth_expires: '9999999999',
      x_auth_omitted: '',
      exp: 9_999_999_999,
    })
    expect(answer.principalId).toMatch(/alice/)
    expect(decisions.at(-1)).toMatchObject({ effect: 'allow', dialect: 'lambda', route: 'GET /orders/{id}' })
  })

  test.each([
    ['no token', {}, form === 'rest-token' ? 403 : 401],
    ['a token that is none', { token: 'a.b.c' }, 401],
    ['a malformed credential', { token: 'a b' }, 403],
    ['a path without a route', { token: 'good', path: '/elsewhere' }, 403],
    ['a method that the path lacks', { token: 'good', method: 'DELETE' }, 403],
    ['a token without the role', { token: 'good', path: '/admin/x' }, 403],
    ['a policy that cannot decide', { token: 'good', path: '/down' }, 500],
    ['no token on an anonymous route', { path: '/health' }, 200],
    ['a bad token on an anonymous route', { path: '/health', token: 'a.b.c' }, 200],
    ['dot segments', { token: 'good', path: '/health/../admin/x' }, 403],
    ['a path of the caller', { token: 'good', path: '/users/alice/x' }, 200],
    ['a path of another user', { token: 'good', path: '/users/bob/x' }, 403],
  ])('with %s', async (_, asked: Asked, status) => {
    const token = asked.token === 'good' ? sts.token(reader) : asked.token
    expect(await statusOf(authorize(eventOf(form, { ...asked, token })))).toBe(status)
  })

  test('without a caller gives every identity value empty, and no end', async () => {
    const { principalId, context } = await authorize(eventOf(form, { path: '/health' }))
    expect(principalId).toBe('anonymous')
    expect(Object.keys(context)).toHaveLength(9)
    expect(Object.values(context)).toEqual(Array(9).fill(''))
  })

  test('that is refused by the policy tells a gateway response the challenge and the problem', async () => {
    const { context, policyDocument } = await authorize(eventOf(form, { token: sts.token({ sub: 'alice' }) }))
    expect(context.status).toBe(403)
    expect(context.challenge).toMatch(/^Bearer realm="orders".*error="insufficient_scope".*scope="orders:read"/)
    expect(JSON.parse(String(context.problem))).toMatchObject({ status: 403, scope: 'orders:read' })
    expect(policyDocument.Statement[0]).toMatchObject({
      Effect: 'Deny',
      Resource: expect.stringMatching(/\/test\/\*$/),
    })
    expect(JSON.stringify(context)).not.toContain('alice')
  })

  test('whose identity is too large leaves the longest values out, and names them', async () => {
    const roles = Array.from({ length: 230 }, (_, index) => `role-number-${1000 + index}`)
    const many = { ...reader, roles, scope: `orders:read ${'s'.repeat(4000)}` }
    const answer = await authorize(eventOf(form, { token: sts.token(many) }))
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(8192)
    expect(answer.context.x_auth_omitted).toBe('X-Auth-Scopes')
    expect(answer.context).toMatchObject({ x_auth_scopes: '', x_auth_subject: 'alice', exp: 9_999_999_999 })
    expect(String(answer.context.x_auth_roles).split(',')).toHaveLength(230)
    const more = await authorize(
      eventOf(form, { token: sts.token({ ...reader, roles: roles.flatMap((one) => [one, `${one}b`]) }) }),
    )
    expect(more.context).toMatchObject({ x_auth_roles: '', x_auth_omitted: 'X-Auth-Roles' })
  })

  test('of a STS without keys rejects with an error that is no 401', async () => {
    const cold = createTestGateway(routes)
    cold.sts.outage('refuse')
    const token = cold.sts.token(reader)
    const answer = createLambdaAuthorizer(cold.gateway, { answer: 'iam' })(eventOf(form, { token }))
    await expect(answer).rejects.toThrow(/^claimcheck: no decision \(keys_unavailable\)$/)
  })

  test('of a process that was frozen for two hours gets what is true now', async () => {
    const { gateway: frozen, sts: own } = createTestGateway(routes)
    const handler = createLambdaAuthorizer(frozen, { answer: 'iam' })
    const status = (token: string) => statusOf(handler(eventOf(form, { token })))
    const [long, short] = [own.token(reader), own.token({ ...reader, exp: own.clock.nowMs() / 1000 + 3600 })]
    expect([await status(long), await status(short)]).toEqual([200, 200])
    own.clock.advance({ hours: 2 })
    expect([await status(long), await status(short)]).toEqual([200, 401])
    own.rotateKeys({ keepOld: false })
    own.clock.advance({ hours: 2 })
    expect([await status(long), await status(own.token(reader))]).toEqual([401, 200])
  })

  test('with a wildcard in its path gets no Allow that would match other paths', async () => {
    for (const path of ['/users/alice/*', '/users/alice/a?b', '/users/alice/${*}', `/users/alice/${'x'.repeat(500)}`]) {
      const answer = await authorize(eventOf(form, { path, token: sts.token(reader) }))
      expect(answer.policyDocument.Statement[0]?.Effect, path).toBe('Deny')
    }
  })

  test('never takes an identity header of the client for anything', async () => {
    const seen: unknown[] = []
    const own = createTestGateway({
      '/orders/1': policy('looks', ({ resource }) => {
        seen.push((resource as { header(name: string): unknown }).header('X-Auth-Subject'))
        return true
      }),
    } as never)
    const event = eventOf(form, { token: own.sts.token(reader) }) as unknown as Json
    const headers = { ...(event.headers as Json), 'X-Auth-Subject': 'root' }
    await createLambdaAuthorizer(own.gateway, { answer: 'iam' })({ ...event, headers } as never)
    expect(seen).toEqual([undefined])
  })
})

describe('headers', () => {
  const { gateway, sts } = createTestGateway(routes)
  const authorize = createLambdaAuthorizer(gateway, { answer: 'iam' })

  test.each(['rest-request', 'http-1.0', 'http-2.0'] as const)(
    'of %s that spell an identity header otherwise are refused: no mapping replaces them',
    async (form) => {
      const { headers } = eventOf(form, { path: '/health' }) as unknown as { headers: Json }
      const withLine = async (name: string) =>
        statusOf(authorize(eventOf(form, { path: '/health', changes: { headers: { ...headers, [name]: 'root' } } })))
      for (const name of ['X_Auth_Subject', 'x-auth_subject', 'X.Auth.Subject', 'X_AUTH_OMITTED'])
        expect(await withLine(name), name).toBe(403)
      for (const name of ['X-Auth-Subject', 'X_Other']) expect(await withLine(name), name).toBe(200)
    },
  )

  const [good, other] = [`Bearer ${sts.token({ scope: 'orders:read' })}`, `Bearer ${sts.token({ sub: 'x' })}`]
  const status = async (form: Form, changes: Json) => statusOf(authorize(eventOf(form, { changes })))

  test.each([
    ['in small letters', { headers: { authorization: good }, multiValueHeaders: null }, 200],
    ['in one member alone', { headers: null, multiValueHeaders: { AUTHORIZATION: [good] } }, 200],
    ['with null for another value', { headers: { Authorization: good, Accept: null }, multiValueHeaders: null }, 200],
    ['in none', { headers: null, multiValueHeaders: null }, 401],
    ['in two lines', { headers: { Authorization: other }, multiValueHeaders: { Authorization: [good, other] } }, 403],
    [
      'in two equal lines',
      { headers: { Authorization: good }, multiValueHeaders: { Authorization: [good, good] } },
      403,
    ],
    ['in two spellings', { headers: { Authorization: good, authorization: other }, multiValueHeaders: null }, 403],
    [
      'in two spellings of one member',
      { headers: {}, multiValueHeaders: { Authorization: [good], authorization: [good] } },
      403,
    ],
    [
      'in two members that differ',
      { headers: { authorization: other }, multiValueHeaders: { Authorization: [good] } },
      403,
    ],
    ['in a value that is no text', { headers: { Authorization: 1 }, multiValueHeaders: null }, 500],
    ['in a map that is none', { headers: [good], multiValueHeaders: null }, 500],
  ])('take a credential %s', async (_, changes, expected) => {
    expect(await status('rest-request', changes)).toBe(expected)
  })

  test('of an HTTP API join two lines by a comma, which no credential has', async () => {
    expect(await status('http-2.0', { headers: { authorization: good } })).toBe(200)
    expect(await status('http-2.0', { headers: { authorization: `${good},${other}` } })).toBe(403)
  })

  test('alone hold a credential: not the query, not the identity source, not the body', async () => {
    const source = { identitySource: [good], rawQueryString: `access_token=${good.slice(7)}` }
    expect(
      await status('http-2.0', { ...source, body: btoa(`access_token=${good.slice(7)}`), isBase64Encoded: true }),
    ).toBe(401)
    expect(await status('http-1.0', { identitySource: good, authorizationToken: good })).toBe(401)
    expect(await status('rest-request', { queryStringParameters: { Authorization: good } })).toBe(401)
  })

  test('and the query may override the method where an API obeys them', async () => {
    const credential = { headers: { Authorization: good, 'X-HTTP-Method-Override': 'DELETE' }, multiValueHeaders: null }
    expect(await status('rest-request', credential)).toBe(403)
    const query = { headers: { authorization: good }, rawQueryString: 'a=1&_method=DELETE' }
    expect(await status('http-2.0', query)).toBe(403)
    const decoded = { headers: { Authorization: good }, multiValueHeaders: null, multiValueQueryStringParameters: null }
    expect(await status('rest-request', { ...decoded, queryStringParameters: { _method: 'DELETE' } })).toBe(403)
    expect(await status('rest-request', { ...decoded, queryStringParameters: { a: 'b c' } })).toBe(200)
  })
})

describe('paths', () => {
  const { gateway, sts } = createTestGateway(routes)
  const authorize = createLambdaAuthorizer(gateway, { answer: 'iam' })
  const status = async (form: Form, path: string, sub: string, changes: Json = {}) =>
    statusOf(authorize(eventOf(form, { path, token: sts.token({ sub, scope: 'orders:read' }), changes })))

  test('of a REST API are as sent, and are decoded once', async () => {
    expect(await status('rest-request', '/users/al%69ce/x', 'alice')).toBe(200)
    expect(await status('rest-request', '/users/a%20b/x', 'a b')).toBe(200)
    expect(await status('rest-request', '/users/al%2569ce/x', 'alice')).toBe(403)
    expect(await status('rest-request', '/users/al%2569ce/x', 'al%69ce')).toBe(403)
    expect(await status('rest-request', '/users/alice%2Fbob/x', 'alice')).toBe(403)
  })

  test.each(['http-1.0', 'http-2.0', 'rest-token'] as const)(
    'of %s are decoded already, and never twice',
    async (form) => {
      expect(await status(form, '/users/a b/x', 'a b')).toBe(200)
      expect(await status(form, '/users/zoë/x', 'zoë')).toBe(200)
      // The client sent %2569.
      expect(await status(form, '/users/al%69ce/x', 'alice')).toBe(403)
      expect(await status(form, '/users/al\\ice/x', 'al\\ice')).toBe(403)
      expect(await status(form, '/users/alice/\ud800', 'alice')).toBe(403)
    },
  )

  test('must be the one of the ARN, behind the stage or the base path', async () => {
    expect(await status('rest-request', '/orders/1', 'alice', { path: '/shop/orders/1/' })).toBe(200)
    expect(await status('rest-request', '/orders/1', 'alice', { path: '/health' })).toBe(403)
    expect(await status('rest-request', '/orders/1', 'alice', { path: '/orders/2' })).toBe(403)
    expect(await status('http-2.0', '/orders/1', 'alice', { rawPath: '/test/orders/2' })).toBe(403)
    expect(await status('rest-request', '/orders/1', 'alice', { path: '/orders/1/x' })).toBe(403)
    expect(await status('rest-request', '/health', 'alice', { path: '/orders/2' })).toBe(403)
    expect(await status('http-2.0', '/orders/1', 'alice', { rawPath: 'orders/1' })).toBe(403)
    // What stands before the path of the ARN is a base path (letters, digits and a few signs), and not another way to write the path.
    for (const start of ['', '/.', '/..', '/admin/..', '/%2e%2e', '/admin;', '/a%2Fb', '/admin?'])
      expect(await status('rest-request', '/orders/1', 'alice', { path: `${start}/orders/1` }), start).toBe(
        start === '' ? 200 : 403,
      )
    expect(await status('rest-request', '/orders/1', 'alice', { path: '//orders/1' })).toBe(403)
    expect(await status('rest-request', '/orders/1', 'alice', { path: "/v1.0/a_b-c$+!*'()/orders/1" })).toBe(200)
    expect(await status('rest-request', '/users/a:b/2026-11-29T00:00', 'a:b')).toBe(200)
  })

  describe('of the route $default', () => {
    const arnOfStage = (stage: string) => `arn:aws:execute-api:us-east-1:123456789012:abcdef123/${stage}/$default`
    const uncached = createLambdaAuthorizer(gateway, { answer: 'iam', cached: false })
    const token = sts.token({ sub: 'alice', scope: 'orders:read' })
    const ofDefault = (stage: string, rawPath: string) =>
      eventOf('http-2.0', { token, changes: { routeArn: arnOfStage(stage), rawPath } })

    test('come from the event alone', async () => {
      expect(await statusOf(uncached(ofDefault('$default', '/orders/1')))).toBe(200)
      expect(await statusOf(uncached(ofDefault('$default', '/admin/1')))).toBe(403)
    })

    test('are behind the stage: with it, a wider route would decide about them', async () => {
      const own = createTestGateway({ '/admin': role('admin'), '/': authenticated, '/{rest...}': anonymous })
      const authorize = createLambdaAuthorizer(own.gateway, { answer: 'iam', cached: false })
      const asked = async (path: string) => statusOf(authorize(ofDefault('test', path)))
      // The token is of another STS: any route but the anonymous one refuses it.
      expect(await asked('/test/catalog')).toBe(200)
      expect(await asked('/test/admin')).toBe(401)
      expect(await asked('/test')).toBe(401)
      expect(await asked('/test/')).toBe(401)
      for (const path of ['/admin', '/testing/admin', '/prod/admin', 'test/admin'])
        expect(await asked(path), path).toBe(403)
    })

    // "If you use an API mapping to connect your stage to a custom domain name, rawPath won't provide the API mapping value. Use format 1.0
    // and path to access the API mapping": developer guide, "Payload format differences".
    test('of payload 1.0 get none on a domain of their own: the path may begin with its base path', async () => {
      const own = createTestGateway({ '/admin': role('admin'), '/{rest...}': anonymous })
      const authorize = createLambdaAuthorizer(own.gateway, { answer: 'iam', cached: false })
      const asked = async (stage: string, path: string, requestContext: Json) =>
        authorize(eventOf('http-1.0', { changes: { methodArn: arnOfStage(stage), path, requestContext } }))
      const domain = 'api.example.com'
      // The API gets /admin of each: the base path may be `shop`, and also the name of the stage.
      for (const [stage, path] of [
        ['$default', '/shop/admin'],
        ['test', '/test/admin'],
        ['test', '/test/shop/admin'],
      ] as const)
        for (const context of [{ domainName: domain }, { domainName: domain, apiId: domain.split('.')[0] }, {}])
          await expect(asked(stage, path, context)).rejects.toThrow(/^claimcheck: .*payload 2\.0/)
      const domainName = 'abcdef123.execute-api.us-east-1.amazonaws.com'
      expect(await statusOf(asked('$default', '/admin', { domainName }))).toBe(401)
      expect(await statusOf(asked('test', '/test/admin', { domainName }))).toBe(401)
      expect(await statusOf(asked('test', '/test/catalog', { domainName }))).toBe(200)
      // Payload 2.0 never tells it, and an ARN with a path says what is behind it.
      const custom = { requestContext: { domainName: domain, http: { method: 'GET' } } }
      const v2 = { ...custom, routeArn: arnOfStage('test'), rawPath: '/test/admin' }
      expect(await statusOf(authorize(eventOf('http-2.0', { changes: v2 })))).toBe(401)
      const exact = eventOf('http-1.0', { path: '/admin', changes: { ...custom, path: '/shop/admin' } })
      expect(await statusOf(authorize(exact))).toBe(401)
    })

    test('get no answer that names all of them until cached is written', async () => {
      await expect(authorize(ofDefault('$default', '/orders/1'))).rejects.toThrow(/\$default needs cached: false/)
    })
  })

  test('and methods must agree', async () => {
    const arn = (method: string) => `arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/${method}/orders/1`
    const token = sts.token({ scope: 'orders:read' })
    const event = (changes: Json) => eventOf('rest-request', { method: 'DELETE', token, changes })
    expect(await statusOf(authorize(event({ methodArn: arn('GET'), httpMethod: 'GET' })))).toBe(200)
    expect(await statusOf(authorize(event({ httpMethod: 'GET' })))).toBe(403)
    expect(await statusOf(authorize(event({ methodArn: arn('GET') })))).toBe(403)
    expect(await status('http-2.0', '/orders/1', 'alice', { requestContext: {} })).toBe(403)
  })

  test.each([
    ['no object', null],
    [
      'a WebSocket',
      eventOf('rest-request', { changes: { methodArn: 'arn:aws:execute-api:us-east-1:1:a/test/$connect' } }),
    ],
    ['every stage', eventOf('rest-token', { changes: { methodArn: 'arn:aws:execute-api:us-east-1:1:a/*/GET/' } })],
    ['no ARN', eventOf('rest-token', { changes: { methodArn: undefined } })],
    ['another type', eventOf('rest-token', { changes: { type: 'request' } })],
    ['no path', eventOf('rest-request', { changes: { path: null } })],
  ])('of an event about %s are no answer', async (_, event) => {
    await expect(authorize(event as never)).rejects.toThrow(/^claimcheck: this is no event/)
  })
})

describe('hosts', () => {
  const { gateway } = createTestGateway({ '//admin.example.com/{rest...}': role('admin'), '/{rest...}': anonymous })
  const authorize = createLambdaAuthorizer(gateway, { answer: 'iam' })

  test('have their routes where the event tells one', async () => {
    const changes = { requestContext: { domainName: 'admin.example.com' } }
    expect(await statusOf(authorize(eventOf('rest-request', { changes })))).toBe(401)
    expect(await statusOf(authorize(eventOf('rest-request')))).toBe(200)
  })

  test('that were not told are no way round them', async () => {
    await expect(authorize(eventOf('rest-token'))).rejects.toThrow(/routes name a host/)
    const changes = { requestContext: {}, headers: { Host: 'www.example.com' } }
    await expect(authorize(eventOf('rest-request', { changes }))).rejects.toThrow(/routes name a host/)
  })
})

describe("answer: 'simple'", () => {
  const { gateway, sts } = createTestGateway(routes)
  const authorize = createLambdaAuthorizer(gateway, { answer: 'simple', cached: false })
  const token = sts.token({ sub: 'alice', scope: 'orders:read' })

  test('gives the same context', async () => {
    const event = eventOf('http-2.0', { token })
    const { context } = await createLambdaAuthorizer(gateway, { answer: 'iam' })(event)
    expect(await authorize(event)).toEqual({ isAuthorized: true, context })
    expect(await authorize(eventOf('http-2.0', { path: '/health' }))).toMatchObject({ isAuthorized: true })
    const many = {
      sub: 'alice',
      scope: 'orders:read',
      roles: Array.from({ length: 400 }, (_, index) => `role-number-${index}`),
    }
    expect(await authorize(eventOf('http-2.0', { token: sts.token(many) }))).toMatchObject({
      isAuthorized: true,
      context: { x_auth_roles: '', x_auth_omitted: 'X-Auth-Roles' },
    })
  })

  test.each([
    ['403', { token: 'good', path: '/admin/x' }, 403],
    ['400', { token: 'a b' }, 403],
    ['401', {}, 401],
    ['503', { token: 'good', path: '/down' }, 500],
  ])('refuses with a %s', async (_, asked: Asked, status) => {
    const event = eventOf('http-2.0', { ...asked, token: asked.token === 'good' ? token : asked.token })
    expect(await statusOf(authorize(event))).toBe(status)
  })

  test('is no answer to the other forms', async () => {
    for (const form of ['rest-token', 'rest-request', 'http-1.0'] as const)
      await expect(authorize(eventOf(form, { token }))).rejects.toThrow(/payload 2.0/)
  })
})

describe('cached: true', () => {
  const one = scope('orders:read')
  const { gateway, sts } = createTestGateway({ '/orders/{id}': one, '/account': one })
  const token = sts.token({ sub: 'alice', scope: 'orders:read' })

  test.each(forms)('answers an event of the form %s for the stage', async (form) => {
    const authorize = createLambdaAuthorizer(gateway, { answer: 'iam', cached: true })
    const { policyDocument } = await authorize(eventOf(form, { token, path: '/orders/*' }))
    expect(policyDocument.Statement[0]).toMatchObject({
      Effect: 'Allow',
      Resource: expect.stringMatching(/^arn:aws:execute-api:us-(?:east|west)-\d:123456789012:\w+\/test\/\*$/),
    })
  })

  test('needs the token as the identity source', async () => {
    const authorize = createLambdaAuthorizer(gateway, { answer: 'simple', cached: true })
    expect(await authorize(eventOf('http-2.0', { token }))).toMatchObject({ isAuthorized: true })
    for (const identitySource of [['203.0.113.7'], []])
      await expect(authorize(eventOf('http-2.0', { token, changes: { identitySource } }))).rejects.toThrow(
        /identity source/,
      )
  })

  test('takes no answer of a policy that reads the request', async () => {
    const readers = [
      policy('own', ({ resource }) => (resource as { params: { id: string } }).params.id === '1'),
      policy('in', ({ resource }) => 'params' in (resource as object)),
      policy('spread', ({ resource }) => Object.keys({ ...(resource as object) }).length > 0),
    ]
    for (const reader of readers) {
      const own = createTestGateway({ '/orders/{id}': reader } as never)
      const event = eventOf('rest-request', { token: own.sts.token() })
      expect(await statusOf(createLambdaAuthorizer(own.gateway, { answer: 'iam', cached: true })(event))).toBe(500)
      expect(await statusOf(createLambdaAuthorizer(own.gateway, { answer: 'iam' })(event))).toBe(200)
    }
  })

  test('lets no preflight pass: its answer would count for requests with the same bad token', async () => {
    const own = createTestGateway({ '/orders/{id}': one }, { preflight: true })
    const headers = {
      Origin: 'https://a.example',
      'Access-Control-Request-Method': 'GET',
      Authorization: 'Bearer a.b.c',
    }
    const event = eventOf('rest-request', { method: 'OPTIONS', changes: { headers, multiValueHeaders: null } })
    expect(await statusOf(createLambdaAuthorizer(own.gateway, { answer: 'iam', cached: true })(event))).toBe(401)
    expect(await statusOf(createLambdaAuthorizer(own.gateway, { answer: 'iam' })(event))).toBe(200)
  })

  test('takes no token that is bound to one request', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'claimcheck-lambda-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const keys = fileSigningKeys(directory)
    const before = createTestGateway({ '/orders/1': one }, { assertion: { issuer: 'g', audience: 'orders', keys } })
    const headers: [string, string][] = [['Authorization', `Bearer ${before.sts.token({ scope: 'orders:read' })}`]]
    const allowed = await before.gateway.decide({ ...ask('/orders/1'), headers })
    const assertion = (allowed as { identity: Record<string, string> }).identity['X-Auth-Assertion']
    const behind = createGateway({
      issuer: gatewayAssertion({ issuer: 'g', audience: 'orders', jwks: keys.jwks() }),
      clock: before.sts.clock,
      routes: { '/orders/{id}': one },
    })
    const changes = { headers: { 'X-Auth-Assertion': assertion }, multiValueHeaders: null }
    const event = eventOf('rest-request', { changes })
    expect(await statusOf(createLambdaAuthorizer(behind, { answer: 'iam' })(event))).toBe(200)
    expect(await statusOf(createLambdaAuthorizer(behind, { answer: 'iam', cached: true })(event))).toBe(401)
  })

  test('refuses as ever', async () => {
    const authorize = createLambdaAuthorizer(gateway, { answer: 'iam', cached: true })
    const { context } = await authorize(eventOf('rest-request', { token: sts.token({ scope: 'other' }) }))
    expect(context).toMatchObject({ status: 403, challenge: expect.stringContaining('scope="orders:read"') })
  })

  test('is a TypeError unless all routes have one policy', () => {
    for (const table of [routes, { '/a': scope('a'), '/b': scope('a') }, { '/a': one, '/b': anonymous }])
      expect(() =>
        createLambdaAuthorizer(createTestGateway(table as never).gateway, { answer: 'iam', cached: true }),
      ).toThrow(TypeError)
  })

  test('is a TypeError beside an assertion, which is for one request', () => {
    const directory = mkdtempSync(join(tmpdir(), 'claimcheck-lambda-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const assertion = { issuer: 'gateway', audience: 'orders', keys: fileSigningKeys(directory) }
    const { gateway: asserting } = createTestGateway({ '/a': one }, { assertion })
    expect(() => createLambdaAuthorizer(asserting, { answer: 'iam', cached: true })).toThrow(/assertion/)
    expect(createLambdaAuthorizer(asserting, { answer: 'iam' })).toBeTypeOf('function')
  })
})

test.each([
  ['an unknown answer', { answer: 'policy' }],
  ['no answer', {}],
  ['an unknown option', { answer: 'iam', ttl: 1 }],
  ['a simple answer that does not say whether it is cached', { answer: 'simple' }],
  ['a switch that is none', { answer: 'iam', cached: 'no' }],
])('throws a TypeError for %s', (_, options) => {
  const { gateway } = createTestGateway({ '/x': anonymous })
  expect(() => createLambdaAuthorizer(gateway, options as never)).toThrow(TypeError)
  expect(() => createLambdaAuthorizer({ ...gateway }, { answer: 'iam' })).toThrow(TypeError)
})

test('fits the types of AWS', () => {
  const gateway = createGateway({ issuer: 'https://sts.example.com', audience: 'orders', routes: { '/x': anonymous } })
  const iam = createLambdaAuthorizer(gateway, { answer: 'iam' })
  const handlers: [
    APIGatewayTokenAuthorizerHandler,
    APIGatewayRequestAuthorizerHandler,
    APIGatewayRequestIAMAuthorizerHandlerV2,
    APIGatewayRequestSimpleAuthorizerHandlerV2,
  ] = [iam, iam, iam, createLambdaAuthorizer(gateway, { answer: 'simple', cached: false })]
  expect(handlers).toHaveLength(4)
})
