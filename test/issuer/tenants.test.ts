// One endpoint for many tenants: which `iss` it takes, whom it asks, and what a made-up tenant may cause.
import { createVerifier } from 'claimcheck'
import type { Issuer } from 'claimcheck/issuers'
import type { IssuerEndpoint } from 'claimcheck/preset-kit'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { customIssuer } from '../support/issuers.ts'
import { createKey, createToken, keyFor } from '../support/tokens.ts'
import { expectInvalidToken, type OtherOptions, refusalOf } from '../support/verifiers.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }
const family: IssuerEndpoint = {
  issuer: 'https://sts.example.com/{tenant}/v2',
  tenants: { placeholder: '{tenant}', pattern: /^[a-z]{1,8}$/, keys: 'shared' },
  keys: { metadataUrls: ['https://sts.example.com/any/v2/metadata'] },
  insecureAllowHttp: false,
}
const each: IssuerEndpoint = {
  ...family,
  tenants: { placeholder: '{tenant}', pattern: /^[a-z]{1,8}$/, keys: 'each' },
  keys: { metadataUrls: ['https://sts.example.com/{tenant}/v2/metadata'] },
}
const json = (body: unknown) => Response.json(body)

/** Every tenant that there is has metadata and keys; the shared document names the template. */
function createTenantVerifier(changes: Partial<Issuer>, options: OtherOptions = {}) {
  const requests: string[] = []
  const fetch = async (url: string) => {
    requests.push(url)
    const tenant = /com\/(\w+)\//.exec(url)?.[1] ?? ''
    if (url.endsWith('/keys')) return json(jwks)
    if (tenant === 'none') return new Response('', { status: 404 })
    return json({
      issuer: `https://sts.example.com/${tenant === 'any' ? '{tenant}' : tenant}/v2`,
      jwks_uri: `https://sts.example.com/${tenant}/keys`,
    })
  }
  const issuer = customIssuer(changes)
  return { ...createVerifier({ fetch, clock: createTestClock(), ...options, issuer }), requests }
}

const tokenOf = (iss: unknown) => createToken({ claims: { iss } })

describe('a template', () => {
  const { verifyToken, requests } = createTenantVerifier({ endpoints: [family] })

  it('takes the iss of each tenant, and its metadata names the template', async () => {
    const auth = await verifyToken(tokenOf('https://sts.example.com/acme/v2'))
    expect(auth.issuer).toBe('https://sts.example.com/acme/v2')
    expect(auth.principal.issuer).toBe('https://sts.example.com/acme/v2')
    await verifyToken(tokenOf('https://sts.example.com/other/v2'))
    expect(requests).toEqual(['https://sts.example.com/any/v2/metadata', 'https://sts.example.com/any/keys'])
  })

  it.each([
    'https://sts.example.com/{tenant}/v2',
    'https://sts.example.com//v2',
    'https://sts.example.com/v2',
    'https://sts.example.com/ACME/v2',
    'https://sts.example.com/acme/v2/',
    'https://sts.example.com/acme/x/v2',
    'https://sts.example.com/acme',
    'https://sts.example.com/acme/v2?x=/v2',
    'https://sts.example.com/acme\u0000/v2',
    'https://sts.example.com/аcme/v2',
    'https://sts.example.com.evil.example/acme/v2',
    'xhttps://sts.example.com/acme/v2',
    `https://sts.example.com/${'a'.repeat(4000)}/v2`,
    42,
    ['https://sts.example.com/acme/v2'],
    null,
  ])('does not take the iss %j', async (iss) => {
    const error = await refusalOf(verifyToken(tokenOf(iss)))
    expect(error.reason).toBe('issuer_unknown')
  })

  it('is never longer than 128 characters, whatever its pattern says', async () => {
    const endpoints = [
      { ...family, tenants: { placeholder: '{tenant}', pattern: /^[a-z]+$/, keys: 'shared' as const } },
    ]
    const verifier = createTenantVerifier({ endpoints })
    await verifier.verifyToken(tokenOf(`https://sts.example.com/${'a'.repeat(128)}/v2`))
    await expectInvalidToken(
      verifier.verifyToken(tokenOf(`https://sts.example.com/${'a'.repeat(129)}/v2`)),
      'issuer_unknown',
    )
  })

  it('answers the same each time, also with a global expression', async () => {
    const pattern = /^[a-z]{1,8}$/g
    const endpoints = [{ ...family, tenants: { placeholder: '{tenant}', pattern, keys: 'shared' as const } }]
    const verifier = createTenantVerifier({ endpoints })
    for (let round = 0; round < 3; round++) await verifier.verifyToken(tokenOf('https://sts.example.com/acme/v2'))
  })

  it.each(['.', '..'])(
    'never takes the tenant %j, whatever its pattern says: it would walk through addresses',
    async (step) => {
      const endpoints = [{ ...each, tenants: { placeholder: '{tenant}', pattern: /^[a-z.]+$/, keys: 'each' as const } }]
      const verifier = createTenantVerifier({ endpoints, isTenantAllowed: () => true })
      await expectInvalidToken(verifier.verifyToken(tokenOf(`https://sts.example.com/${step}/v2`)), 'issuer_unknown')
      expect(verifier.requests).toEqual([])
    },
  )

  it('is not met by metadata of one tenant', async () => {
    const one = { ...family, keys: { metadataUrls: ['https://sts.example.com/acme/v2/metadata'] } }
    const verifier = createTenantVerifier({ endpoints: [one] })
    const error = await refusalOf(verifier.verifyToken(tokenOf('https://sts.example.com/acme/v2')))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  })

  it('is told to validateToken, isTenantAllowed and checkKey with the tenant', async () => {
    const seen: unknown[] = []
    const see = (name: string) => (_: unknown, token: { issuer?: string; tenant?: string }) =>
      void seen.push([name, token.issuer, token.tenant])
    const verifier = createTenantVerifier({
      endpoints: [family],
      validateToken: (token) => see('validateToken')(null, token) as undefined,
      isTenantAllowed: (token) => (see('isTenantAllowed')(null, token), true),
      checkKey: (key, token) => see('checkKey')(key, token) as undefined,
    })
    await verifier.verifyToken(tokenOf('https://sts.example.com/acme/v2'))
    const facts = ['https://sts.example.com/acme/v2', 'acme']
    expect(seen).toEqual([
      ['validateToken', ...facts],
      ['isTenantAllowed', ...facts],
      ['checkKey', ...facts],
    ])
  })
})

describe('two endpoints that answer to one iss', () => {
  const make = (...endpoints: IssuerEndpoint[]) => createTenantVerifier({ endpoints })
  const exact = (issuer: string, more = {}): IssuerEndpoint => ({
    issuer,
    keys: { jwks },
    insecureAllowHttp: false,
    ...more,
  })
  const conflict = (iss: string) => new TypeError(`Two configured issuers answer to '${iss}': leave one out.`)

  it('cannot both be trusted: an exact one and a family', () => {
    const acme = 'https://sts.example.com/acme/v2'
    expect(() => make(family, exact(acme))).toThrow(conflict(acme))
    expect(() => make(exact(acme), family)).toThrow(conflict(acme))
    expect(() => make(exact('https://x.example', { aliases: [acme] }), family)).toThrow(conflict(acme))
    expect(() => make(exact('https://sts.example.com/ACME/v2'), family)).not.toThrow()
  })

  it('cannot both be trusted: two families, whatever their patterns', () => {
    const other = { ...family, tenants: { placeholder: '{tenant}', pattern: /^[0-9]+$/, keys: 'shared' as const } }
    expect(() => make(family, other)).toThrow(conflict(family.issuer))
    const longer = { ...family, issuer: 'https://sts.example.com/t/{tenant}/v2' }
    expect(() => make(family, longer)).toThrow(conflict(family.issuer))
    expect(() => make(family, { ...family, issuer: 'https://sts.example.com/{tenant}/v1' })).not.toThrow()
    expect(() => make(family, { ...family, issuer: 'https://sts.example.org/{tenant}/v2' })).not.toThrow()
  })

  it('cannot both be trusted by an alias', () => {
    expect(() => make(exact('https://a.example', { aliases: ['b'] }), exact('b'))).toThrow(conflict('b'))
    expect(() => make(exact('b'), exact('https://a.example', { aliases: ['b'] }))).toThrow(conflict('b'))
  })

  it('can be told apart by a claim, and then each takes its own', async () => {
    const where = (...values: string[]) => ({ discriminator: { claim: 'tfp', values } })
    const iss = 'https://b2c.example.com/'
    expect(() => make(exact(iss, where('a', 'b')), exact(iss, where('b')))).toThrow(conflict(iss))
    expect(() => make(exact(iss, where('a', 'b')), exact(iss, where('B')))).toThrow(conflict(iss))
    expect(() => make(exact(iss, where('a')), exact(iss))).toThrow(conflict(iss))
    expect(() => make(exact(iss, where('a')), exact(iss, { discriminator: { claim: 'acr', values: ['b'] } }))).toThrow(
      conflict(iss),
    )
    const ownKeys = { keys: { jwks: { keys: [createKey('ES256', { kid: 'ES256' }).publicJwk] } } }
    const { verifyToken } = make(exact(iss, where('a')), exact(iss, { ...where('b'), ...ownKeys }))
    const token = (tfp?: unknown) => verifyToken(createToken({ claims: { iss, tfp } }))
    expect((await token('a')).issuer).toBe(iss)
    // The other one has a key of its own under the same kid.
    await expectInvalidToken(token('b'), 'signature_invalid')
    expect((await token('A')).issuer).toBe(iss)
    for (const tfp of ['c', ['a'], 7]) {
      const { details } = await expectInvalidToken(token(tfp), 'claim_invalid')
      expect(details).toMatchObject({ claim: 'tfp', expected: ['a', 'b'], received: String(tfp) })
    }
    for (const tfp of [undefined, null]) await expectInvalidToken(token(tfp), 'claim_missing')
    await expectInvalidToken(verifyToken(createToken({ claims: { iss: `${iss}x`, tfp: 'c' } })), 'issuer_unknown')
  })
})

it('a family for tokens of one claim alone says of others that it is the claim', async () => {
  const { verifyToken } = createTenantVerifier({
    endpoints: [{ ...family, discriminator: { claim: 'plan', values: ['pro'] } }],
  })
  const token = (plan: string, tenant = 'acme') =>
    createToken({ claims: { iss: `https://sts.example.com/${tenant}/v2`, plan } })
  await verifyToken(token('Pro'))
  const { details, hint } = await expectInvalidToken(verifyToken(token('free')), 'claim_invalid')
  expect(details).toMatchObject({ claim: 'plan', expected: ['pro'], received: 'free' })
  expect(hint).toBe('the iss of the token is trusted for some values of plan only, and the token has another')
  await expectInvalidToken(verifyToken(token('free', 'NONE')), 'issuer_unknown')
})

describe('isTenantAllowed', () => {
  const acme = tokenOf('https://sts.example.com/acme/v2')

  it('is asked before anything is fetched, and false refuses', async () => {
    const { verifyToken, requests } = createTenantVerifier({ endpoints: [family], isTenantAllowed: async () => false })
    const error = await expectInvalidToken(verifyToken(acme), 'tenant_mismatch')
    expect(error.details.received).toBe('acme')
    expect(requests).toEqual([])
  })

  it.each([undefined, null, 1, 'true', {}, []])(
    'lets no token in with %j: that is our fault, so 503',
    async (answer) => {
      const { verifyToken, requests } = createTenantVerifier({
        endpoints: [family],
        isTenantAllowed: () => answer as never,
      })
      const error = await refusalOf(verifyToken(acme))
      expect([error.reason, error.status]).toEqual(['verification_unavailable', 503])
      expect(requests).toEqual([])
    },
  )

  it.each([
    [
      'throws',
      () => {
        throw new Error('the directory is down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('the directory is down'))],
  ])('that %s is a 503 with its cause, and no fetch', async (_, isTenantAllowed) => {
    const { verifyToken, requests } = createTenantVerifier({ endpoints: [family], isTenantAllowed })
    const error = await refusalOf(verifyToken(acme))
    expect([error.reason, error.status]).toEqual(['verification_unavailable', 503])
    expect(error.details).toMatchObject({ cause: new Error('the directory is down') })
    expect(requests).toEqual([])
  })

  it('is not asked about a token that no key could save', async () => {
    const requests: unknown[] = []
    const { verifyToken } = createTenantVerifier({
      endpoints: [family],
      isTenantAllowed: (token) => requests.push(token) > 0,
    })
    const claims = { iss: 'https://sts.example.com/acme/v2', aud: 'urn:other' }
    await expectInvalidToken(verifyToken(createToken({ claims })), 'audience_mismatch')
    expect(requests).toEqual([])
  })
})

describe('keys for each tenant', () => {
  it('come from the metadata of that tenant, which must name it, and only when it was admitted', async () => {
    const isTenantAllowed = ({ tenant }: { tenant?: string }) => tenant === 'acme' || tenant === 'other'
    const { verifyToken, requests, ready } = createTenantVerifier({ endpoints: [each], isTenantAllowed })
    expect(await ready()).toMatchObject([{ ok: true }])
    await expectInvalidToken(verifyToken(tokenOf('https://sts.example.com/evil/v2')), 'tenant_mismatch')
    expect(requests).toEqual([])
    for (let round = 0; round < 2; round++) {
      expect((await verifyToken(tokenOf('https://sts.example.com/acme/v2'))).issuer).toBe(
        'https://sts.example.com/acme/v2',
      )
      await verifyToken(tokenOf('https://sts.example.com/other/v2'))
    }
    expect(requests).toEqual([
      'https://sts.example.com/acme/v2/metadata',
      'https://sts.example.com/acme/keys',
      'https://sts.example.com/other/v2/metadata',
      'https://sts.example.com/other/keys',
    ])
  })

  it('of too many new tenants at once are a 503, and not a flood of fetches', async () => {
    const { verifyToken, requests } = createTenantVerifier({ endpoints: [each], isTenantAllowed: () => true })
    const name = (index: number) => [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
    for (let index = 0; index < 100; index++) await verifyToken(tokenOf(`https://sts.example.com/${name(index)}/v2`))
    const error = await refusalOf(verifyToken(tokenOf('https://sts.example.com/zzz/v2')))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
    expect(requests).toHaveLength(200)
    await verifyToken(tokenOf('https://sts.example.com/a/v2'))
  })

  it('of new tenants are fetched no later because the clock was set back', async () => {
    const clock = createTestClock()
    const { verifyToken } = createTenantVerifier({ endpoints: [each], isTenantAllowed: () => true }, { clock })
    const name = (index: number) => [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
    for (let index = 0; index < 100; index++) await verifyToken(tokenOf(`https://sts.example.com/${name(index)}/v2`))
    clock.advanceMs(-10_000)
    const error = await refusalOf(verifyToken(tokenOf('https://sts.example.com/zzz/v2')))
    expect(error.headers['Retry-After']).toBe('1')
    clock.advanceMs(100)
    await verifyToken(tokenOf('https://sts.example.com/zzz/v2'))
  })

  it.each([
    [
      { jwksUri: 'https://sts.example.com/keys' },
      "custom: with keys for each tenant 'https://sts.example.com/keys' must hold '{tenant}': write 'https://sts.example.com/{tenant}/keys', or tenants.keys: 'shared'.",
    ],
    [
      { jwksUri: 'https://sts.example.com/keys#{tenant}' },
      "custom: with keys for each tenant 'https://sts.example.com/keys#{tenant}' must hold '{tenant}': write 'https://sts.example.com/{tenant}/keys', or tenants.keys: 'shared'.",
    ],
    [
      { metadataUrls: ['https://sts.example.com/{tenant}/v2/metadata', 'https://sts.example.com/v2/metadata'] },
      "custom: with keys for each tenant 'https://sts.example.com/v2/metadata' must hold '{tenant}': write 'https://sts.example.com/{tenant}/v2/metadata', or tenants.keys: 'shared'.",
    ],
  ])('cannot all be at one address: %j', (keys, message) => {
    const make = () => createTenantVerifier({ endpoints: [{ ...each, keys }], isTenantAllowed: () => true })
    expect(make).toThrow(new TypeError(message))
  })

  it.each(['https://{tenant}.example.com/keys', 'https://sts.example.com/keys?tenant={tenant}'])(
    'may be at the address %s',
    async (jwksUri) => {
      const { verifyToken, requests } = createTenantVerifier({
        endpoints: [{ ...each, keys: { jwksUri } }],
        isTenantAllowed: () => true,
      })
      // The keys of this fetch end in /keys; whatever it answers, the address is the tenant's own.
      await verifyToken(tokenOf('https://sts.example.com/acme/v2')).catch(() => undefined)
      expect(requests).toEqual([jwksUri.replace('{tenant}', 'acme')])
    },
  )

  it.each([['Each'], [undefined], [true]])('are never shared for a misspelt word: %j', (keys) => {
    const tenants = { placeholder: '{tenant}', pattern: /^[a-z]{1,8}$/, keys: keys as 'each' }
    expect(() => createTenantVerifier({ endpoints: [{ ...each, tenants }], isTenantAllowed: () => true })).toThrow(
      new TypeError("custom: tenants.keys must be 'shared' or 'each'."),
    )
  })

  it('need isTenantAllowed, and addresses', () => {
    const message = "custom: keys for each tenant need isTenantAllowed, and addresses with '{tenant}'."
    expect(() => createTenantVerifier({ endpoints: [each] })).toThrow(new TypeError(message))
    for (const keys of [{ jwks }, { create: () => ({ findKey: async () => undefined }) }]) {
      const make = () => createTenantVerifier({ endpoints: [{ ...each, keys }], isTenantAllowed: () => true })
      expect(make).toThrow(new TypeError(message))
    }
  })
})

it('a pattern that is a text cannot be configured', () => {
  const tenants = { placeholder: '{tenant}', pattern: '^[a-z]+$' as unknown as RegExp, keys: 'shared' as const }
  expect(() => createTenantVerifier({ endpoints: [{ ...family, tenants }] })).toThrow(
    new TypeError('custom: tenants.pattern must be a regular expression such as /[a-z]{1,32}/.'),
  )
})

it.each([
  ['https://sts.example.com/v2', 'not there'],
  ['https://sts.example.com/{tenant}/{tenant}', 'there twice'],
])('a template whose placeholder is %s cannot be configured', (issuer) => {
  expect(() => createTenantVerifier({ endpoints: [{ ...family, issuer }] })).toThrow(
    new TypeError(`The issuer '${issuer}' must hold its placeholder '{tenant}' exactly once.`),
  )
})
