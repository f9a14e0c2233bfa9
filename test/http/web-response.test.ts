// Answers as Fetch API responses: with all of their header lines, and no body where there may be none.
import { AuthError, fromWeb, type ResourceServer, toWeb } from 'claimcheck'
import { allOf, authenticationContext, scope, stepUp } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { createTestApi, errorOf, headerOf } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const url = 'https://api.example.com/orders'

function requestOf(token?: string, method = 'GET'): Request {
  return new Request(url, { method, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
}

describe('a refusal', () => {
  it('is a response with status, headers and body', async () => {
    const { api } = createTestApi()
    const request = requestOf()
    const view = fromWeb(request)
    const answer = api.challenge(await errorOf(api.guard(view, scope('read'))), view)
    const response = toWeb(answer, request)
    expect(response.status).toBe(401)
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      'www-authenticate': 'Bearer realm="orders", scope="read"',
    })
    expect(await response.text()).toBe(answer.body)
  })

  it('[RFC9728-5.4-1] keeps several challenges apart: each is a header line, and is appended', async () => {
    const { api } = createTestApi()
    const request = requestOf(createToken({ claims: { auth_time: 1, acr: 'pwd', xms_cc: ['cp1'] } }))
    const login = allOf(stepUp({ maxAgeSeconds: 5, clock: createTestClock() }), authenticationContext('c1'))
    const answer = api.challenge(await errorOf(api.guard(fromWeb(request), login)))
    const lines = headerOf(answer, 'WWW-Authenticate') as readonly string[]
    expect(lines.map((line) => /error="([a-z_]+)"/.exec(line)?.[1])).toEqual([
      'insufficient_user_authentication',
      'insufficient_claims',
    ])
    // A `Headers` joins what was appended by comma and space; a list that became a text has no space.
    expect(toWeb(answer, request).headers.get('WWW-Authenticate')).toBe(lines.join(', '))
    expect(new Response(answer.body, answer).headers.get('WWW-Authenticate')).toBe(lines.join(', '))
  })

  it('has no body for HEAD', async () => {
    const { api } = createTestApi()
    const answer = api.challenge(new AuthError('access_denied'))
    for (const request of [requestOf(undefined, 'HEAD'), fromWeb(requestOf(undefined, 'HEAD'))]) {
      const response = toWeb(answer, request)
      expect({ status: response.status, body: response.body }).toEqual({ status: 403, body: null })
      expect(response.headers.get('Cache-Control')).toBe('no-store')
    }
    expect(await toWeb(answer, requestOf()).text()).not.toBe('')
  })

  it('says when to come back', () => {
    const { api } = createTestApi()
    const error = new AuthError('keys_unavailable', { retryAfterSeconds: 7 })
    expect(toWeb(api.challenge(error), requestOf()).headers.get('Retry-After')).toBe('7')
  })
})

/** As docs/other-frameworks.md has it. */
async function handle(api: ResourceServer, request: Request): Promise<Response> {
  try {
    const auth = await api.guard(fromWeb(request), scope('read'))
    return Response.json({ caller: auth.principal.subject })
  } catch (error) {
    if (error instanceof AuthError) return toWeb(api.challenge(error, fromWeb(request)), request)
    throw error
  }
}

it.each<[string, string | undefined, number]>([
  ['lets a good request in', createToken({ claims: { scope: 'read' } }), 200],
  ['asks for a token', undefined, 401],
  ['refuses a bad token', 'garbage', 401],
  ['refuses a token without rights', createToken(), 403],
])('the documented handler %s, and one that is remembered alike', async (_, token, status) => {
  const { api } = createTestApi()
  for (let time = 0; time < 2; time++) {
    const response = await handle(api, requestOf(token))
    expect(response.status).toBe(status)
    expect((await response.text()).includes('alice')).toBe(status === 200)
  }
})

describe('metadata', () => {
  it.each([
    ['GET', 200],
    ['HEAD', 200],
    ['OPTIONS', 204],
    ['POST', 405],
  ])('is a response to %s', async (method, status) => {
    const { api } = createTestApi({ metadata: { resource: 'https://api.example.com' } })
    const request = new Request('https://api.example.com/.well-known/oauth-protected-resource', { method })
    const answer = api.metadata(fromWeb(request))
    if (!answer) return expect.fail('was not found')
    const response = toWeb(answer, request)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(method === 'GET' ? answer.body : '')
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
  })
})
