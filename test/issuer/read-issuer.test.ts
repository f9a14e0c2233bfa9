// An application's issuer is read once: what can never work is refused, and later changes have no effect.
import { createVerifier } from 'claimcheck'
import { adfs, clerk, entraB2C, type Issuer } from 'claimcheck/issuers'
import { pemMap, pemPerKid } from 'claimcheck/preset-kit'
import type { KeySourceContext } from '../../src/jwks/remote.ts'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { customIssuer } from '../support/issuers.ts'
import { createKey, createToken, issuer, keyFor } from '../support/tokens.ts'
import { expectInvalidToken, type OtherOptions, refusalOf } from '../support/verifiers.ts'

const clock = createTestClock()
const fetch = () => Promise.reject(new Error('this test must not fetch'))
const make = (changes: Partial<Issuer>, options: OtherOptions = {}) =>
  createVerifier({ clock, fetch, ...options, issuer: customIssuer(changes) })
const keys = { jwks: { keys: [keyFor('ES256').publicJwk] } }

describe('refuses at creation', () => {
  const endpoint = { issuer, insecureAllowHttp: false }

  it.each([
    [{ tokenHeader: 'X-Assertion' }, "custom: tokenHeader must be a header's name in small letters."],
    [{ tokenHeader: 'x assertion' }, "custom: tokenHeader must be a header's name in small letters."],
    [
      { base64Padding: { headerClaims: 'iss' } },
      "custom: base64Padding.headerClaims must be a list of strings, not 'iss'.",
    ],
    [{ algorithms: ['HS256'] }, 'custom: algorithms may not hold HS256.'],
    [{ algorithms: ['ES256', 'none'] }, 'custom: algorithms may not hold none.'],
    [{ isTenantAllowed: true }, 'custom: isTenantAllowed must be a function, not true.'],
    [{ enrichPrincipal: {} }, 'custom: enrichPrincipal must be a function, not an object.'],
    [{ claims: {} }, "custom: claims['~standard'].validate must be a function, not undefined."],
    [
      { nonStandardClaimTypes: 'auth_time' },
      "custom: nonStandardClaimTypes must be a list of strings, not 'auth_time'.",
    ],
    [
      { endpoints: [{ ...endpoint, keys: { jwksUri: 'http://sts.example.com/jwks' } }] },
      "custom: an address of its keys must be https: if the server has TLS, write 'https://sts.example.com/jwks'; if not, set insecureAllowHttp: true.",
    ],
    [
      { endpoints: [{ ...endpoint, keys: pemMap('https://u:p@sts.example.com/') }] },
      "custom: an address of its keys must have no user name: write 'https://sts.example.com/'.",
    ],
    [{ endpoints: [{ ...endpoint, keys: { create: 1 } }] }, 'custom: keys.create must be a function, not 1.'],
    [
      { endpoints: [{ ...endpoint, keys, discriminator: { values: ['a'] } }] },
      'custom: discriminator.claim must be a non-empty string, not undefined.',
    ],
    [
      { endpoints: [{ ...endpoint, keys, discriminator: { claim: 'tfp', values: 'a' } }] },
      "custom: discriminator.values must be a list of at least one string, not 'a'.",
    ],
    [{ endpoints: [{ ...endpoint, keys, keyUse: 7 }] }, 'custom: keyUse must be a non-empty string, not 7.'],
    [
      { endpoints: [{ ...endpoint, keys: { metadataUrls: [] } }] },
      'custom: keys.metadataUrls must be a list of at least one string, not [].',
    ],
    [
      { endpoints: [{ ...endpoint, keys: { jwksUri: 7 } }] },
      'custom: an address of its keys must be a non-empty string, not 7.',
    ],
    [{ endpoints: [{ ...endpoint, keys: undefined }] }, 'custom: keys say where the keys are.'],
    [{ endpoints: [{ ...endpoint, keys: {} }] }, 'custom: keys must have one of jwks, jwksUri, metadataUrls, create.'],
    [
      { endpoints: [{ ...endpoint, keys: { ...keys, jwksUri: 'https://sts.example.com/jwks' } }] },
      'custom: keys must have one of jwks, jwksUri, metadataUrls, create.',
    ],
  ])('%j', (changes, message) => {
    expect(() => make(changes as unknown as Partial<Issuer>)).toThrow(new TypeError(message))
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['true', "'true'"],
    ['false', "'false'"],
    [1, '1'],
    [0, '0'],
  ])('insecureAllowHttp: %j, which is no answer', (insecureAllowHttp, shown) => {
    const endpoints = [{ issuer, keys, insecureAllowHttp: insecureAllowHttp as unknown as boolean }]
    expect(() => make({ endpoints })).toThrow(
      new TypeError(`custom: insecureAllowHttp must be true or false, not ${shown}.`),
    )
  })

  it.each([
    ['http://u:p@sts.example.com/jwks', 'http://sts.example.com/jwks'],
    ['https://u:p@sts.example.com/a@b', 'https://sts.example.com/a@b'],
    ['https://u:p@sts.example.com:99999/jwks', '...sts.example.com:99999/jwks'],
    ['https://u:p/w@sts.example.com/jwks', '...sts.example.com/jwks'],
    ['https://u:p%40sts.example.com/jwks', '...sts.example.com/jwks'],
    ['https:u:p@sts.example.com/jwks', 'https://sts.example.com/jwks'],
    ['u:p@sts.example.com/jwks', '...sts.example.com/jwks'],
    ['ftp://u:p@sts.example.com/jwks', '...sts.example.com/jwks'],
  ])('the address %j, without its user name and password in the message', (jwksUri, shown) => {
    const message = shown.startsWith('...')
      ? `custom: an address of its keys must be a URL such as 'https://sts.example.com/jwks', not '${shown}'.`
      : `custom: an address of its keys must have no user name: write '${shown}'.`
    for (const place of [{ jwksUri }, { metadataUrls: [jwksUri] }, pemMap(jwksUri)])
      expect(() => make({ endpoints: [{ ...endpoint, keys: place }] })).toThrow(new TypeError(message))
  })
})

describe('what was read stays as it was, whatever becomes of', () => {
  const endpoint = { issuer, keys, insecureAllowHttp: false }

  it('the other names of the issuer', async () => {
    const aliases = ['sts.example.com']
    const { verifyToken } = make({ endpoints: [{ ...endpoint, aliases }] })
    aliases.push('https://evil.example')
    await expectInvalidToken(verifyToken(createToken({ claims: { iss: 'https://evil.example' } })), 'issuer_unknown')
  })

  it('the values that choose an endpoint', async () => {
    const where = { claim: 'tfp', values: ['signin'] }
    const { verifyToken } = make({ endpoints: [{ ...endpoint, discriminator: where }] })
    where.values.push('other')
    await expectInvalidToken(verifyToken(createToken({ claims: { tfp: 'other' } })), 'claim_invalid')
    where.claim = 'sub'
    await verifyToken(createToken({ claims: { tfp: 'signin' } }))
  })

  it('the pattern of tenants, which may be global, sticky, compiled anew or made to say yes', async () => {
    for (const flags of ['', 'g', 'y', 'gy']) {
      const pattern = new RegExp('^[a-z]{1,8}$', flags)
      const tenants = { placeholder: '{tenant}', pattern, keys: 'shared' as 'shared' | 'each' }
      const family = { ...endpoint, issuer: 'https://sts.example.com/{tenant}', tenants }
      const { verifyToken } = make({ endpoints: [family] })
      const token = (tenant: string) => createToken({ claims: { iss: `https://sts.example.com/${tenant}` } })
      await verifyToken(token('acme'))
      pattern.lastIndex = 3
      await verifyToken(token('other'))
      pattern.compile('.*')
      pattern.test = () => true
      tenants.placeholder = '{other}'
      await expectInvalidToken(verifyToken(token('EVIL')), 'issuer_unknown')
      await verifyToken(token('acme'))
    }
  })

  it.each([/[a-z]{1,8}/, /[a-z]{1,8}$/y, /^[a-z]{1,8}$/m, /^other$|[a-z]/])(
    'the pattern of tenants, which is for a whole tenant: %s',
    async (pattern) => {
      const tenants = { placeholder: '{tenant}', pattern, keys: 'shared' as const }
      const family = { ...endpoint, issuer: 'https://sts.example.com/{tenant}', tenants }
      const { verifyToken } = make({ endpoints: [family] })
      await verifyToken(createToken({ claims: { iss: 'https://sts.example.com/other' } }))
      for (const tenant of ['7/x', 'x/7', 'x\n7', '7\nx']) {
        const iss = `https://sts.example.com/${tenant}`
        await expectInvalidToken(verifyToken(createToken({ claims: { iss } })), 'issuer_unknown')
      }
    },
  )

  it('the keys', async () => {
    const foreignKey = createKey('ES256', { kid: 'foreign' })
    const jwks = { keys: [keyFor('ES256').publicJwk] }
    const { verifyToken } = make({ endpoints: [{ ...endpoint, keys: { jwks } }] })
    jwks.keys.push(foreignKey.publicJwk)
    await expectInvalidToken(verifyToken(createToken({ key: foreignKey })), 'key_not_found')
    const known = { ...keyFor('ES256').publicJwk }
    const second = make({ endpoints: [{ ...endpoint, keys: { jwks: { keys: [known] } } }] })
    Object.assign(known, foreignKey.publicJwk, { kid: known.kid })
    await second.verifyToken(createToken())
  })

  it.each(['jwksUri', 'metadataUrls'])('the address of keys: %s', async (name) => {
    const requests: string[] = []
    const ask = async (url: string) => (requests.push(url), new Response('', { status: 404 }))
    const place = { jwksUri: `${issuer}/keys`, metadataUrls: [`${issuer}/metadata`] }
    const only = name === 'jwksUri' ? { jwksUri: place.jwksUri } : { metadataUrls: place.metadataUrls }
    const { verifyToken } = make({ endpoints: [{ ...endpoint, keys: only }] }, { fetch: ask })
    Object.assign(only, { jwksUri: 'https://evil.example/keys' })
    place.metadataUrls[0] = 'https://evil.example/metadata'
    await refusalOf(verifyToken(createToken()))
    expect(requests).toEqual([name === 'jwksUri' ? `${issuer}/keys` : `${issuer}/metadata`])
  })

  it('the lists of its profile', async () => {
    const lists = {
      algorithms: ['ES256' as const],
      types: ['at+jwt'],
      requiredClaims: ['jti'],
      nonStandardClaimTypes: [] as string[],
      audience: ['https://api.example.com'],
    }
    const { verifyToken } = make(lists)
    lists.types.push('JWT')
    lists.nonStandardClaimTypes.push('auth_time')
    lists.audience.push('https://other.example.com')
    lists.requiredClaims.pop()
    const token = (claims: object, header = {}) =>
      verifyToken(createToken({ header, claims: { aud: 'https://api.example.com', jti: 'j', ...claims } }))
    await token({})
    await expectInvalidToken(token({}, { typ: 'JWT' }), 'token_type_not_accepted')
    await expectInvalidToken(token({ auth_time: 'x' }), 'claim_invalid')
    await expectInvalidToken(token({ aud: 'https://other.example.com' }), 'audience_mismatch')
    await expectInvalidToken(token({ jti: undefined }), 'claim_missing')
  })

  it('where its audience is, and what a header may claim', async () => {
    const audienceSource = { claim: 'client_id' }
    const { verifyToken } = make({ audience: ['web'], audienceSource: audienceSource })
    audienceSource.claim = 'sub'
    await expectInvalidToken(
      verifyToken(createToken({ claims: { client_id: 'other', sub: 'web' } })),
      'audience_mismatch',
    )
    const headerClaims = ['iss']
    const padded = { base64Padding: { headerClaims }, requiredClaims: ['level'] }
    const { verifyToken: verifyPadded } = make(padded)
    headerClaims.push('level')
    const pad = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')
    const [header = '', ...rest] = createToken({ header: { level: 'admin' } }).split('.')
    const error = await refusalOf(verifyPadded([header, ...rest].map(pad).join('.')))
    expect(error.reason).not.toBe('signature_invalid')
    expect(error.details.claim).toBe('level')
  })

  it('what is known of its clients', async () => {
    const clients: Record<string, { kind: 'device' }> = {}
    const principal: Issuer['principal'] = (...facts) => ({
      ...customIssuer().principal(...facts),
      kind: 'application',
    })
    const { verifyToken } = make({ clients, principal })
    clients.web = { kind: 'device' }
    expect((await verifyToken(createToken())).principal.kind).toBe('application')
  })

  it('the lists that key sources and errors show', async () => {
    const contexts: KeySourceContext[] = []
    const create = (context: KeySourceContext) => {
      contexts.push(context)
      return { findKey: async () => undefined }
    }
    const { verifyToken } = make({ endpoints: [{ ...endpoint, keys: { create } }] })
    expect(contexts.map(({ algorithms }) => Object.isFrozen(algorithms))).toEqual([true])
    for (const changes of [{ claims: { aud: 'urn:other' } }, { header: { alg: 'RS256' } }]) {
      const { details } = await refusalOf(verifyToken(createToken(changes)))
      expect(() => (details.expected as string[]).push('urn:other')).toThrow(TypeError)
    }
  })

  it('the pattern of kids that are looked for', async () => {
    const requests: string[] = []
    const ask = async (url: string) => (requests.push(url), new Response('', { status: 404 }))
    const pattern = /^[a-z]{4}$/
    const place = pemPerKid('https://keys.example.com/{kid}', pattern)
    const { verifyToken } = make({ endpoints: [{ ...endpoint, keys: place }] }, { fetch: ask })
    pattern.compile('.*')
    await expectInvalidToken(verifyToken(createToken({ header: { kid: '../../evil' } })), 'key_not_found')
    expect(requests).toEqual([])
  })

  it('the options of a preset', () => {
    const authorizedParties = ['https://www.example.com']
    const { validateToken } = clerk({ domain: 'clerk.example.com', authorizedParties })
    authorizedParties.push('https://evil.example')
    const claims = { sub: 'user_1', azp: 'https://evil.example' }
    const refusal = validateToken({ header: { alg: 'RS256' }, claims })
    expect(refusal).toMatchObject({ reason: 'audience_mismatch', details: { expected: ['https://www.example.com'] } })
    expect(Object.isFrozen(refusal?.details?.expected)).toBe(true)
    const farm = {
      domain: 'sts.example.com',
      audience: 'https://api.example.com',
      subjectClaim: 'sub',
      userClaim: 'upn',
    }
    const { principal } = adfs(farm)
    Object.assign(farm, { subjectClaim: 'upn', userClaim: 'sub' })
    expect(principal({ sub: 'a', upn: 'b@example.com' }, 'https://i', { alg: 'RS256' })).toMatchObject({ subject: 'a' })
    expect(principal({ sub: 'a' }, 'https://i', { alg: 'RS256' })).toMatchObject({ kind: 'unknown' })
    const policies = ['B2C_1_signin']
    const tenantId = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
    const b2c = entraB2C({
      tenantName: 'contoso',
      tenantId,
      clientId: 'b1c2d3e4-0000-4000-8000-00000000beef',
      policies,
    })
    policies.push('B2C_1_other')
    expect(b2c.endpoints).toMatchObject([{ discriminator: { claim: 'tfp', values: ['B2C_1_signin'] } }])
    const { authentication } = b2c.principal({ sub: 'a', tfp: 'B2C_1_other' }, 'https://i', { alg: 'RS256' })
    expect(authentication).not.toHaveProperty('contexts')
  })
})
