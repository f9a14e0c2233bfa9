// Configurations that plain JavaScript lets through, and that must not open a door.
import { AuthError, createResourceServer, createVerifier, fromNode, type RequestView } from 'claimcheck'
import { createGuard as express } from 'claimcheck/express'
import { createGuard as fastify } from 'claimcheck/fastify'
import { type Issuer, oidc } from 'claimcheck/issuers'
import { scope } from 'claimcheck/policy'
import { createGuard as trpc } from 'claimcheck/trpc'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const keys = [keyFor('ES256').publicJwk]
const trusted = (changes = {}) => oidc({ issuer, audience, jwks: { keys }, ...changes })

describe('a clock that tells no time', () => {
  const answers = [NaN, Infinity, undefined, '1795435200000', new Date(), Promise.resolve(1)]
  it.each(answers)('makes no token young: %s', async (answer) => {
    const clock = { nowMs: () => answer as number }
    const { verifyToken } = createVerifier({ issuer: trusted(), clock })
    const error = await refusalOf(verifyToken(createToken({ claims: { exp: 1, iat: undefined } })))
    expect(error.reason).toBe('verification_unavailable')
  })
})

describe('options', () => {
  it('are plain objects, so that no inherited check is lost when they are copied', () => {
    const inherited = Object.create(
      { maxTokenAgeSeconds: 1 },
      { issuer: { value: trusted(), enumerable: true } },
    ) as never
    expect(() => createResourceServer(inherited)).toThrow(TypeError)
    expect(() => createVerifier(inherited)).toThrow(TypeError)
    class Options {
      readonly issuer = trusted()
    }
    expect(() => createVerifier(new Options() as never)).toThrow('plain')
  })

  it('may have no prototype at all', () => {
    const options = Object.assign(Object.create(null), { issuer: trusted() }) as { issuer: ReturnType<typeof trusted> }
    expect(() => createVerifier(options)).not.toThrow()
  })

  it('are read once: changing a list afterwards changes nothing', async () => {
    const requiredClaims = ['tenant']
    const algorithms: 'RS256'[] = ['RS256']
    const { verifyToken } = createTestVerifier({ options: { requiredClaims } })
    const restricted = createTestVerifier({ keys: [keyFor('RS256').publicJwk], oidc: { algorithms } })
    requiredClaims.pop()
    algorithms.push('ES256' as never)
    await expectInvalidToken(verifyToken(createToken()), 'claim_missing')
    await expectInvalidToken(restricted.verifyToken(createToken()), 'algorithm_not_allowed')
  })
})

describe('an issuer that somebody made by hand', () => {
  const made = (changes: object) => ({ ...trusted(), ...changes }) as Issuer & { audience: readonly string[] }

  it('has its audience compared whole, also when it is one string', async () => {
    const { verifyToken } = createVerifier({ issuer: made({ audience }), clock: createTestClock() })
    expect((await verifyToken(createToken())).principal.subject).toBe('alice')
    await expectInvalidToken(verifyToken(createToken({ claims: { aud: 'h' } })), 'audience_mismatch')
  })

  it.each([
    ['audience', ''],
    ['audience', []],
    ['endpoints', []],
    ['endpoints', undefined],
    ['algorithms', 'RS256'],
    ['algorithms', []],
    ['types', 'JWT'],
    ['requiredClaims', 'sub'],
    ['validateToken', undefined],
    ['principal', {}],
  ])('is refused at creation when its %s is %j', (name, value) => {
    expect(() => createVerifier({ issuer: made({ [name]: value }) })).toThrow(TypeError)
  })
})

describe('a policy that is not there', () => {
  it('is no permission to leave it out', () => {
    const policies: Record<string, never> = {}
    const onExpress = express({ issuer: trusted() })
    const onFastify = fastify({ issuer: trusted() })
    expect(() => onExpress(policies.misspelt)).toThrow(TypeError)
    expect(() => onFastify(policies.misspelt)).toThrow(TypeError)
    expect(() => onExpress.handler(policies.misspelt as never, () => {})).toThrow(TypeError)
    expect(() => onFastify.handler(policies.misspelt as never, () => {})).toThrow(TypeError)
    expect([onExpress(), onFastify()].map((hook) => typeof hook)).toEqual(['function', 'function'])
  })
})

describe('a second policy', () => {
  const api = createResourceServer({ issuer: trusted(), clock: createTestClock() })
  const onExpress = express(api)
  const refused = /A policy is no resource/
  const reads = scope('orders:read')
  const writes = scope('orders:write')
  const ask = async (call: (auth: never, request: RequestView) => unknown) => {
    const token = createToken({ claims: { scope: 'orders:read' } })
    const request = fromNode({ method: 'GET', url: '/', rawHeaders: ['Authorization', `Bearer ${token}`] })
    return call((await api.verifyToken(token)) as never, request)
  }

  it.each<[string, Parameters<typeof ask>[0]]>([
    ['api.guard', (_, request) => api.guard(request, reads, writes)],
    ['api.require', (auth) => api.require(auth, reads, writes)],
    ['api.authorize', (auth) => api.authorize(auth, reads, writes)],
    ['api.authorize, as a function', (auth) => api.authorize(auth, reads, () => false)],
    ['api.authorizeAll', (auth) => api.authorizeAll(auth, reads, [writes])],
    [
      'guard.require',
      async (_, request) => {
        const { url, method, headers } = request
        const req = { url, method, rawHeaders: headers.flat(), headers: { authorization: headers[0]?.[1] } } as never
        await new Promise((resolve) => {
          onExpress()(req, {} as never, resolve)
        })
        return onExpress.require(req, reads, writes)
      },
    ],
  ])('is not dropped as the resource of the first: %s', async (_, call) => {
    await expect(ask(call)).rejects.toThrow(refused)
  })

  it('is not what a resource with a method of this name is', async () => {
    class Formula {
      evaluate() {}
    }
    const decision = await ask((auth) => api.authorize(auth, reads, new Formula()))
    expect(decision).toMatchObject({ effect: 'allow' })
  })
})

describe('a prototype that other code has polluted', () => {
  const caller = { outcome: 'authenticated', auth: { principal: { key: 'mallory' }, claims: {} } }
  const polluted: readonly (readonly [string, unknown])[] = [
    ['optional', true],
    ['authentication', caller],
    ['auth', caller.auth],
    ['result', caller],
    ['error', undefined],
    ['headers', { 'X-Made-Up': '1' }],
    ['resource', { owner: 'mallory' }],
  ]
  const prototype = Object.prototype as Record<string, unknown>
  const req = () => ({ method: 'GET', url: '/', rawHeaders: ['Host', 'a'], headers: {} }) as never

  async function during<T>([name, value]: readonly [string, unknown], ask: () => Promise<T>): Promise<T> {
    // Not enumerable: with one that is, no request is decided at all (polluted-prototype.test.ts).
    Object.defineProperty(prototype, name, { value, configurable: true })
    try {
      return await ask()
    } finally {
      delete prototype[name]
    }
  }

  // Every adapter, the gateway and api.guard ask through the functions that these ask.
  it.each(polluted)('opens no route to anonymous requests, by %s', async (...pollution) => {
    const api = createResourceServer({ issuer: trusted(), clock: createTestClock() })
    const [guard, context] = [express(api), trpc(api)]
    const outcomes = await during(pollution, async () => {
      const request = () => ({ method: 'GET', url: '/', headers: [] as const })
      const guarded = await api.guard(request(), scope('orders:read')).catch((error: unknown) => error)
      const seen: unknown[] = []
      const res = {
        writeHead: (status: number) => seen.push(status),
        setHeader: () => seen.push('header'),
        end() {},
      } as never
      guard()(req(), res, () => seen.push('in'))
      const optional = req()
      guard.optional()(optional, res, () => seen.push(guard.maybeAuth(optional)))
      const opts = { ctx: context.context({ req: req() }), type: 'query', next: async () => ({ ok: true, data: 'in' }) }
      const called = await context()(opts as never).catch((error: unknown) => error)
      return { guarded, seen, called }
    })
    expect(outcomes.guarded).toBeInstanceOf(AuthError)
    expect(outcomes.seen).toEqual([401, undefined])
    expect(outcomes.called).toMatchObject({ code: 'UNAUTHORIZED' })
  })

  it('shows policies no resource', async () => {
    const api = createResourceServer({ issuer: trusted(), clock: createTestClock() })
    const seen: unknown[] = []
    const guard = express(api)(({ resource }) => seen.push(resource) > 0)
    const authorization = `Bearer ${createToken()}`
    const asked = { method: 'GET', url: '/', rawHeaders: ['Authorization', authorization], headers: { authorization } }
    await during(['resource', { owner: 'mallory' }], async () => {
      await new Promise<void>((resolve) => {
        guard(asked as never, {} as never, () => resolve())
      })
    })
    expect(seen).toEqual([undefined])
  })
})

describe('an address with a user name', () => {
  it('is refused, so that it ends in no log', async () => {
    expect(() => trusted({ jwks: undefined, jwksUri: 'https://u:s3cret@sts.example.com/jwks' })).toThrow('user name')
    expect(() => oidc({ issuer: 'https://sts.example.com\n' })).toThrow('control')
    const fetch = async () => Response.json({ issuer, jwks_uri: 'https://u:s3cret@sts.example.com/jwks' })
    const events: unknown[] = []
    const { ready } = createVerifier({ issuer, audience, fetch, onEvent: (event) => events.push(event) })
    await ready()
    expect(JSON.stringify(events)).not.toContain('s3cret')
  })
})

describe('requests that serverless wrappers imitate', () => {
  it('show their token although they have no raw header lines', async () => {
    const api = createResourceServer({ issuer: trusted(), clock: createTestClock() })
    const request = (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'set-cookie': ['a', 'b'] }
      return fromNode({ method: 'GET', url: '/', rawHeaders: [], headers })
    }
    expect((await api.authenticate(request(createToken()))).outcome).toBe('authenticated')
    expect((await api.authenticate(request('bad'))).outcome).toBe('refused')
  })
})

describe('a deny-list', () => {
  it('is asked about claims, since an ECDSA token can be written in two ways', async () => {
    const token = createToken()
    const { verifyToken } = createTestVerifier({ options: { isRevoked: ({ claims }) => claims.jti === 'j1' } })
    await expectInvalidToken(verifyToken(token), 'token_revoked')
    await expectInvalidToken(verifyToken(twinOf(token)), 'token_revoked')
  })
})

/** The same token with the other of its two signatures: (r, n - s). */
function twinOf(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const [header, payload, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')])
  return `${header}.${payload}.${twin.toString('base64url')}`
}
