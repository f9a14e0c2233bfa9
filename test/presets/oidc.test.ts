// The generic issuer: which tokens it takes for access tokens of ours, and whom it sees in them.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createToken, goodClaims, issuer, keyFor, signTexts, type TokenParts } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken, type TestVerifierOptions } from '../support/verifiers.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }

function verify(parts: TokenParts, options?: TestVerifierOptions) {
  return createTestVerifier(options).verifyToken(createToken(parts))
}

async function principalOf(claims: TokenParts['claims'] = {}) {
  return (await verify({ claims })).principal
}

describe('the issuer', () => {
  it('as a string is short for oidc({ issuer })', async () => {
    const fetch = async (url: string) =>
      Response.json(url.endsWith('/jwks') ? jwks : { issuer, jwks_uri: `${issuer}/jwks` })
    const { verifyToken } = createVerifier({ issuer, audience, fetch, clock: createTestClock() })
    expect((await verifyToken(createToken())).issuer).toBe(issuer)
  })

  it.each([
    ['a slash at the end', 'https://sts.example.com/'],
    ['another letter case', 'https://STS.example.com'],
    ['another scheme', 'http://sts.example.com'],
    ['a port', 'https://sts.example.com:443'],
    ['a path', 'https://sts.example.com/a'],
    ['a space', 'https://sts.example.com '],
    ['a list', ['https://sts.example.com']],
  ])('[RFC9068-4-3] [RFC7519-2-1] is another one with %s', async (_, iss) => {
    await expectInvalidToken(verify({ claims: { iss } }), 'issuer_unknown')
  })

  it('may be no URL, and then is compared as it is, and only its keys are fetched', async () => {
    const requests: string[] = []
    const fetch = async (url: string) => (requests.push(url), Response.json(jwks))
    const name = 'stytch.com/project-test-1'
    const jwksUri = 'https://keys.example.com/jwks'
    const trusted = oidc({ issuer: name, audience, jwksUri })
    const { verifyToken } = createVerifier({ issuer: trusted, fetch, clock: createTestClock() })
    const auth = await verifyToken(createToken({ claims: { iss: name } }))
    expect([auth.issuer, auth.principal.key]).toEqual([name, 'stytch.com/project-test-1|alice'])
    expect(requests).toEqual([jwksUri])
    for (const iss of ['Stytch.com/project-test-1', `${name}/`, ` ${name}`, `https://${name}`, 'stytch.com'])
      await expectInvalidToken(verifyToken(createToken({ claims: { iss } })), 'issuer_unknown')
  })

  it('[RFC9068-4-3] with a slash is not the one without', async () => {
    const options = { oidc: { issuer: 'https://as.example.com/' } }
    expect((await verify({ claims: { iss: 'https://as.example.com/' } }, options)).issuer).toBe(
      'https://as.example.com/',
    )
    await expectInvalidToken(verify({ claims: { iss: 'https://as.example.com' } }, options), 'issuer_unknown')
  })

  it('[RFC9728-6-1] and the audience are compared by code point, without Unicode normalisation', async () => {
    const options = { oidc: { issuer: 'https://sts.example.com/caf\u00e9', audience: 'urn:caf\u00e9' } }
    const composed = { iss: 'https://sts.example.com/caf\u00e9', aud: 'urn:caf\u00e9' }
    expect((await verify({ claims: composed }, options)).claims).toMatchObject(composed)
    const decomposed = { iss: 'https://sts.example.com/cafe\u0301', aud: 'urn:cafe\u0301' }
    await expectInvalidToken(verify({ claims: { ...composed, iss: decomposed.iss } }, options), 'issuer_unknown')
    await expectInvalidToken(verify({ claims: { ...composed, aud: decomposed.aud } }, options), 'audience_mismatch')
  })
})

describe('the audience', () => {
  it.each([
    ['a string', audience],
    ['a list', ['urn:other', audience]],
  ])('[RFC7519-4.1.3-1] [RFC9068-4-4] is ours in %s', async (_, aud) => {
    expect((await verify({ claims: { aud } })).claims.aud).toEqual(aud)
  })

  it.each([
    ['another API', 'https://other.example.com', 'audience_mismatch'],
    ['other APIs', ['https://other.example.com', 'urn:x'], 'audience_mismatch'],
    ['an empty list', [], 'audience_mismatch'],
    ['a number', 42, 'claim_invalid'],
    ['a nested list', [[audience]], 'claim_invalid'],
    ['an object', { aud: audience }, 'claim_invalid'],
    ['nothing', undefined, 'claim_missing'],
    ['null', null, 'claim_invalid'],
  ] as const)('[RFC7519-4.1.3-1] [RFC9068-4-4] [RFC8725bis-3.9-1] is not ours in %s', async (_, aud, code) => {
    await expectInvalidToken(verify({ claims: { aud } }), code)
  })

  it('[RFC8707-2-1] with a slash is another one, and a hint says so', async () => {
    const error = await expectInvalidToken(verify({ claims: { aud: `${audience}/` } }), 'audience_mismatch')
    expect(error.hint).toContain('trailing slash')
    expect(error.details).toMatchObject({ expected: [audience], received: `${audience}/` })
  })

  it('of an issuer replaces the verifier’s, which counts for the others', async () => {
    const own = oidc({ issuer, jwks, audience: ['urn:a', 'urn:b'] })
    const other = 'https://other.example.com'
    const trusted = [own, oidc({ issuer: other, jwks })]
    const { verifyToken } = createVerifier({ issuer: trusted, audience: 'urn:root', clock: createTestClock() })
    expect((await verifyToken(createToken({ claims: { aud: 'urn:b' } }))).claims.aud).toBe('urn:b')
    await expectInvalidToken(verifyToken(createToken({ claims: { aud: 'urn:root' } })), 'audience_mismatch')
    expect((await verifyToken(createToken({ claims: { iss: other, aud: 'urn:root' } }))).claims.aud).toBe('urn:root')
    await expectInvalidToken(verifyToken(createToken({ claims: { iss: other, aud: 'urn:b' } })), 'audience_mismatch')
  })

  it('is the verifier’s for an issuer without one', async () => {
    const clock = createTestClock()
    const { verifyToken } = createVerifier({ issuer: oidc({ issuer, jwks }), audience: ['urn:root'], clock })
    expect((await verifyToken(createToken({ claims: { aud: 'urn:root' } }))).claims.aud).toBe('urn:root')
    await expectInvalidToken(verifyToken(createToken()), 'audience_mismatch')
  })

  it.each(['urn:whatever', ['urn:x'], [], undefined])('of null takes a token for %j', async (aud) => {
    expect((await verify({ claims: { aud } }, { oidc: { audience: null } })).claims.aud).toEqual(aud)
  })
})

describe('the header', () => {
  it.each(['at+jwt', 'application/at+jwt', 'JWT', 'jwt', undefined])('may have the typ %s', async (typ) => {
    expect((await verify({ header: { typ } })).header.typ).toBe(typ)
  })

  it('[RFC8725bis-3.11-1] may have only the typ that the options list', async () => {
    const options = { oidc: { typ: ['vendor+jwt', null] } }
    expect((await verify({ header: { typ: 'vendor+jwt' } }, options)).header.typ).toBe('vendor+jwt')
    expect((await verify({ header: { typ: undefined } }, options)).header).not.toHaveProperty('typ')
    await expectInvalidToken(verify({ header: { typ: 'at+jwt' } }, options), 'token_type_not_accepted')
  })

  it('may have only an alg that the options list, though a key for another is published', async () => {
    const keys = [keyFor('ES256').publicJwk, keyFor('EdDSA').publicJwk]
    const options = { keys, oidc: { algorithms: ['EdDSA'] as const } }
    expect((await verify({ key: keyFor('EdDSA') }, options)).header.alg).toBe('EdDSA')
    const error = await expectInvalidToken(verify({ key: keyFor('ES256') }, options), 'algorithm_not_allowed')
    expect(error.details).toMatchObject({ claim: 'alg', alg: 'ES256', expected: ['EdDSA'] })
  })
})

describe('claims', () => {
  it('that the options require must be there', async () => {
    const options = { oidc: { requiredClaims: ['jti', 'tenant'] } }
    expect((await verify({ claims: { tenant: 't1' } }, options)).claims.tenant).toBe('t1')
    const error = await expectInvalidToken(verify({}, options), 'claim_missing')
    expect(error.details.claim).toBe('tenant')
  })

  it.each([
    ['neither sub nor client_id', { sub: undefined, client_id: undefined }],
    ['an empty sub', { sub: '', client_id: undefined }],
    ['an empty client_id', { sub: undefined, client_id: '' }],
    ['azp alone', { sub: undefined, client_id: undefined, azp: 'web' }],
  ])('name no caller with %s', async (_, claims) => {
    const error = await expectInvalidToken(verify({ claims }), 'claim_missing')
    expect(error.details.claim).toBe('sub')
    expect(error.hint).toBe('the token names no caller: neither sub nor client_id is there')
  })

  it('name no caller, and only at an issuer of Keycloak’s form the hint speaks of Keycloak', async () => {
    const hintAt = async (iss: string) => {
      const nobody = verify({ claims: { iss, sub: undefined, client_id: undefined } }, { oidc: { issuer: iss } })
      return (await expectInvalidToken(nobody, 'claim_missing')).hint
    }
    for (const iss of ['https://sso.example.com/realms/acme', 'https://sso.example.com/auth/realms/acme'])
      expect(await hintAt(iss)).toBe(
        'the token names no caller: neither sub nor client_id is there (in Keycloak, give the client the scope basic)',
      )
    for (const iss of ['https://sso.example.com/realms', 'https://sso.example.com/realms/acme/x'])
      expect(await hintAt(iss)).not.toContain('Keycloak')
  })

  it.each([
    ['a login in acr', { sub: undefined, acr: '1' }],
    ['a login in amr', { sub: undefined, amr: ['pwd'] }],
    ['a login in auth_time', { sub: undefined, auth_time: now - 60 }],
    ['an empty sub', { sub: '' }],
  ])('name no subject with a client and %s: all users of the client would be one', async (_, claims) => {
    const error = await expectInvalidToken(verify({ claims }), 'claim_missing')
    expect(error.details.claim).toBe('sub')
    expect(error.hint).toContain('the subject is not the client')
  })

  it('[RFC7519-2-1] have dates that are finite JSON numbers, fractions included', async () => {
    expect((await verify({ claims: { exp: now + 1.5 } })).expiresAt).toBe(now + 1.5)
    await expectInvalidToken(verify({ claims: { exp: '9999999999' } }), 'claim_invalid')
    await expectInvalidToken(verify({ claims: { exp: -1 } }), 'token_expired')
    const endless = JSON.stringify(goodClaims({ exp: 0 })).replace('"exp":0', '"exp":1e400')
    const token = signTexts('{"alg":"ES256","kid":"ES256"}', endless, keyFor('ES256'))
    await expectInvalidToken(createTestVerifier().verifyToken(token), 'claim_invalid')
  })

  it.each(['exp', 'nbf', 'iat', 'auth_time'])(
    '[RFC7519-2-1] are refused when %s is in milliseconds, before it makes a token endless, and the operator is told',
    async (name) => {
      const error = await expectInvalidToken(verify({ claims: { [name]: (now - 60) * 1000 } }), 'claim_invalid')
      expect(error.details).toMatchObject({ claim: name, received: String((now - 60) * 1000) })
      expect(error.hint).toMatch(/milliseconds/)
    },
  )
})

describe('the principal', () => {
  const alice = {
    kind: 'unknown',
    key: 'https://sts.example.com|alice',
    subject: 'alice',
    issuer: 'https://sts.example.com',
    client: { id: 'web', type: 'unknown' },
    scopes: [],
    roles: [],
    permissions: [],
    groups: { values: [], complete: false, claim: 'groups' },
    authentication: {},
    traits: [],
  }

  it.each([
    ['alice, of whom the token says no more', {}, alice],
    [
      'a user, who has logged in',
      { auth_time: now - 60 },
      { ...alice, kind: 'user', authentication: { time: now - 60 } },
    ],
    ['a user by acr', { acr: '1' }, { ...alice, kind: 'user', authentication: { acr: '1' } }],
    ['a user by amr', { amr: ['pwd'] }, { ...alice, kind: 'user', authentication: { amr: ['pwd'] } }],
    [
      'an application, which is its own subject',
      { sub: 'web' },
      { ...alice, kind: 'application', key: 'https://sts.example.com|client|web', subject: 'web' },
    ],
    [
      'nobody known, where there is only a client',
      { sub: undefined },
      { ...alice, key: 'https://sts.example.com|client|web', subject: 'web' },
    ],
    ['the client of azp', { client_id: undefined, azp: 'spa' }, { ...alice, client: { id: 'spa', type: 'unknown' } }],
    ['the client of client_id before azp', { azp: 'spa' }, alice],
    [
      'a user by a login, whose client only azp names',
      { client_id: undefined, azp: 'spa', auth_time: now },
      { ...alice, kind: 'user', client: { id: 'spa', type: 'unknown' }, authentication: { time: now } },
    ],
    [
      'no application where only azp is the sub, but no user of that name either',
      { client_id: undefined, azp: 'alice' },
      { ...alice, key: 'https://sts.example.com|client|alice', client: { id: 'alice', type: 'unknown' } },
    ],
  ])('is %s', async (_, claims, principal) => {
    expect(await principalOf(claims)).toEqual(principal)
  })

  it.each([
    ['auth_time', { auth_time: now - 60 }],
    ['amr', { amr: ['pwd'] }],
    ['acr', { acr: '1' }],
  ])('is neither the client nor a user where the token says both, with a login in %s', async (_, login) => {
    for (const names of [{}, { client_id: undefined, azp: 'web' }]) {
      const both = await principalOf({ sub: 'web', ...names, ...login })
      expect(both).toMatchObject({ kind: 'unknown', key: 'https://sts.example.com|ambiguous|web', subject: 'web' })
    }
    const user = await principalOf({ sub: 'web', client_id: 'spa', ...login })
    expect(user).toMatchObject({ kind: 'user', key: 'https://sts.example.com|web' })
  })

  it('has no client where the token names none', async () => {
    expect(await principalOf({ client_id: undefined })).not.toHaveProperty('client')
  })

  it('[RFC9068-2.2.3-1] has what the token grants', async () => {
    const claims = {
      scope: 'orders:read orders:write',
      roles: ['manager', 7],
      entitlements: ['export'],
      permissions: ['read:orders'],
      groups: ['staff', 'sales'],
      email: 'alice@example.com',
    }
    expect(await principalOf(claims)).toEqual({
      ...alice,
      scopes: ['orders:read', 'orders:write'],
      roles: ['manager'],
      permissions: ['read:orders', 'export'],
      groups: { values: ['staff', 'sales'], complete: false, claim: 'groups' },
    })
  })

  it('[RFC9068-2.2.3-1] has what SCIM objects grant: their value, and not what they are displayed as', async () => {
    const claims = {
      roles: [{ value: 'manager', display: 'admin', primary: true }, 'clerk'],
      entitlements: [{ value: 'export' }, { display: 'import' }],
      groups: [{ value: 'e9e3', $ref: 'https://scim.example.com/Groups/e9e3', display: 'Staff' }],
      permissions: [{ value: 'read:orders' }],
    }
    expect(await principalOf(claims)).toEqual({
      ...alice,
      roles: ['manager', 'clerk'],
      permissions: ['export'],
      groups: { values: ['e9e3'], complete: false, claim: 'groups' },
    })
  })

  it('has nothing that no reading of a claim grants', async () => {
    const claims = {
      roles: [{ value: 7 }, { value: '' }, { value: ['admin'] }, [{ value: 'admin' }], ['admin'], null, 7, ''],
      groups: { value: 'staff' },
      entitlements: null,
    }
    expect(await principalOf(claims)).toEqual(alice)
  })

  it('has the outermost actor', async () => {
    const act = { sub: 'orders', iss: 'https://other.example.com', act: { sub: 'web' } }
    expect(await principalOf({ act })).toEqual({
      ...alice,
      actor: { subject: 'orders', issuer: 'https://other.example.com', traits: [] },
    })
    for (const none of [{}, { sub: '' }]) expect(await principalOf({ act: none })).not.toHaveProperty('actor')
    for (const unreadable of ['orders', ['orders'], null])
      await expect(principalOf({ act: unreadable })).rejects.toMatchObject({ reason: 'claim_invalid' })
  })

  it('[RFC8725bis-3.8-2] is another one for the same sub at another issuer', async () => {
    const other = 'https://other.example.com'
    const trusted = [issuer, other].map((one) => oidc({ issuer: one, jwks, audience }))
    const { verifyToken } = createVerifier({ issuer: trusted, clock: createTestClock() })
    const keyOf = async (iss: string) => (await verifyToken(createToken({ claims: { iss } }))).principal.key
    expect(await keyOf(issuer)).toBe('https://sts.example.com|alice')
    expect(await keyOf(other)).toBe('https://other.example.com|alice')
  })
})
