// What a gateway remembers of its assertions: the key that signs now has signed each that is handed on, and what is never sent is not kept.
import { type KeyObject, pbkdf2 } from 'node:crypto'
import { createResourceServer } from 'claimcheck'
import { createGateway, gatewayAssertion } from 'claimcheck/gateway'
import { authenticated } from 'claimcheck/policy'
import { createTestClock, createTestIssuer } from 'claimcheck/testing'
import { expect, it } from 'vitest'
import { newKeyPair } from '../support/key-pairs.ts'

const newKey = () => newKeyPair('ec', { namedCurve: 'P-256' })

function setUp(current: () => KeyObject, more = {}) {
  const clock = createTestClock()
  const sts = createTestIssuer(undefined, { clock })
  const keys = { current: () => ({ kid: 'k', privateKey: current() }), jwks: () => ({ keys: [] }) as never }
  const gateway = createGateway({
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock,
    ...more,
    assertion: { issuer: 'gateway', audience: 'orders', keys },
    routes: { '/{rest...}': authenticated },
  })
  const ask = async (token: string, target: string) => {
    const headers: [string, string][] = [['Authorization', `Bearer ${token}`]]
    const decision = await gateway.decide({ method: 'GET', target, host: 'h', scheme: 'https', headers })
    return decision.effect === 'allow' ? decision.identity : {}
  }
  return { clock, sts, ask }
}

it('hands no assertion on that a withdrawn key signed, where its successor has its kid', async () => {
  let pair = newKey()
  const { clock, sts, ask } = setUp(() => pair.privateKey)
  const token = sts.token()
  await ask(token, '/a')
  pair = newKey()
  const { 'X-Auth-Assertion': assertion = '' } = await ask(token, '/a')
  const jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] } as never
  const api = createResourceServer({ issuer: gatewayAssertion({ issuer: 'gateway', audience: 'orders', jwks }), clock })
  const headers = [['X-Auth-Assertion', assertion]] as const
  await expect(api.guard({ method: 'GET', url: '/a', headers })).resolves.toBeDefined()
})

it('keeps none that is too long to be sent: one caller could drive out the others with them', async () => {
  const { privateKey } = newKey()
  const { sts, ask } = setUp(() => privateKey, { maxTokenBytes: 65_536 })
  const token = sts.token()
  const { 'X-Auth-Assertion': kept } = await ask(token, '/')
  const tooLong = sts.token({ roles: Array.from({ length: 2500 }, (_, index) => `role-number-${index}`) })
  // 60 kB each, of 8 MiB that are remembered.
  for (let index = 0; index < 200; index++)
    expect((await ask(tooLong, `/${index}`))['X-Auth-Omitted']).toContain('X-Auth-Assertion')
  expect(kept).toBeDefined()
  expect((await ask(token, '/'))['X-Auth-Assertion']).toBe(kept)
})

it('lets no request wait for a signature beyond deadlineMs, nor beyond the end of its token', async () => {
  const { privateKey } = newKey()
  const { sts, ask, clock } = setUp(() => privateKey, { deadlineMs: 50 })
  const token = sts.token({}, { lifetimeSeconds: 60 })
  await ask(token, '/')
  // Work of other code on the threads of the pool.
  const busy = Array.from(
    { length: 8 },
    async () => new Promise((done) => pbkdf2('a', 'b', 150_000, 64, 'sha512', done)),
  )
  const start = performance.now()
  const pending = ask(token, '/new')
  clock.advance({ minutes: 10 })
  const identity = await pending
  const ms = performance.now() - start
  await Promise.all(busy)
  expect({ ms: ms < 150, subject: identity['X-Auth-Subject'] }).toEqual({ ms: true, subject: undefined })
})
