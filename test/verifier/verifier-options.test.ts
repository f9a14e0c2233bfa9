// Options are checked once, at creation: whatever can never work is a TypeError there, with what to write instead.
import { createResourceServer, createVerifier, type JoseHeader } from 'claimcheck'
import { entra, type Issuer, oidc } from 'claimcheck/issuers'
import type { UnverifiedToken } from 'claimcheck/preset-kit'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readVerifierOptions, type VerifierOptions } from '../../src/verifier/options.ts'
import { createTestClock } from '../support/clock.ts'
import { clientId, tenant } from '../support/entra.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const good = { issuer, audience }
const create = (changes: object) => createVerifier({ ...good, ...changes } as VerifierOptions)
const names =
  'issuer, audience, claims, clockToleranceSeconds, requiredClaims, maxTokenAgeSeconds, maxTokenBytes, fetch, fetchTimeoutMs, keepAlive, keyCache, keyStore, tokenCache, clients, clock, onEvent, isRevoked'

describe('refuses', () => {
  it.each<[object, string]>([
    [{ issuer: undefined }, 'issuer must be a non-empty string, not undefined.'],
    [{ issuer: null }, 'issuer must be a non-empty string, not null.'],
    [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
    [{ issuer: [] }, 'issuer must name at least one issuer.'],
    [{ issuer: [issuer, undefined] }, 'issuer must be a non-empty string, not undefined.'],
    [{ issuer: {} }, 'issuer must be a non-empty string, not an object.'],
    [
      { issuer: new URL(issuer) },
      "issuer must be a string, not a URL object: write 'https://sts.example.com' (or with the slash, if your STS does).",
    ],
    [
      { issuer: 'sts.example.com' },
      "issuer 'sts.example.com' is no https URL, so nothing says where its keys are: give jwksUri or jwks, or write a URL such as 'https://sts.example.com'.",
    ],
    [
      { issuer: 'http://sts.example.com/' },
      "issuer must be https: if the server has TLS, write 'https://sts.example.com/'; if not, set insecureAllowHttp: true.",
    ],
    [{ issuer: [issuer, issuer] }, `Two configured issuers answer to '${issuer}': leave one out.`],
    [{ issuer: [issuer, oidc({ issuer })] }, `Two configured issuers answer to '${issuer}': leave one out.`],
    [{ audience: '' }, "audience[] must be a non-empty string, not ''."],
    [{ audience: [] }, 'audience must be a list of at least one string, not [].'],
    [{ audience: [audience, 7] }, 'audience[] must be a non-empty string, not 7.'],
    [
      { audience: new URL(audience) },
      "audience[] must be a string, not a URL object: write 'https://api.example.com' (or with the slash, if your STS does).",
    ],
    [{ clockToleranceSeconds: -1 }, 'clockToleranceSeconds must be a whole number from 0 to 300, not -1.'],
    [{ clockToleranceSeconds: 301 }, 'clockToleranceSeconds must be a whole number from 0 to 300, not 301.'],
    [{ clockToleranceSeconds: '30' }, "clockToleranceSeconds must be a whole number from 0 to 300, not '30'."],
    [{ clockToleranceSeconds: Number.NaN }, 'clockToleranceSeconds must be a whole number from 0 to 300, not NaN.'],
    [{ maxTokenAgeSeconds: 0 }, 'maxTokenAgeSeconds must be a whole number from 1 to 9007199254740991, not 0.'],
    [
      { maxTokenAgeSeconds: Number.POSITIVE_INFINITY },
      'maxTokenAgeSeconds must be a whole number from 1 to 9007199254740991, not Infinity.',
    ],
    [{ maxTokenAgeSeconds: null }, 'maxTokenAgeSeconds must be a whole number from 1 to 9007199254740991, not null.'],
    [{ maxTokenBytes: 255 }, 'maxTokenBytes must be a whole number from 256 to 65536, not 255.'],
    [{ maxTokenBytes: 65_537 }, 'maxTokenBytes must be a whole number from 256 to 65536, not 65537.'],
    [{ maxTokenBytes: '16kb' }, "maxTokenBytes must be a whole number from 256 to 65536, not '16kb'."],
    [{ maxTokenBytes: Number.NaN }, 'maxTokenBytes must be a whole number from 256 to 65536, not NaN.'],
    [{ fetchTimeoutMs: 0 }, 'fetchTimeoutMs must be a whole number from 1 to 60000, not 0.'],
    [{ fetchTimeoutMs: 60_001 }, 'fetchTimeoutMs must be a whole number from 1 to 60000, not 60001.'],
    // AbortSignal.timeout takes no fraction: every fetch would fail, and every token be a 503.
    [{ fetchTimeoutMs: 1.5 }, 'fetchTimeoutMs must be a whole number from 1 to 60000, not 1.5: write 2.'],
    [{ requiredClaims: 'sub' }, "requiredClaims must be a list of strings, not 'sub'."],
    [{ requiredClaims: 7 }, 'requiredClaims must be a list of strings, not 7.'],
    [{ requiredClaims: [''] }, "requiredClaims[] must be a non-empty string, not ''."],
    [{ fetch: 'fetch' }, "fetch must be a function, not 'fetch'."],
    [{ fetch: null }, 'fetch must be a function, not null.'],
    [{ keepAlive: true }, 'keepAlive must be a function, not true.'],
    [{ onEvent: console }, 'onEvent must be a function, not an object.'],
    [{ isRevoked: true }, 'isRevoked must be a function, not true.'],
    [{ clock: {} }, 'clock.nowMs must be a function, not undefined.'],
    [{ clock: null }, 'clock.nowMs must be a function, not undefined.'],
    [{ clock: { nowMs: 0 } }, 'clock.nowMs must be a function, not 0.'],
    [{ claims: {} }, "claims['~standard'].validate must be a function, not undefined."],
    [{ claims: null }, "claims['~standard'].validate must be a function, not undefined."],
    [{ claims: { '~standard': {} } }, "claims['~standard'].validate must be a function, not undefined."],
    [{ claims: z.object }, "claims['~standard'].validate must be a function, not undefined."],
    [{ audence: audience }, `createVerifier() has no option audence. It has: ${names}.`],
    [{ clockTolerance: 30 }, `createVerifier() has no option clockTolerance. It has: ${names}.`],
  ])('%o: %s', (changes, message) => {
    expect(() => create(changes)).toThrow(new TypeError(message))
  })

  it('[RFC9068-4-6] a tolerance of more than a few minutes', () => {
    expect(() => create({ clockToleranceSeconds: 300 })).not.toThrow()
    expect(() => create({ clockToleranceSeconds: 300.5 })).toThrow(TypeError)
  })

  it.each([
    ['an identifier', issuer],
    ['a preset without one', oidc({ issuer })],
    ['a list with one that has none', [entra({ tenant, clientId }), issuer]],
  ])('[RFC8725bis-3.9-1] a missing audience for %s, and says what to write', (_, one) => {
    const call = () => createVerifier({ issuer: one } as unknown as VerifierOptions)
    expect(call).toThrow(TypeError)
    expect(call).toThrow(
      /^audience is missing: write the identifier of this API.*null accepts tokens meant for any API/,
    )
  })

  it.each([
    ['one issuer', entra({ tenant, clientId })],
    ['a list of one', [entra({ tenant, clientId })]],
    ['a list', [entra({ tenant, clientId }), oidc({ issuer, audience })]],
    ['one that checks none', oidc({ issuer, audience: null })],
  ])('an audience that counts for no issuer, since each brings its own: %s', (_, one) => {
    const message =
      'audience is of no use, since every issuer brings its own: leave it out, or write it as an option of the issuer.'
    for (const unused of [audience, [audience], null]) {
      const call = () => createVerifier({ issuer: one, audience: unused } as unknown as VerifierOptions)
      expect(call).toThrow(new TypeError(message))
    }
    expect(() => createVerifier({ issuer: one, audience: undefined } as unknown as VerifierOptions)).not.toThrow()
  })

  it.each([undefined, null, 'https://sts.example.com'])('options that are none: %s', (options) => {
    const call = () => createVerifier(options as unknown as VerifierOptions)
    expect(call).toThrow(new TypeError('createVerifier() needs an options object, a plain one.'))
  })
})

describe('accepts', () => {
  it('the bounds of every number', () => {
    for (const clockToleranceSeconds of [0, 300]) expect(() => create({ clockToleranceSeconds })).not.toThrow()
    for (const maxTokenAgeSeconds of [1, Number.MAX_SAFE_INTEGER])
      expect(() => create({ maxTokenAgeSeconds })).not.toThrow()
    for (const maxTokenBytes of [256, 65_536]) expect(() => create({ maxTokenBytes })).not.toThrow()
    for (const fetchTimeoutMs of [1, 60_000]) expect(() => create({ fetchTimeoutMs })).not.toThrow()
  })

  it('every option at once', () => {
    const all = {
      claims: z.object({}),
      clockToleranceSeconds: 10,
      requiredClaims: ['sub'],
      maxTokenAgeSeconds: 60,
      maxTokenBytes: 20_000,
      fetch: globalThis.fetch,
      fetchTimeoutMs: 1000,
      keepAlive: () => {},
      keyCache: { graceSeconds: 60 },
      keyStore: { load: async () => undefined, save: async () => {} },
      tokenCache: { maxTokens: 100, maxBytes: 65_536 },
      clock: { nowMs: () => 0 },
      onEvent: () => {},
      isRevoked: () => false,
      clients: { tv: { kind: 'device' } },
    }
    expect(Object.keys({ ...good, ...all }).sort()).toEqual(names.split(', ').sort())
    expect(() => create(all)).not.toThrow()
  })

  it('no audience where every issuer brings its own', () => {
    expect(() => createVerifier({ issuer: entra({ tenant, clientId }) })).not.toThrow()
    expect(() => createVerifier({ issuer: [oidc({ issuer, audience }), entra({ tenant, clientId })] })).not.toThrow()
    expect(() => createVerifier({ issuer: oidc({ issuer, audience: null }) })).not.toThrow()
  })

  it('nothing about a network: creation asks for nothing', async () => {
    const asked: string[] = []
    const fetch = async (url: string) => asked.push(url) as never
    create({ fetch })
    await new Promise(setImmediate)
    expect(asked).toEqual([])
  })
})

describe('an issuer made by hand', () => {
  const jwks = { keys: [keyFor('ES256').publicJwk] }
  const made = oidc({ issuer, audience, jwks })

  it.each<[object, string]>([
    [{ endpoints: undefined }, 'oidc: endpoints must be a list.'],
    [{ endpoints: {} }, 'oidc: endpoints must be a list.'],
    [{ endpoints: [] }, 'oidc: endpoints must be a list.'],
    [{ algorithms: 'ES256' }, "oidc: algorithms must be a list of at least one string, not 'ES256'."],
    [{ requiredClaims: 'sub' }, "oidc: requiredClaims must be a list of strings, not 'sub'."],
    [{ types: 'at+jwt' }, 'oidc: types must be a list.'],
    [{ validateToken: undefined }, 'oidc: validateToken must be a function, not undefined.'],
    [{ principal: {} }, 'oidc: principal must be a function, not an object.'],
    [{ audience: '' }, "audience[] must be a non-empty string, not ''."],
  ])('is checked too: %j', (changes, message) => {
    expect(() => createVerifier({ issuer: { ...made, ...changes } } as never)).toThrow(new TypeError(message))
  })

  it('may be an instance of a class', async () => {
    class OwnIssuer implements Issuer {
      readonly preset = 'own'
      readonly endpoints = made.endpoints
      readonly audience = [audience]
      readonly algorithms = made.algorithms
      readonly types = made.types
      readonly requiredClaims = []
      readonly blocked = 'mallory'
      validateToken({ claims }: UnverifiedToken) {
        return claims.sub === this.blocked ? ({ reason: 'not_an_access_token' } as const) : undefined
      }
      principal(claims: UnverifiedToken['claims'], name: string, header: JoseHeader) {
        return { ...made.principal(claims, name, header), tenant: this.preset }
      }
    }
    const { verifyToken } = createVerifier({ issuer: new OwnIssuer(), clock: createTestClock() })
    expect((await verifyToken(createToken())).principal.tenant).toBe('own')
    await expectInvalidToken(verifyToken(createToken({ claims: { sub: 'mallory' } })), 'not_an_access_token')
  })

  it('is copied, so that nobody can change what is trusted', async () => {
    const mine = { ...made, algorithms: [...made.algorithms], types: [...made.types], endpoints: [...made.endpoints] }
    const verifier = createVerifier({ issuer: mine, clock: createTestClock() })
    mine.types.push('dpop+jwt')
    mine.algorithms.length = 0
    mine.validateToken = () => ({ reason: 'not_an_access_token' })
    expect((await verifier.verifyToken(createToken())).principal.subject).toBe('alice')
    await expectInvalidToken(
      verifier.verifyToken(createToken({ header: { typ: 'dpop+jwt' } })),
      'token_type_not_accepted',
    )
  })
})

describe('the settings', () => {
  const read = (options: object) => readVerifierOptions({ ...good, ...options } as never)

  it('have defaults', () => {
    const { issuers, ...rest } = read({})
    expect(rest).toEqual({
      clockToleranceSeconds: 30,
      maxTokenAgeSeconds: undefined,
      maxTokenBytes: 16_384,
      requiredClaims: [],
      tokenCache: { maxTokens: 10_000, maxBytes: 32 * 1024 * 1024 },
      clients: new Map(),
    })
    expect(issuers).toMatchObject([{ preset: 'oidc', audience: [audience], endpoints: [{ issuer }] }])
  })

  it('have each issuer with its own audience, else the common one', () => {
    const jwks = { keys: [keyFor('ES256').publicJwk] }
    const list = [issuer, oidc({ issuer, jwks, audience: 'urn:own' }), oidc({ issuer, audience: null })]
    expect(read({ issuer: list, audience: ['urn:a', 'urn:b'] }).issuers.map((one) => one.audience)).toEqual([
      ['urn:a', 'urn:b'],
      ['urn:own'],
      null,
    ])
    expect(read({ issuer: list, audience: null }).issuers.map((one) => one.audience)).toEqual([null, ['urn:own'], null])
  })
})

it('takes undefined for every option that may be left out', () => {
  const nothing = {
    claims: undefined,
    clockToleranceSeconds: undefined,
    requiredClaims: undefined,
    maxTokenAgeSeconds: undefined,
    maxTokenBytes: undefined,
    fetch: undefined,
    fetchTimeoutMs: undefined,
    keepAlive: undefined,
    keyCache: undefined,
    keyStore: undefined,
    tokenCache: undefined,
    clients: undefined,
    clock: undefined,
    onEvent: undefined,
    isRevoked: undefined,
  }
  const options = { issuer: 'https://sts.example.com', audience: 'https://api.example.com' }
  expect(() => createVerifier({ ...options, ...nothing })).not.toThrow()
  const more = { realm: undefined, publishScopes: undefined, metadata: undefined }
  expect(() => createResourceServer({ ...options, ...nothing, ...more })).not.toThrow()
  const sizes = { tokenCache: { maxTokens: undefined, maxBytes: undefined } }
  expect(() => createVerifier({ ...options, ...sizes })).not.toThrow()
})
