// When our own parts fail: a token is neither let in nor called bad. And what revocation, ready() and close() do.
import { importPublicKey } from '#engine'
import { AuthError, createVerifier, type VerifiedToken } from 'claimcheck'
import { type Issuer, oidc } from 'claimcheck/issuers'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, issuer, keyFor } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken, expectUnavailable, refusalOf } from '../support/verifiers.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }

describe('a part of ours that throws', () => {
  const broken = new RangeError('broken')
  const trusted = oidc({ issuer, audience, jwks })
  const parts: readonly (readonly [string, object])[] = [
    [
      'a clock',
      {
        clock: {
          nowMs: () => {
            throw broken
          },
        },
      },
    ],
    [
      'a preset’s check',
      {
        issuer: {
          ...trusted,
          validateToken: () => {
            throw broken
          },
        } satisfies Issuer,
      },
    ],
    [
      'a preset’s principal',
      {
        issuer: {
          ...trusted,
          principal: () => {
            throw broken
          },
        } satisfies Issuer,
      },
    ],
  ]

  it.each(parts)('is %s: the answer is 503, and reported once', async (_, changes) => {
    const events: unknown[] = []
    const options = { issuer: trusted, clock: createTestClock(), onEvent: (event: unknown) => events.push(event) }
    const { verifyToken } = createVerifier({ ...options, ...changes })
    const error = await expectUnavailable(verifyToken(createToken()), 'verification_unavailable')
    expect(error.details).toEqual({ cause: broken })
    expect(events).toMatchObject([{ type: 'refusal', reason: 'verification_unavailable', details: { cause: broken } }])
  })

  it.each([Number.NaN, Number.NEGATIVE_INFINITY, undefined, null, '0', 0n, new Date(0)])(
    'is a clock that says %o: 503, and no token is young because of it',
    async (time) => {
      const { verifyToken } = createVerifier({ issuer: trusted, clock: { nowMs: () => time as number } })
      const error = await expectUnavailable(verifyToken(createToken()), 'verification_unavailable')
      expect(error.details.cause).toEqual(new TypeError('clock.nowMs() must give a finite number.'))
    },
  )

  const own = new AuthError('tenant_mismatch')
  const throwOwn = (): never => {
    throw own
  }
  it.each([
    ['validateToken', { ...trusted, validateToken: throwOwn }],
    ['checkKey', { ...trusted, checkKey: throwOwn }],
    ['principal', { ...trusted, principal: throwOwn }],
    ['principal, later', { ...trusted, isTenantAllowed: async () => true, principal: throwOwn }],
  ])(
    'makes no bad token a good one, and a refusal by its %s stays what it is, and is reported once',
    async (_, parts) => {
      const events: unknown[] = []
      const options = { clock: createTestClock(), onEvent: (event: unknown) => events.push(event) }
      const { verifyToken } = createVerifier({ issuer: parts, ...options })
      expect(await refusalOf(verifyToken(createToken()))).toBe(own)
      expect(events).toMatchObject([{ type: 'refusal', reason: 'tenant_mismatch', status: 401 }])
    },
  )

  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a text', () => 'alice'],
    ['an object without a key', () => ({})],
    ['a promise', async () => ({ key: 'alice' })],
    ['a refusal', () => new AuthError('access_denied')],
    [
      'an instance of a class',
      () =>
        new (class Caller {
          readonly key = 'alice'
        })(),
    ],
  ])('is a preset’s principal that gives %s: 503, since nobody knows who is calling', async (_, principal) => {
    const events: unknown[] = []
    const options = { clock: createTestClock(), onEvent: (event: unknown) => events.push(event) }
    const { verifyToken } = createVerifier({ issuer: { ...trusted, principal: principal as never }, ...options })
    const error = await expectUnavailable(verifyToken(createToken()), 'verification_unavailable')
    const message = 'oidc: principal() must give a principal, at once and as a plain object.'
    expect(error.details.cause).toEqual(new TypeError(message))
    expect(events).toMatchObject([{ type: 'refusal', reason: 'verification_unavailable' }])
  })

  it.each([
    ['at once', (output: object) => ({ value: output })],
    ['later', async (output: object) => ({ value: output })],
  ])('is a schema whose output, %s, looks like a promise: it replaces no registered claim', async (_, validate) => {
    const then = (done: (claims: object) => void) => done({ sub: 'root', iss: 'https://other.example.com' })
    const claims = { '~standard': { version: 1, vendor: 'test', validate: () => validate({ then, level: 3 }) } }
    const { verifyToken } = createTestVerifier({ options: { claims: claims as never } })
    const auth = await verifyToken(createToken())
    expect(auth.claims).toMatchObject({ sub: 'alice', iss: issuer, level: 3 })
  })

  const asked = [
    ['throws', throwOwn],
    ['rejects with', async () => throwOwn()],
    ['gives back', () => own],
    ['resolves to', async () => own],
  ] as const
  it.each(asked)('is a key source that %s a refusal: it is that refusal, and reported once', async (_, findKey) => {
    const events: unknown[] = []
    const keys = { create: () => ({ findKey: findKey as () => undefined }) }
    const endpoints = trusted.endpoints.map((endpoint) => ({ ...endpoint, keys }))
    const options = { clock: createTestClock(), onEvent: (event: unknown) => events.push(event) }
    const { verifyToken } = createVerifier({ issuer: { ...trusted, endpoints }, ...options })
    const error = await refusalOf(verifyToken(createToken({ claims: { iss: issuer, azp: 'first' } })))
    const next = await refusalOf(verifyToken(createToken({ claims: { azp: 'next' } })))
    // The source throws one error at all requests: no two of them get the same, nor each other's facts.
    for (const one of [error, next]) expect(one).toMatchObject({ reason: 'tenant_mismatch', status: 401 })
    expect(next).not.toBe(error)
    expect([error.details.azp, next.details.azp]).toEqual(['first', 'next'])
    expect(events.splice(1)).toHaveLength(1)
    expect(events).toMatchObject([
      { type: 'refusal', reason: 'tenant_mismatch', details: { verified: false, iss: issuer } },
    ])
  })

  it.each([
    [
      'throws',
      () => {
        throw broken
      },
    ],
    ['rejects', async () => Promise.reject(broken)],
  ])('is an isTenantAllowed that %s: the answer is 503, and reported once', async (_, isTenantAllowed) => {
    const events: unknown[] = []
    const options = { clock: createTestClock(), onEvent: (event: unknown) => events.push(event) }
    const { verifyToken } = createVerifier({ issuer: { ...trusted, isTenantAllowed }, ...options })
    await expectUnavailable(verifyToken(createToken()), 'verification_unavailable')
    expect(events).toMatchObject([
      { type: 'refusal', reason: 'verification_unavailable', details: { verified: false, iss: issuer, cause: broken } },
    ])
  })

  it('is a key source that cannot tell what has replaced a key: the answer is 503, and reported once', async () => {
    const down = new AuthError('keys_unavailable')
    const { kty, crv, x, y } = keyFor('ES256').publicJwk
    const key = {
      kid: 'ES256',
      algorithms: ['ES256'],
      key: await importPublicKey({ kty, crv, x, y } as object, 'ES256'),
    }
    const keys = { create: () => ({ findKey: () => key, findReplacement: () => Promise.reject(down) }) } as never
    const endpoints = trusted.endpoints.map((endpoint) => ({ ...endpoint, keys }))
    const events: unknown[] = []
    const options = { clock: createTestClock(), onEvent: (event: unknown) => events.push(event) }
    const { verifyToken } = createVerifier({ issuer: { ...trusted, endpoints }, ...options })
    const forged = createToken({ key: createKey('ES256', { kid: 'ES256' }) })
    await expectUnavailable(verifyToken(forged), 'keys_unavailable')
    expect(events).toMatchObject([{ type: 'refusal', reason: 'keys_unavailable', details: { iss: issuer } }])
  })

  it('is an event sink: then nobody notices', async () => {
    const onEvent = () => {
      throw broken
    }
    const { verifyToken } = createTestVerifier({ options: { onEvent } })
    await expectInvalidToken(verifyToken('opaque'), 'token_malformed')
  })

  it('is the claims schema', async () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw broken
        },
      },
    } as const
    const { verifyToken, events } = createTestVerifier({ options: { claims: schema as never } })
    const error = await expectUnavailable(verifyToken(createToken()), 'claims_schema_unavailable')
    expect(error.details).toMatchObject({ verified: true, cause: broken, iss: issuer })
    expect(events).toHaveLength(1)
  })
})

describe('isRevoked', () => {
  const verifyWith = (isRevoked: (auth: VerifiedToken) => unknown, token = createToken()) =>
    createTestVerifier({ options: { isRevoked: isRevoked as never } }).verifyToken(token)

  it.each([
    ['false', () => false],
    ['false later', async () => false],
    ['false of any thenable', () => ({ then: (done: (answer: boolean) => void) => done(false) })],
  ])('lets in with %s', async (_, isRevoked) => {
    expect((await verifyWith(isRevoked)).principal.subject).toBe('alice')
  })

  it.each([
    ['true', () => true],
    ['true later', async () => true],
  ])('refuses with %s', async (_, isRevoked) => {
    const error = await expectInvalidToken(verifyWith(isRevoked), 'token_revoked')
    expect(error.details).toMatchObject({ verified: true, iss: issuer })
  })

  it.each([undefined, null, 0, 1, '', 'false', {}, []])('does neither with %j: 503', async (answer) => {
    const error = await expectUnavailable(
      verifyWith(() => answer),
      'revocation_unavailable',
    )
    expect(error.details).toMatchObject({ verified: true, iss: issuer })
    expect(error.details.cause).toEqual(new TypeError('isRevoked did not answer true or false.'))
  })

  it('does neither when it throws or rejects: 503, with the cause', async () => {
    const cause = new Error('store is down')
    for (const isRevoked of [
      () => {
        throw cause
      },
      () => Promise.reject(cause),
    ]) {
      expect((await expectUnavailable(verifyWith(isRevoked), 'revocation_unavailable')).details.cause).toBe(cause)
    }
  })

  it('is asked last, about the verified and frozen token, and never about a bad one', async () => {
    const asked: VerifiedToken[] = []
    const isRevoked = (auth: VerifiedToken) => asked.push(auth) < 0
    const auth = await verifyWith(isRevoked)
    expect(asked).toEqual([auth])
    expect(asked[0]).toBe(auth)
    expect(Object.isFrozen(asked[0])).toBe(true)
    const forged = createToken({ key: createKey('ES256', { kid: 'ES256' }) })
    await expectInvalidToken(verifyWith(isRevoked, forged), 'signature_invalid')
    expect(asked).toHaveLength(1)
  })
})

describe('over a network', () => {
  const servers: KeyServer[] = []
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())))

  async function start() {
    const server = await startKeyServer(jwks)
    servers.push(server)
    return server
  }

  it('ready() warms every issuer, says which failed, and never rejects', async () => {
    const [up, down] = [await start(), await start()]
    await down.stop()
    const { verifyToken, ready } = createVerifier({
      issuer: [up.issuer, down.issuer],
      audience,
      clock: createTestClock(),
    })
    const readiness = await ready()
    expect(readiness).toEqual([
      { issuer: up.issuer, ok: true },
      { issuer: down.issuer, ok: false, error: expect.any(Error) },
    ])
    expect(String(readiness[1]?.error)).toMatch(
      /^Error: no metadata: the connection to [\d.:]+ failed \(ECONNREFUSED\)/,
    )
    const before = up.requests.length
    expect((await verifyToken(createToken({ claims: { iss: up.issuer } }))).issuer).toBe(up.issuer)
    expect(up.requests).toHaveLength(before)
  })

  it('close() ends a fetch under way, and there is no other after it', async () => {
    const server = await start()
    const asked = new Promise<void>((resolve) => server.answer('*', () => resolve()))
    const { verifyToken, close } = createVerifier({ issuer: server.issuer, audience, clock: createTestClock() })
    const pending = refusalOf(verifyToken(createToken({ claims: { iss: server.issuer } })))
    await asked
    close()
    expect(await pending).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect((await pending).details.cause).toMatchObject({ message: 'the verifier was closed' })
    server.answer('*', undefined)
    expect((await refusalOf(verifyToken(createToken({ claims: { iss: server.issuer } })))).status).toBe(503)
    expect(server.requests).toHaveLength(1)
  })

  it('fetchTimeoutMs ends the wait for an STS that hangs', async () => {
    const server = await start()
    server.answer('*', faults.hang)
    const { ready } = createVerifier({ issuer: server.issuer, audience, fetchTimeoutMs: 20, clock: createTestClock() })
    const [readiness] = await ready()
    expect(readiness?.ok).toBe(false)
    expect(readiness?.error).toMatchObject({ message: expect.stringContaining('within 20 ms') })
  })
})
