// Which options of oidc() and rfc9068() can never work, and what is to be written instead.
import { type OidcOptions, oidc, rfc9068 } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { issuer } from '../support/tokens.ts'

// Never imported here; it stands in titles, which must be the same in every run.
const jwks = { keys: [{ kty: 'EC', kid: 'k1' }] }
const make = (options: object) => oidc({ issuer, ...options } as OidcOptions)

describe('the issuer', () => {
  it.each([
    'https://sts.example.com',
    'https://sts.example.com/',
    'https://sts.example.com/tenants/a/',
    'https://sts.example.com:8443/@tenant',
    'https://sts.example.com/for/https://me@example.com',
    'http://127.0.0.1:8080',
    'http://[::1]/a',
    'http://localhost',
    'https://login.example.com/common/v2.0',
    'https://login.microsoftonline.com.example.com/common/v2.0',
    'https://my-login.microsoftonline.com/common/v2.0',
    'https://myciamlogin.com/a',
    'https://contoso.my-ciamlogin.com/a',
    'https://b2clogin.com.example.com/a',
  ])('may be %s', (text) => {
    expect(oidc({ issuer: text }).endpoints[0]?.issuer).toBe(text)
  })

  it.each([
    ['http://sts.example.com', 'https://sts.example.com'],
    ['http://sts.example.com/', 'https://sts.example.com/'],
    ['http://sts.example.com:8080/a/', 'https://sts.example.com:8080/a/'],
    ['http://127.0.0.1.example.com', 'https://127.0.0.1.example.com'],
  ])('[RFC8414-2-1] is https: %s', (text, instead) => {
    const message = `issuer must be https: if the server has TLS, write '${instead}'; if not, set insecureAllowHttp: true.`
    expect(() => oidc({ issuer: text })).toThrow(new TypeError(message))
  })

  it.each([
    ['https://sts.example.com/.well-known/openid-configuration', 'https://sts.example.com'],
    ['https://sts.example.com/tenant/.well-known/openid-configuration', 'https://sts.example.com/tenant'],
    ['https://sts.example.com/.well-known/oauth-authorization-server/tenant', 'https://sts.example.com/tenant'],
    ['https://sts.example.com/.well-known/jwks.json', 'https://sts.example.com'],
  ])('is not the address of a document: %s', (issuer, instead) => {
    const message = `issuer must not be the address of a document: write '${instead}'.`
    expect(() => make({ issuer })).toThrow(new TypeError(message))
  })

  it.each([
    ['https://sts.example.com?tenant=a', 'https://sts.example.com'],
    ['https://sts.example.com/a/?', 'https://sts.example.com/a/'],
    ['https://sts.example.com#x', 'https://sts.example.com'],
    ['https://sts.example.com/#', 'https://sts.example.com/'],
    ['https://sts.example.com/a?x#y\nz', 'https://sts.example.com/a'],
    ['https://me:secret@sts.example.com/a', 'https://sts.example.com/a'],
    ['https://me@sts.example.com/@b', 'https://sts.example.com/@b'],
  ])('[RFC8414-2-1] has no query, fragment or user name: %j', (text, instead) => {
    const message = `issuer must have no query, fragment or user name (RFC 8414 §2): write '${instead}'.`
    expect(() => oidc({ issuer: text })).toThrow(new TypeError(message))
  })

  const names = [
    'sts.example.com',
    '/oidc',
    'kubernetes/serviceaccount',
    'urn:example:sts',
    'stytch.com/project-test-1',
  ]

  it.each([...names, 'ftp://sts.example.com'])('that is no URL has no metadata: %s', (text) => {
    const message = `issuer '${text}' is no https URL, so nothing says where its keys are: give jwksUri or jwks, or write a URL such as 'https://sts.example.com'.`
    expect(() => oidc({ issuer: text })).toThrow(new TypeError(message))
  })

  it.each([...names, 'acme.com:8080/x', 'Acme STS', 'spiffe://example.org', 'ftp://sts.example.com'])(
    'may be no URL where the keys are given: %s',
    (text) => {
      const jwksUri = 'https://sts.example.com/jwks'
      expect(oidc({ issuer: text, jwksUri }).endpoints).toEqual([
        { issuer: text, keys: { jwksUri }, insecureAllowHttp: false },
      ])
      expect(rfc9068({ issuer: text, jwks }).endpoints[0]).toMatchObject({ issuer: text, keys: { jwks } })
    },
  )

  it.each(['acme.com ', ' acme.com', 'acme.com\n', 'acme\u0000.com', '\u00a0acme.com'])(
    'that is no URL has no spaces around it and no control characters: %j',
    (text) => {
      const message = 'issuer must have no spaces at its ends and no control characters.'
      expect(() => make({ issuer: text, jwks })).toThrow(new TypeError(message))
    },
  )

  it.each(['https://', 'https://sts .example.com', 'http:///'])('is no URL although it looks like one: %s', (text) => {
    for (const keys of [{}, { jwks }, { jwksUri: 'https://sts.example.com/jwks' }]) {
      const message = `issuer must be an absolute URL such as 'https://sts.example.com', not '${text}'.`
      expect(() => make({ issuer: text, ...keys })).toThrow(new TypeError(message))
    }
  })

  it.each([
    'https://sts.example.com ',
    ' https://sts.example.com',
    'https://sts.example.com\n',
    'https://sts\u0000.example.com/',
  ])('has no spaces or control characters: %j', (text) => {
    expect(() => oidc({ issuer: text })).toThrow(TypeError)
  })

  it('with a space at its end is told so, since a URL would not notice', () => {
    const message = 'issuer must have no spaces or control characters.'
    for (const text of ['https://sts.example.com ', 'https://sts.example.com/a b', 'https://sts.example.com/\t'])
      expect(() => oidc({ issuer: text })).toThrow(new TypeError(message))
  })

  it.each([
    [
      'https://u:p@sts.example.com',
      "issuer must have no query, fragment or user name (RFC 8414 §2): write 'https://sts.example.com'.",
    ],
    [
      'https:u:p@sts.example.com',
      "issuer must have no query, fragment or user name (RFC 8414 §2): write 'https://sts.example.com/'.",
    ],
    [
      'u:secret@sts.example.com',
      "issuer '...sts.example.com' is no https URL, so nothing says where its keys are: give jwksUri or jwks, or write a URL such as 'https://sts.example.com'.",
    ],
    [
      'https://u:p/w@sts.example.com',
      "issuer must be an absolute URL such as 'https://sts.example.com', not '...sts.example.com'.",
    ],
  ])('%s is refused without its user name and password in the message', (address, message) => {
    expect(() => make({ issuer: address })).toThrow(new TypeError(message))
  })

  it('over plain http needs a word that says so, exactly true', () => {
    const open = oidc({ issuer: 'http://sts.example.com', insecureAllowHttp: true })
    expect(open.endpoints[0]).toMatchObject({ issuer: 'http://sts.example.com', insecureAllowHttp: true })
    expect(oidc({ issuer }).endpoints[0]?.insecureAllowHttp).toBe(false)
    expect(() => make({ issuer: 'http://sts.example.com', insecureAllowHttp: false })).toThrow(/^issuer must be https/)
    for (const insecureAllowHttp of ['true', 1, 'false', {}, null])
      expect(() => make({ insecureAllowHttp })).toThrow(
        /^insecureAllowHttp must be true or false, not ('(true|false)'|1|null|an object)\.$/,
      )
  })
})

describe('the keys', () => {
  it('are found through metadata, at an address, or in the options', () => {
    const keysOf = (options: object) => make(options).endpoints[0]?.keys
    expect(keysOf({})).toHaveProperty('metadataUrls')
    expect(keysOf({ jwksUri: 'https://keys.example.com/jwks' })).toEqual({ jwksUri: 'https://keys.example.com/jwks' })
    expect(keysOf({ jwks })).toEqual({ jwks })
  })

  it.each([
    ['http://sts.example.com/jwks', false, 'https'],
    ['http://sts.example.com/jwks', undefined, 'https'],
    ['ftp://sts.example.com/jwks', true, 'a URL'],
    ['/jwks', false, 'a URL'],
    ['me:secret@sts.example.com/jwks', true, 'a URL'],
    ['https://me@sts.example.com/jwks', false, 'no user name'],
    ['https://:secret@sts.example.com/jwks', false, 'no user name'],
  ])('[RFC8414-2-1] are not at %s', (jwksUri, insecureAllowHttp, cause) => {
    const messages: Readonly<Record<string, string>> = {
      https: `must be https: if the server has TLS, write 'https://sts.example.com/jwks'; if not, set insecureAllowHttp: true.`,
      'a URL': `must be a URL such as 'https://sts.example.com/jwks', not '${jwksUri.replace(/.*@/, '...')}'.`,
      'no user name': `must have no user name: write 'https://sts.example.com/jwks'.`,
    }
    for (const from of ['https://sts.example.com', 'http://127.0.0.1']) {
      const call = () => make({ issuer: from, jwksUri, ...(insecureAllowHttp !== undefined && { insecureAllowHttp }) })
      expect(call).toThrow(new TypeError(`jwksUri ${messages[cause]}`))
    }
  })

  it.each([
    ['https://sts.example.com', 'http://127.0.0.1/jwks', false],
    ['https://sts.example.com', 'http://keycloak:8080/jwks', true],
    ['http://127.0.0.1', 'http://127.0.0.1:8080/jwks', false],
    ['http://127.0.0.1', 'https://keys.example.com/jwks', false],
    ['http://sts.example.com', 'http://keys.example.com/jwks', true],
  ])('of %s may be at %s', (from, jwksUri, insecureAllowHttp) => {
    expect(oidc({ issuer: from, jwksUri, insecureAllowHttp }).endpoints[0]?.keys).toEqual({ jwksUri })
  })
})

describe('refuses', () => {
  const known = 'issuer, audience, jwksUri, jwks, algorithms, typ, requiredClaims, insecureAllowHttp, groupsAreComplete'

  it.each([
    [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
    [{ issuer: undefined }, 'issuer must be a non-empty string, not undefined.'],
    [{ audience: '' }, "audience[] must be a non-empty string, not ''."],
    [{ audience: [] }, 'audience must be a list of at least one string, not [].'],
    [{ audience: 7 }, 'audience[] must be a non-empty string, not 7.'],
    [{ jwks, jwksUri: 'https://sts.example.com/jwks' }, 'Give jwks or jwksUri, not both.'],
    [{ jwks: { keys: [] } }, 'jwks must be a JWK Set with at least one key.'],
    [{ jwks: {} }, 'jwks must be a JWK Set with at least one key.'],
    [{ jwks: null }, 'jwks must be a JWK Set with at least one key.'],
    [{ jwks: { keys: 'x' } }, 'jwks must be a JWK Set with at least one key.'],
    [{ jwksUri: '' }, "jwksUri must be a non-empty string, not ''."],
    [{ algorithms: [] }, 'algorithms must be a list of at least one string, not [].'],
    [{ algorithms: 7 }, 'algorithms[] must be a non-empty string, not 7.'],
    [{ typ: [] }, 'typ must be a list of at least one string, not [].'],
    [{ typ: 7 }, 'typ[] must be a non-empty string, not 7.'],
    [{ typ: [null, 7] }, 'typ[] must be a non-empty string, not 7.'],
    [{ typ: [null, ''] }, "typ[] must be a non-empty string, not ''."],
    [{ requiredClaims: [7] }, 'requiredClaims[] must be a non-empty string, not 7.'],
    [{ jwks_uri: 'https://sts.example.com/jwks' }, `oidc() has no option jwks_uri. It has: ${known}.`],
  ])('%j', (options, message) => {
    expect(() => make(options)).toThrow(new TypeError(message))
  })

  it.each(['none', 'HS256', 'RS257', 'rs256', '__proto__'])('the algorithm %s', (name) => {
    const message = `algorithms may hold RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519, EdDSA, not ${name}.`
    expect(() => make({ algorithms: ['ES256', name] })).toThrow(new TypeError(message))
  })

  it('a URL object, and says which string to write', () => {
    const message = `issuer must be a string, not a URL object: write 'https://sts.example.com' (or with the slash, if your STS does).`
    expect(() => make({ issuer: new URL(issuer) })).toThrow(new TypeError(message))
  })

  it('to be called without options', () => {
    expect(() => oidc(undefined as never)).toThrow(new TypeError('oidc() needs an options object, a plain one.'))
  })
})

describe('the strict profile', () => {
  it('fixes typ, and adds to the required claims', () => {
    const made = rfc9068({ issuer, audience: 'urn:a', requiredClaims: ['tenant'] })
    expect(made).toMatchObject({ preset: 'rfc9068', audience: ['urn:a'], types: ['at+jwt'] })
    expect(made.requiredClaims).toEqual(['aud', 'sub', 'client_id', 'iat', 'jti', 'tenant'])
    expect(() => rfc9068({ issuer, typ: ['JWT'] } as never)).toThrow(/^rfc9068\(\) has no option typ\./)
  })

  it('is as careful as oidc()', () => {
    expect(() => rfc9068({ issuer, requiredClaims: [''] } as never)).toThrow(/^requiredClaims\[\] must be/)
    expect(() => rfc9068({ issuer: 'http://sts.example.com' })).toThrow(/^issuer must be https/)
  })
})

it('is called oidc, for messages, and brings an audience only where it has one', () => {
  expect(oidc({ issuer }).preset).toBe('oidc')
  expect(oidc({ issuer })).not.toHaveProperty('audience')
  expect(oidc({ issuer, audience: null }).audience).toBeNull()
  expect(oidc({ issuer, audience: 'urn:a' }).audience).toEqual(['urn:a'])
  const list = ['urn:a']
  const kept = oidc({ issuer, audience: list })
  list.push('urn:b')
  expect(kept.audience).toEqual(['urn:a'])
})
