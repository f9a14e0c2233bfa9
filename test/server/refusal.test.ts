// The challenge compiler: what is missing becomes RFC 6750, RFC 9470 or Entra's challenge, or a refusal that invites no loop.
import { createResourceServer, type ResourceServerOptions, type VerifiedToken } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import {
  allOf,
  anyOf,
  anyScope,
  authenticationContext,
  authorizationDetails,
  type Decision,
  group,
  not,
  type Policy,
  type PolicyLike,
  role,
  scope,
  scopeOrAppRole,
  scopeRules,
  stepUp,
  type Requirement,
  when,
  withoutDefaultPolicy,
  withTimeout,
} from 'claimcheck/policy'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenge } from '../support/challenge-grammar.ts'
import { now } from '../support/clock.ts'
import {
  bearer,
  createTestApi,
  errorOf,
  headerOf,
  refused,
  requestWith,
  testApiOptions,
} from '../support/resource-servers.ts'
import { createToken, issuer, keyFor } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const login = 'error_description="This resource needs a stronger or more recent login."'
const context = 'error_description="This resource needs a login that satisfies an authentication context."'
const scopes = 'error_description="The access token lacks a scope that this resource needs."'
const iua = `Bearer realm="orders", error="insufficient_user_authentication", ${login}`
const userClaims = { auth_time: now - 60, acr: 'pwd' }
const { options, clock } = testApiOptions()
const api = createResourceServer(options)
const mfa = stepUp({ acrValues: ['phr', 'mfa'], clock })

type RoutePolicy = PolicyLike<VerifiedToken, undefined>

/** The answer for a user with these claims. */
async function answerFor(policy: RoutePolicy, claims: Readonly<Record<string, unknown>> = {}) {
  const { code, status, challenge } = await refused(api.guard(bearer({ ...userClaims, ...claims }), policy))
  return { code, status, challenge }
}

describe('a login that is too weak or too old', () => {
  it('[RFC9470-3-1] is a 401 that names acr values and age', async () => {
    expect(await answerFor(mfa)).toEqual({
      code: 'insufficient_user_authentication',
      status: 401,
      challenge: `${iua}, acr_values="phr mfa"`,
    })
    const { challenge } = await answerFor(stepUp({ maxAgeSeconds: 30, clock }))
    expect(challenge).toBe(`${iua}, max_age="30"`)
  })

  it('[RFC9470-3-1] [MCP-SCOPE-2] is told together with the scopes that are missing', async () => {
    const { challenge, status } = await answerFor(allOf(scope('a'), scope('b'), mfa), { scope: 'a' })
    expect(status).toBe(401)
    expect(challenge).toBe(`${iua}, scope="a b", acr_values="phr mfa"`)
    expect((await answerFor(allOf(scope('a'), mfa), { scope: 'a' })).challenge).toBe(`${iua}, acr_values="phr mfa"`)
  })

  it('names what the last login had, too, so that the next one does not lose it', async () => {
    const one = stepUp({ acrValues: ['pwd', 'mfa'], clock })
    const two = stepUp({ acrValues: ['mfa', 'phr'], clock })
    expect((await answerFor(allOf(one, two))).challenge).toBe(`${iua}, acr_values="mfa"`)
    const strongAndFresh = allOf(stepUp({ acrValues: ['pwd'], clock }), stepUp({ maxAgeSeconds: 10, clock }))
    expect((await answerFor(strongAndFresh)).challenge).toBe(`${iua}, acr_values="pwd", max_age="10"`)
  })

  it('wanted by several policies is told in one challenge: the values that satisfy all, and the shortest age', async () => {
    const wanting = (missing: readonly Requirement[]): Policy => ({
      id: 'wanting',
      requires: missing,
      evaluate: () => ({ effect: 'deny', missing: missing }),
    })
    const first = wanting([{ kind: 'step-up', acrValues: ['phr', 'mfa', 'x'], maxAgeSeconds: 300 }])
    const other = wanting([{ kind: 'step-up', acrValues: ['x', 'mfa'], maxAgeSeconds: 60 }])
    expect((await answerFor(allOf(first, other))).challenge).toBe(`${iua}, acr_values="mfa x", max_age="60"`)
    const apart = wanting([{ kind: 'step-up', acrValues: ['other'] }])
    expect((await answerFor(allOf(first, apart))).challenge).toBe(`${iua}, acr_values="phr mfa x", max_age="300"`)
  })

  it('[RFC9470-3-1] is asked for now by an age of 0, which a policy of your own may find missing, and no rule can ask for', async () => {
    const missing = [{ kind: 'step-up', maxAgeSeconds: 0 }] as const
    const loginForThis = { id: 'loginForThis', evaluate: () => ({ effect: 'deny', missing }) as const }
    expect((await answerFor(loginForThis)).challenge).toBe(`${iua}, max_age="0"`)
    expect(() => stepUp({ maxAgeSeconds: 0, clock })).toThrow(TypeError)
  })

  it('[RFC9470-9-1] is not told before the token has been verified', async () => {
    const rule = allOf(scope('a'), mfa, authenticationContext('c1'))
    const bad = await refused(api.guard(bearer({ exp: now - 900 }), rule))
    const error = await errorOf(api.guard(bearer({ exp: now - 900 }), rule))
    expect(headerOf(api.challenge(error), 'WWW-Authenticate')).toBe(
      'Bearer realm="orders", error="invalid_token", error_description="The access token is malformed, expired, revoked, or not meant for this resource."',
    )
    expect(bad).toMatchObject({ status: 401, reason: 'token_expired' })
    expect((await refused(api.guard(requestWith(), rule))).challenge).toBe('Bearer realm="orders", scope="a"')
  })

  it('is a plain 403 for an application, which cannot log in', async () => {
    const application = { sub: 'job', client_id: 'job', auth_time: undefined, acr: undefined }
    const only = createResourceServer({ ...options, issuer: oidcOf('application') } as ResourceServerOptions)
    const { code, challenge } = await refused(only.guard(bearer(application), mfa))
    expect({ code, challenge }).toEqual({ code: 'access_denied', challenge: undefined })
  })
})

describe('an authentication context of Entra', () => {
  const tid = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
  const entraIssuer = `https://login.microsoftonline.com/${tid}/v2.0`
  const entraApi = createResourceServer({ ...options, issuer: oidcOf('user', entraIssuer) } as ResourceServerOptions)
  const rule = authenticationContext('C1')
  // {"access_token":{"acrs":{"essential":true,"value":"c1"}}}
  const request = 'eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19'
  const entraChallenge = `Bearer realm="${tid}", error="insufficient_claims", ${context}, authorization_uri="https://login.microsoftonline.com/${tid}/oauth2/authorize", claims="${request}"`
  const from = (claims: Readonly<Record<string, unknown>>) => bearer({ iss: entraIssuer, ...claims })

  it.each([[['cp1']], [['CP1']], [['x', 'Cp1']], ['cp1']])(
    'is a 401 insufficient_claims for a client with the capability: xms_cc %j',
    async (xms_cc) => {
      const { code, status, challenge } = await refused(entraApi.guard(from({ xms_cc }), rule))
      expect({ code, status, challenge }).toEqual({
        code: 'insufficient_claims',
        status: 401,
        challenge: entraChallenge,
      })
      expect(parseChallenge(String(challenge)).params.claims).toBe(request)
    },
  )

  it.each([undefined, [], ['cp2'], ['cp1 '], 'cp1 x', { cp1: true }, [['cp1']], null])(
    'is a plain 403 for every other client: xms_cc %j',
    async (xms_cc) => {
      const { code, challenge } = await refused(entraApi.guard(from({ xms_cc }), allOf(scope('a'), rule)))
      expect({ code, challenge }).toEqual({ code: 'access_denied', challenge: undefined })
    },
  )

  it('is told together with others that are missing, in one claims request', async () => {
    const both = allOf(rule, authenticationContext('c2'), authenticationContext('c1'))
    const { challenge } = await refused(entraApi.guard(from({ xms_cc: ['cp1'] }), both))
    // {"access_token":{"acrs":{"essential":true,"values":["c1","c2"]}}}
    const values = 'eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlcyI6WyJjMSIsImMyIl19fX0='
    expect(challenge).toBe(entraChallenge.replace(request, values))
    const authentication = { contexts: ['C2'] }
    const halfWay = createResourceServer({
      ...options,
      issuer: oidcOf('user', entraIssuer, { authentication }),
    } as never)
    expect((await refused(halfWay.guard(from({ xms_cc: ['cp1'] }), both))).challenge).toBe(entraChallenge)
  })

  it('knows the client also when a claims schema has left its capabilities out', async () => {
    const claims = { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: {} }) } } as const
    const typed = createResourceServer({
      ...options,
      claims,
      issuer: oidcOf('user', entraIssuer),
    } as ResourceServerOptions)
    const { challenge } = await refused(typed.guard(from({ xms_cc: ['cp1'] }), rule))
    expect(challenge).toBe(entraChallenge)
  })

  it('[RFC9728-5.4-1] beside a step-up is a challenge of its own, on a line of its own', async () => {
    const error = await errorOf(entraApi.guard(from({ xms_cc: ['cp1'] }), allOf(mfa, rule, scope('a'))))
    const lines = [
      `${iua}, scope="a", acr_values="phr mfa"`,
      entraChallenge.replace(', authorization_uri', ', scope="a", authorization_uri'),
    ]
    expect(error.headers['WWW-Authenticate']).toEqual(lines)
    expect(headerOf(entraApi.challenge(error), 'WWW-Authenticate')).toEqual(lines)
    for (const line of lines) parseChallenge(line)
    expect(Object.isFrozen(error.headers['WWW-Authenticate'])).toBe(true)
  })

  it.each([
    ['https://login.microsoftonline.us/x/v2.0', '', 'https://login.microsoftonline.us/common/oauth2/authorize'],
    [`https://sts.windows.net/${tid}/`, tid, `https://login.microsoftonline.com/${tid}/oauth2/authorize`],
    [`https://sts.chinacloudapi.cn/${tid}/`, tid, `https://login.partner.microsoftonline.cn/${tid}/oauth2/authorize`],
  ])('sends the client to the login page of the issuer %s', async (iss, realm, authorization_uri) => {
    const one = createResourceServer({ ...options, issuer: oidcOf('user', iss) } as ResourceServerOptions)
    const { challenge } = await refused(one.guard(bearer({ iss, xms_cc: ['cp1'] }), rule))
    expect(parseChallenge(String(challenge)).params).toMatchObject({ realm, authorization_uri })
  })
})

describe('of several ways', () => {
  const owner = () => false
  const large = () => true
  const files = scopeRules({ implies: { files: ['files:read', 'files:write'] } })

  it.each<[string, RoutePolicy, string, string]>([
    ['the first that can be helped', anyOf(scope('a'), scope('b')), '', 'a'],
    ['not one that nothing helps', anyOf(allOf(owner, scope('a')), scope('b')), '', 'b'],
    ['what the token has of another is kept', anyOf(allOf(owner, scope('a')), scope('b')), 'a', 'a b'],
    [
      'not the preferred, when another is taken',
      allOf(anyOf(scope('admin'), scope('user')), scope('c')),
      'user',
      'user c',
    ],
    ['the preferred, when none is taken', allOf(anyOf(scope('admin'), scope('user')), scope('c')), '', 'admin c'],
    [
      'all of a way that is partly there',
      allOf(scope('a'), when(large, allOf(scope('b'), scope('c')))),
      'a b',
      'a b c',
    ],
    [
      'not what no condition asked for',
      allOf(
        when(() => false, scope('x')),
        scope('c'),
      ),
      '',
      'c',
    ],
    ['one of several scopes that is there', allOf(anyScope('a', 'b'), scope('c')), 'b', 'b c'],
    ['a scope that implies a wanted one', allOf(files.anyScope('files:read', 'x'), scope('c')), 'files', 'files c'],
    ['nothing that a not is about', allOf(not(scope('x')), scope('c')), '', 'c'],
    ['ways within ways', anyOf(anyOf(allOf(owner, scope('a')), allOf(scope('b'), scope('c'))), scope('d')), 'c', 'b c'],
    ['through a deadline', withTimeout(1000, allOf(anyOf(scope('a'), scope('b')), scope('c'))), 'b', 'b c'],
    ['no scope that only the default way names', anyOf(authorizationDetails('payment'), scope('b')), '', 'b'],
    ['nothing that the token has besides', allOf(scope('a'), scope('b')), 'b other', 'a b'],
  ])('the challenge names what it takes to go one: %s', async (_, rule, granted, named) => {
    const challenge = `Bearer realm="orders", error="insufficient_scope", ${scopes}, scope="${named}"`
    for (const one of [rule, withoutDefaultPolicy(rule), allOf(rule, () => true)])
      expect(await answerFor(one, { scope: granted })).toEqual({ code: 'insufficient_scope', status: 403, challenge })
    const auth = await api.verifyToken(createToken({ claims: { scope: granted } }))
    const thrown = await refusalOf(api.require(auth, rule))
    expect(thrown.headers['WWW-Authenticate']).toBe(challenge)
  })

  it('[RFC9470-3-1] the login is that of the way that is told, and keeps what the last one had', async () => {
    const fresh = stepUp({ maxAgeSeconds: 10, clock })
    expect((await answerFor(anyOf(allOf(owner, mfa), fresh))).challenge).toBe(`${iua}, max_age="10"`)
    const kept = allOf(when(large, stepUp({ acrValues: ['pwd', 'mfa'], maxAgeSeconds: 300, clock })), fresh)
    expect((await answerFor(kept, { acr: 'pwd' })).challenge).toBe(`${iua}, acr_values="pwd mfa", max_age="10"`)
    const hurried = anyOf(stepUp({ acrValues: ['pwd'], maxAgeSeconds: 5, clock }), () => true)
    expect((await answerFor(allOf(hurried, fresh))).challenge).toBe(`${iua}, acr_values="pwd", max_age="10"`)
    expect((await answerFor(anyOf(allOf(owner, scope('a')), fresh))).challenge).toBe(`${iua}, max_age="10"`)
  })

  it('an application that has a role is not told of the scope in its place', async () => {
    const only = createResourceServer({ ...options, issuer: oidcOf('application') } as ResourceServerOptions)
    const rule = allOf(scopeOrAppRole('Orders.Read', 'Orders.Read.All'), scope('c'))
    const { challenge } = await refused(
      only.guard(bearer({ sub: 'job', client_id: 'job', roles: ['Orders.Read.All'] }), rule),
    )
    expect(challenge).toMatch(/, scope="c"$/)
  })

  it('a change of what a policy of your own requires changes no challenge', async () => {
    const requires = [{ kind: 'scope' as const, scopes: ['a'] }]
    const rule = allOf({ id: 'own', requires, evaluate: () => ({ effect: 'allow' }) as const }, scope('c'))
    requires[0]?.scopes.push('later')
    expect((await answerFor(rule)).challenge).toMatch(/, scope="a c"$/)
  })
})

describe('a denial', () => {
  it('[RFC9396-9-1] for want of a grant names nothing, also beside a missing scope', async () => {
    const plain = { code: 'access_denied', status: 403, challenge: undefined }
    expect(await answerFor(authorizationDetails('payment'))).toEqual(plain)
    expect(await answerFor(allOf(scope('a'), authorizationDetails('payment')))).toEqual(plain)
  })

  it('[MCP-SCOPE-1] [MCP-SCOPE-2] names all scopes of the route in one challenge', async () => {
    const rule = allOf(scope('a'), scope('b', 'c'))
    for (const granted of ['', 'a', 'b', 'b c'])
      expect((await answerFor(rule, { scope: granted })).challenge).toBe(
        `Bearer realm="orders", error="insufficient_scope", ${scopes}, scope="a b c"`,
      )
    expect((await refused(api.guard(requestWith(), rule))).challenge).toBe('Bearer realm="orders", scope="a b c"')
  })

  it('[MCP-SCOPE-4] never asks for offline_access', async () => {
    const rule = allOf(scope('offline_access'), scope('a'))
    expect((await refused(api.guard(requestWith(), rule))).challenge).toBe('Bearer realm="orders", scope="a"')
    expect((await answerFor(rule)).challenge).toMatch(/, scope="a"$/)
    expect((await answerFor(scope('offline_access'))).challenge).toBe(
      `Bearer realm="orders", error="insufficient_scope", ${scopes}`,
    )
  })

  it('tells the operator which rules decided, and the client nothing of it', async () => {
    const { api, events } = createTestApi()
    const rule = {
      id: 'r',
      evaluate: () => ({ effect: 'deny', reasons: [{ code: 'forbid\n7', message: 'x' }] }) as const,
    }
    const error = await errorOf(api.guard(bearer(), rule))
    expect(events).toMatchObject([{ code: 'access_denied', details: { policy: 'r', reasons: ['forbid?7'] } }])
    expect(JSON.stringify(api.challenge(error))).not.toContain('forbid')
  })
})

describe('what could not be told', () => {
  it('for now is a 503 that says when to come back', async () => {
    const { api } = createTestApi()
    const down: Decision = { effect: 'indeterminate', kind: 'temporary', retryAfterSeconds: 7 }
    const answer = api.challenge(await errorOf(api.guard(bearer(), () => down)))
    expect({ status: answer.status, retryAfter: headerOf(answer, 'Retry-After') }).toEqual({
      status: 503,
      retryAfter: '7',
    })
  })

  it('for want of facts is a 403 without error: asking again never helps', async () => {
    const incomplete = createResourceServer({
      ...options,
      issuer: oidcOf('user', issuer, { groups: { values: [], complete: false } }),
    } as ResourceServerOptions)
    const { reason, status, challenge } = await refused(incomplete.guard(bearer(), group('g1')))
    expect({ reason, status, challenge }).toEqual({ reason: 'facts_incomplete', status: 403, challenge: undefined })
  })
})

it('publishScopes: false keeps scopes from who has no token, and from nobody else', async () => {
  const { api } = createTestApi({ publishScopes: false })
  expect((await refused(api.guard(requestWith(), scope('a')))).challenge).toBe('Bearer realm="orders"')
  expect((await refused(api.guard(bearer(), scope('a')))).challenge).toMatch(/, scope="a"$/)
  expect(() => createTestApi({ publishScopes: 'no' as never })).toThrow(/publishScopes must be true or false/)
})

it('[RFC9110-11.2-3] [RFC6750-3-3] [RFC6750-3-4] every challenge is read by a strict parser, whatever is missing', async () => {
  const token = fc.stringMatching(/^[!#-[\]-~]{1,8}$/)
  const missing = fc.oneof(
    fc.record({ kind: fc.constant('scope' as const), scopes: fc.array(token, { minLength: 1, maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('step-up' as const),
      acrValues: fc.array(token, { minLength: 1, maxLength: 3 }),
      maxAgeSeconds: fc.nat(),
    }),
    fc.record({
      kind: fc.constant('authentication-context' as const),
      context: fc.integer({ min: 1, max: 99 }).map((n) => `c${n}`),
    }),
  )
  const check = async (list: readonly Requirement[]) => {
    const rule = { id: 'any', evaluate: () => ({ effect: 'deny', missing: list }) as const }
    const error = await errorOf(api.guard(bearer({ ...userClaims, xms_cc: ['cp1'] }), rule))
    const lines = [error.headers['WWW-Authenticate'] ?? []].flat()
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(parseChallenge(line).params.error).toMatch(/^insufficient_/)
  }
  await fc.assert(fc.asyncProperty(fc.array(missing, { minLength: 1, maxLength: 4 }), check), { numRuns: 200 })
})

it('names the first way that would help, of several', async () => {
  const rule = anyOf(role('manager'), allOf(scope('a'), mfa), scope('b'))
  expect((await answerFor(rule)).challenge).toBe(`${iua}, scope="a", acr_values="phr mfa"`)
  expect(
    (
      await answerFor(
        anyOf(
          role('manager'),
          when(() => true, role('x')),
        ),
      )
    ).challenge,
  ).toBeUndefined()
})

/** A trusted issuer whose callers are all of one kind. */
function oidcOf(kind: 'user' | 'application', name = issuer, changes = {}) {
  const preset = oidc({ issuer, jwks: { keys: [keyFor('ES256').publicJwk] } })
  return {
    ...preset,
    endpoints: preset.endpoints.map((endpoint) => ({ ...endpoint, issuer: name })),
    principal: (...args: Parameters<typeof preset.principal>) => ({ ...preset.principal(...args), kind, ...changes }),
  }
}
