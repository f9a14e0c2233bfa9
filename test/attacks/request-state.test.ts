// The state that a guard keeps of a request: no later credential of the same object may be taken for an earlier one's caller.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AuthError, createVerifier } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'

const alice = `Bearer ${createToken({ claims: { sub: 'alice' } })}`
const bob = `Bearer ${createToken({ claims: { sub: 'bob' } })}`

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
type Imitated = { method: string; url: string; rawHeaders: string[]; headers: Record<string, string>; auth?: unknown }

function requestOf(authorization: string, lines = true): Imitated {
  const rawHeaders = lines ? ['Authorization', authorization] : []
  return { method: 'GET', url: '/', rawHeaders, headers: lines ? { authorization } : { Authorization: authorization } }
}

/** What comes of a middleware: `let in`, `refused`, or the error that it hands on. */
function run(middleware: Middleware, req: Imitated): Promise<unknown> {
  return new Promise((resolve) => {
    const res = { setHeader() {}, writeHead: () => res, end: () => resolve('refused') }
    middleware(req as never, res as never, (error) => resolve(error ?? 'let in'))
  })
}

describe('a request whose credential changes between two guards', () => {
  const guard = createGuard(testApiOptions().options)
  const callerOf = (req: Imitated) => guard.maybeAuth(req as never)?.claims.sub

  it.each(['preventExtensions', 'seal', 'freeze'] as const)(
    'has the later caller, also after Object.%s',
    async (close) => {
      const req = requestOf(alice)
      expect(await run(guard(), req)).toBe('let in')
      const closing: (object: object) => unknown = Object[close]
      closing(req)
      req.headers.authorization = bob
      expect(await run(guard(), req)).toBe('let in')
      expect(callerOf(req)).toBe('bob')
      delete req.headers.authorization
      expect(await run(guard.optional(), req)).toBe('let in')
      expect(callerOf(req)).toBeUndefined()
    },
  )

  it('has the later caller, also where a serverless wrapper imitates it and writes names in capitals', async () => {
    const req = requestOf(alice, false)
    expect(await run(guard(), req)).toBe('let in')
    req.headers.Authorization = bob
    expect(await run(guard(), req)).toBe('let in')
    expect(callerOf(req)).toBe('bob')
    req.headers = {}
    expect(await run(guard.optional(), req)).toBe('let in')
    expect(callerOf(req)).toBeUndefined()
  })
})

it('a guard that still verifies when another has let another caller in lets nothing through', async () => {
  let ask: (answer: (isRevoked: boolean) => void) => void = () => {}
  const asked = new Promise<(isRevoked: boolean) => void>((resolve) => (ask = resolve))
  const isRevoked = (auth: { claims: { sub?: unknown } }) =>
    auth.claims.sub === 'alice' ? new Promise<boolean>((resolve) => ask(resolve)) : false
  const guard = createGuard(testApiOptions({ isRevoked } as never).options)
  const handled: unknown[] = []
  const handler = guard.handler(
    ({ auth }) => auth.claims.sub === 'alice',
    (_req, _res, auth) => void handled.push(auth.claims.sub),
  )
  const req = requestOf(alice)
  const first = run(handler as unknown as Middleware, req)
  req.headers.authorization = bob
  expect(await run(guard(), req)).toBe('let in')
  // Some engines make digests later, and ask later.
  const answer = await asked
  answer(false)
  expect(await first).toBeInstanceOf(TypeError)
  expect(handled).toEqual([])
  expect((req.auth as { claims: { sub: unknown } }).claims.sub).toBe('bob')
})

it('an error that only looks like a refusal is our fault, and verifyToken still gives a promise', async () => {
  const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const validateToken = () => {
    throw Object.create(AuthError.prototype)
  }
  const events: unknown[] = []
  const onEvent = (event: unknown) => events.push(event)
  const options = { issuer: { ...trusted, validateToken }, clock: createTestClock(), onEvent }
  const verified = createVerifier(options).verifyToken(createToken())
  await expect(verified).rejects.toMatchObject({ reason: 'verification_unavailable', status: 503 })
  expect(events).toHaveLength(1)
})
