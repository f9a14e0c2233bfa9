import { createSecretKey, type KeyObject } from 'node:crypto'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createResourceServer, createVerifier, type Principal, type RequestView } from 'claimcheck'
import {
  anonymous,
  createGateway,
  fileSigningKeys,
  gatewayAssertion,
  type GatewayDecision,
  optional,
} from 'claimcheck/gateway'
import { type IssuerWithAudience, rfc9068 } from 'claimcheck/issuers'
import { authenticated } from 'claimcheck/policy'
import { createTestClock, createTestIssuer } from 'claimcheck/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { newKeyPair } from '../support/key-pairs.ts'
import { ask, bearer } from './support.ts'

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'keys')
}

function setUp({ claims, ...changes }: { readonly prefix?: string; readonly claims?: unknown } = {}) {
  const clock = createTestClock()
  const sts = createTestIssuer(undefined, { clock })
  const keys = fileSigningKeys(folderOf(), { clock })
  const gateway = createGateway({
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock,
    assertion: { issuer: 'gateway', audience: 'orders', keys },
    routes: {
      '/anonymous': anonymous,
      '/optional': optional,
      '/{rest...}': authenticated,
      '//other.example.com/orders': authenticated,
    },
  })
  const api = createResourceServer({
    issuer: gatewayAssertion({ issuer: 'gateway', audience: 'orders', jwks: keys.jwks(), ...changes }),
    clock,
    ...(claims !== undefined && { claims: claims as never }),
  })
  const assert = async (target: string, method = 'GET', claims = {}) =>
    headerOf(await gateway.decide(ask(target, { method, headers: bearer(sts.token({ sub: 'alice', ...claims })) })))
  const statusOf = async (request: RequestView) =>
    api.guard(request).then(
      () => 200,
      (error: { status: number }) => error.status,
    )
  return { clock, sts, keys, gateway, api, assert, statusOf }
}

function headerOf(decision: GatewayDecision): string {
  if (decision.effect !== 'allow') throw new Error(decision.reason)
  return decision.identity['X-Auth-Assertion'] ?? ''
}

function payloadOf(assertion: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

function request(assertion: string, url: string, method = 'GET'): RequestView {
  return { method, url, headers: [['X-Auth-Assertion', assertion]] }
}

describe('an assertion', () => {
  test('gives the API the principal that the gateway has verified, with its key', async () => {
    const { sts, api, assert } = setUp()
    const direct = createVerifier({ issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock: sts.clock })
    const { principal } = await direct.verifyToken(sts.token({ sub: 'alice' }))
    const auth = await api.guard(request(await assert('/orders', 'GET', { scope: 'a b', roles: ['r'] }), '/orders'))
    expect(auth.principal).toMatchObject({ subject: 'alice', key: principal.key, kind: principal.kind })
    expect(auth.principal).toMatchObject({ scopes: ['a', 'b'], roles: ['r'], issuer: 'gateway' })
  })

  test('serves one caller, method and path until half of its life is over', async () => {
    const { clock, sts, gateway } = setUp()
    const token = sts.token({ sub: 'alice' })
    const next = async (target = '/orders', method = 'GET', sent = token) =>
      headerOf(await gateway.decide(ask(target, { method, headers: bearer(sent) })))
    const first = await next()
    clock.advance({ seconds: 14 })
    expect(await next()).toBe(first)
    expect(await next('/orders?page=2')).toBe(first)
    const others = [await next('/orders/1'), await next('/orders', 'POST'), await next('/orders', 'GET', sts.token({}))]
    clock.advance({ seconds: 1 })
    const second = await next()
    expect(new Set([first, second, ...others]).size).toBe(5)
    expect(Number(payloadOf(second).exp) - Number(payloadOf(first).exp)).toBe(15)
    // One of the future would be refused by the API.
    clock.advance({ seconds: -5 })
    expect(payloadOf(await next()).iat).toBe(Number(payloadOf(second).iat) - 5)
  })

  test('is of one caller and one route', async () => {
    const { sts, gateway } = setUp()
    const token = sts.token({ sub: 'alice' })
    const sent = [
      { target: '/orders', token },
      { target: '/orders', token: sts.token({ sub: 'bob' }) },
      { target: '/orders', token, host: 'other.example.com' },
    ]
    const payloads = []
    for (const { target, token: bearerToken, ...changes } of sent)
      payloads.push(
        payloadOf(headerOf(await gateway.decide(ask(target, { headers: bearer(bearerToken), ...changes })))),
      )
    expect(payloads).toMatchObject([
      { sub: 'alice', route: '/{rest...}' },
      { sub: 'bob', route: '/{rest...}' },
      { sub: 'alice', route: '//other.example.com/orders' },
    ])
  })

  test('ends with the token of its own request, also where a preset has one principal for several tokens', async () => {
    const clock = createTestClock()
    const sts = createTestIssuer(undefined, { clock })
    const trusted = rfc9068({ issuer: sts.issuer, audience: sts.audience })
    let shared: Principal | undefined
    const issuer: IssuerWithAudience = {
      ...trusted,
      principal: (...args) => (shared ??= trusted.principal(...args)),
    }
    const gateway = createGateway({
      issuer,
      fetch: sts.fetch,
      clock,
      assertion: { issuer: 'gateway', audience: 'orders', keys: fileSigningKeys(folderOf(), { clock }) },
      routes: { '/{rest...}': authenticated },
    })
    const now = clock.nowMs() / 1000
    const ends = []
    for (const exp of [now + 300, now + 5]) {
      const headers = bearer(sts.token({ sub: 'alice', exp }))
      ends.push(payloadOf(headerOf(await gateway.decide(ask('/orders', { headers })))).exp)
    }
    expect(ends).toEqual([now + 30, now + 5])
  })

  test('is signed once for requests that come together', async () => {
    const { sts, gateway } = setUp()
    const check = ask('/orders', { headers: bearer(sts.token({ sub: 'alice' })) })
    const decisions = await Promise.all([gateway.decide(check), gateway.decide(check), gateway.decide(check)])
    expect(new Set(decisions.map(headerOf)).size).toBe(1)
  })

  test('is made anew when the keys have changed, and after a key that could not sign', async () => {
    const clock = createTestClock()
    const sts = createTestIssuer(undefined, { clock })
    const keyOf = (kid: string) => ({ kid, ...newKeyPair('ec', { namedCurve: 'P-256' }) })
    let key: { readonly kid: string; readonly privateKey: KeyObject } = keyOf('a')
    const gateway = createGateway({
      issuer: sts.issuer,
      audience: sts.audience,
      fetch: sts.fetch,
      clock,
      assertion: { issuer: 'gateway', audience: 'orders', keys: { current: () => key, jwks: () => ({ keys: [] }) } },
      routes: { '/{rest...}': authenticated },
    })
    const check = ask('/orders', { headers: bearer(sts.token({ sub: 'alice' })) })
    const first = headerOf(await gateway.decide(check))
    key = keyOf('b')
    expect(headerOf(await gateway.decide(check))).not.toBe(first)
    const { privateKey } = key
    key = { kid: 'c', privateKey: createSecretKey(Buffer.alloc(32)) }
    expect(await gateway.decide(check)).toMatchObject({ effect: 'unavailable', status: 503 })
    key = { kid: 'c', privateKey }
    expect(await gateway.decide(check)).toMatchObject({ effect: 'allow' })
  })

  test('fills no memory with the paths that a caller asks for', async () => {
    const { sts, gateway } = setUp()
    const headers = bearer(sts.token({ sub: 'alice' }))
    const first = headerOf(await gateway.decide(ask('/orders', { headers })))
    for (let index = 0; index < 900; index++)
      await gateway.decide(ask(`/orders/${index}${'x'.repeat(4000)}`, { headers }))
    expect(headerOf(await gateway.decide(ask('/orders', { headers })))).not.toBe(first)
  })

  test('tells by whom and how the caller is there, so that the API can refuse an impersonated or anonymous one', async () => {
    const { sts, keys, clock, api } = setUp()
    const trusted = rfc9068({ issuer: sts.issuer, audience: sts.audience })
    const issuer: IssuerWithAudience = {
      ...trusted,
      principal: (...args) => {
        const { actor, ...principal } = trusted.principal(...args)
        const told: Principal = { ...principal, traits: ['impersonated', 'anonymous'] }
        return actor ? { ...told, actor: { ...actor, traits: ['agent'] } } : told
      },
    }
    const gateway = createGateway({
      issuer,
      fetch: sts.fetch,
      clock,
      assertion: { issuer: 'gateway', audience: 'orders', keys },
      routes: { '/{rest...}': authenticated },
    })
    const headers = bearer(sts.token({ sub: 'alice', act: { sub: 'support', iss: 'https://sts.example.com' } }))
    const { principal } = await api.guard(request(headerOf(await gateway.decide(ask('/x', { headers }))), '/x'))
    expect(principal.traits).toEqual(['impersonated', 'anonymous'])
    expect(principal.actor).toEqual({ subject: 'support', issuer: 'https://sts.example.com', traits: ['agent'] })
  })

  test.each([undefined, z.object({ jti: z.string() })])(
    'is good for one method and one path, also when it is remembered, and whatever the schema keeps',
    async (claims) => {
      const { assert, statusOf } = setUp({ claims })
      const assertion = await assert('/orders/1?page=1')
      for (let time = 0; time < 2; time++) {
        expect(await statusOf(request(assertion, '/orders/1'))).toBe(200)
        expect(await statusOf(request(assertion, '/orders/1?page=2'))).toBe(200)
        expect(await statusOf(request(assertion, 'https://api.example.com/orders/1'))).toBe(200)
        for (const url of ['/orders/2', '/orders', '/orders/1/', '/Orders/1', '/orders/%31', '/', '', '//orders/1'])
          expect(await statusOf(request(assertion, url)), url).toBe(401)
        for (const method of ['POST', 'get', 'HEAD', '']) {
          expect(await statusOf(request(assertion, '/orders/1', method)), method).toBe(401)
        }
      }
    },
  )

  test('refuses the request that it is not for, and not one that comes at the same time', async () => {
    const { assert, statusOf } = setUp()
    const assertion = await assert('/orders/1')
    const all = ['/orders/2', '/orders/1', '/orders/2', '/orders/1'].map((url) => statusOf(request(assertion, url)))
    expect(await Promise.all(all)).toEqual([401, 200, 401, 200])
  })

  test('is none without a request', async () => {
    const { keys, assert, clock } = setUp()
    const { verifyToken } = createVerifier({
      issuer: gatewayAssertion({ issuer: 'gateway', audience: 'orders', jwks: keys.jwks() }),
      clock,
    })
    await expect(verifyToken(await assert('/orders'))).rejects.toMatchObject({ reason: 'token_for_other_resource' })
  })

  test('is compared with the path before the gateway took its prefix off', async () => {
    const { assert, statusOf } = setUp({ prefix: '/api' })
    const assertion = await assert('/api/orders')
    expect(await statusOf(request(assertion, '/orders'))).toBe(200)
    expect(await statusOf(request(assertion, '/api/orders'))).toBe(401)
  })

  test('ends soon, and never after the token that it stands for', async () => {
    const { clock, sts, gateway, assert, statusOf } = setUp()
    const assertion = await assert('/orders')
    clock.advance({ seconds: 61 })
    expect(await statusOf(request(assertion, '/orders'))).toBe(401)
    const short = bearer(sts.token({}, { lifetimeSeconds: 5 }))
    const [, claims = ''] = headerOf(await gateway.decide(ask('/orders', { headers: short }))).split('.')
    const { iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iat: number; exp: number }
    expect(exp - iat).toBe(5)
  })

  test('comes in its own header only, and no other token comes in that', async () => {
    const { sts, assert, statusOf } = setUp()
    const assertion = await assert('/orders')
    expect(await statusOf({ method: 'GET', url: '/orders', headers: bearer(assertion) })).toBe(401)
    expect(await statusOf(request(sts.token(), '/orders'))).toBe(401)
    const two: RequestView = {
      method: 'GET',
      url: '/orders',
      headers: [
        ['X-Auth-Assertion', assertion],
        ['x-auth-assertion', assertion],
      ],
    }
    expect(await statusOf(two)).toBe(400)
  })

  test('of another audience, issuer or key is refused', async () => {
    const { clock, keys, assert } = setUp()
    const assertion = await assert('/orders')
    const other = fileSigningKeys(folderOf(), { clock })
    const wrong = [
      { issuer: 'gateway', audience: 'other', jwks: keys.jwks() },
      { issuer: 'other', audience: 'orders', jwks: keys.jwks() },
      { issuer: 'gateway', audience: 'orders', jwks: other.jwks() },
    ]
    for (const options of wrong) {
      const api = createResourceServer({ issuer: gatewayAssertion(options), clock })
      await expect(api.guard(request(assertion, '/orders'))).rejects.toMatchObject({ status: 401 })
    }
  })

  test('is never made for a request without a caller', async () => {
    const { sts, gateway } = setUp()
    expect(headerOf(await gateway.decide(ask('/anonymous', { headers: bearer(sts.token()) })))).toBe('')
    expect(headerOf(await gateway.decide(ask('/optional')))).toBe('')
    expect(headerOf(await gateway.decide(ask('/optional', { headers: bearer(sts.token()) })))).not.toBe('')
  })
})

describe('the keys', () => {
  test('rotate, and the one before stays published as long again', () => {
    const clock = createTestClock()
    const folder = folderOf()
    const keys = fileSigningKeys(folder, { rotateHours: 1, clock })
    const first = keys.current().kid
    clock.advance({ minutes: 61 })
    const second = keys.current().kid
    expect(second).not.toBe(first)
    expect(keys.jwks().keys.map(({ kid }) => kid)).toEqual([first, second])
    clock.advance({ minutes: 61 })
    expect(keys.jwks().keys.map(({ kid }) => kid)).not.toContain(first)
    expect(readdirSync(folder)).toHaveLength(2)
    for (const { d } of keys.jwks().keys) expect(d).toBeUndefined()
  })

  test('are shared by processes, and readable by their owner alone', () => {
    const folder = folderOf()
    const [one, other] = [fileSigningKeys(folder), fileSigningKeys(folder)]
    expect(one.current().kid).toBe(other.current().kid)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
  })

  test('are refused in a directory that every user may write to, and where a file is none', () => {
    const folder = folderOf()
    fileSigningKeys(folder)
    chmodSync(folder, 0o777)
    expect(() => fileSigningKeys(folder)).toThrow(/chmod o-w/)
    chmodSync(folder, 0o700)
    writeFileSync(join(folder, '9999999999999-0123456789abcdef.pem'), 'no key')
    expect(() => fileSigningKeys(folder)).toThrow()
  })

  test.each<[string, (file: string) => void, RegExp]>([
    ['a symbolic link', (file) => symlinkSync('/etc/hostname', file), /is a symbolic link/],
    ['a folder', (file) => mkdirSync(file), /is no file/],
    ['writable by every user', (file) => (writeFileSync(file, 'k'), chmodSync(file, 0o666)), /chmod o-w/],
    ['large', (file) => truncateSync((writeFileSync(file, ''), file), 1e9), /is too large/],
  ])('are refused where a file is %s, before it is read', (_, put, message) => {
    const folder = folderOf()
    fileSigningKeys(folder)
    put(join(folder, '9999999999999-0123456789abcdef.pem'))
    expect(() => fileSigningKeys(folder)).toThrow(message)
  })

  test('are served to every peer, and only where assertions are made', async () => {
    const { gateway, keys } = setUp()
    const server = await gateway.listen({
      dialects: ['nginx'],
      listen: '127.0.0.1:0',
      trust: { addresses: ['10.0.0.1'] },
    })
    onTestFinished(() => server.close())
    const answer = await fetch(`${server.url}/.well-known/jwks.json`)
    expect(await answer.json()).toEqual(keys.jwks())
    expect((await fetch(`${server.url}/nginx`)).status).toBe(403)
    expect(gateway.identityHeaders).toContain('X-Auth-Assertion')
  })
})

test.each([
  ['no keys', { issuer: 'g', audience: 'a' }],
  ['two places of keys', { issuer: 'g', audience: 'a', jwksUri: 'https://g/jwks', jwks: { keys: [] } }],
  ['no audience', { issuer: 'g', jwks: { keys: [] } }],
  ['any audience', { issuer: 'g', audience: null, jwks: { keys: [] } }],
  ['no issuer', { audience: 'a', jwks: { keys: [] } }],
  ['a prefix with a slash at its end', { issuer: 'g', audience: 'a', jwks: { keys: [] }, prefix: '/api/' }],
  ['an unknown option', { issuer: 'g', audience: 'a', jwks: { keys: [] }, path: '/x' }],
])('gatewayAssertion() throws a TypeError for %s', (_, options) => {
  expect(() => gatewayAssertion(options as never)).toThrow(TypeError)
})
