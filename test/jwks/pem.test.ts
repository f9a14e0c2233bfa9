// Keys that are no JWKs: certificates and public keys as PEM text, in a map by kid, or one at each address.
import { createVerifier } from 'claimcheck'
import { type IssuerKeys, pemMap, pemPerKid } from 'claimcheck/preset-kit'
import { describe, expect, it } from 'vitest'
import { certificateOf, publicPemOf } from '../support/certificates.ts'
import { createTestClock } from '../support/clock.ts'
import { customIssuer } from '../support/issuers.ts'
import { createKey, createToken, issuer, keyFor, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken, type OtherOptions, refusalOf } from '../support/verifiers.ts'

const rsa = { ...keyFor('RS256'), kid: 'one' }
const short = createKey('RS256', { kid: 'short', rsaBits: 1024 })
const ec = keyFor('ES256')
const privatePem = (key: TestKey) => String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const certificate = certificateOf(rsa)

function make(keys: IssuerKeys, answer: (url: string) => Response, options: OtherOptions = {}) {
  const requests: string[] = []
  const clock = createTestClock()
  const trusted = customIssuer({
    endpoints: [{ issuer, keys, insecureAllowHttp: false }],
    algorithms: ['RS256', 'ES256'],
  })
  const fetch = async (url: string) => {
    requests.push(url)
    return answer(url)
  }
  return { ...createVerifier({ clock, fetch, ...options, issuer: trusted }), requests, clock }
}

const map = pemMap('https://sts.example.com/certs')
const served = (value: unknown) => () => Response.json(value)
const token = (key: TestKey, jti = 'j') => createToken({ key, claims: { jti } })

describe('a map of PEM texts', () => {
  it.each([
    ['certificates', certificate],
    ['certificates with a line before', `\n${certificate}`],
    ['public keys', publicPemOf(rsa)],
  ])('holds %s by kid', async (_, pem) => {
    const { verifyToken, requests } = make(map, served({ one: pem, other: certificateOf(ec) }))
    expect((await verifyToken(token(rsa))).claims.sub).toBe('alice')
    await verifyToken(token({ ...ec, kid: 'other' }))
    expect(requests).toEqual(['https://sts.example.com/certs'])
  })

  it('binds each key by the rules of all keys: a short one is skipped, the rest serve', async () => {
    const { verifyToken } = make(map, served({ one: certificate, short: certificateOf(short) }))
    await verifyToken(token(rsa))
    await expectInvalidToken(verifyToken(token(short)), 'key_not_found')
    await expectInvalidToken(verifyToken(token({ ...rsa, kid: 'other' })), 'key_not_found')
  })

  it.each([
    ['a private key', privatePem(rsa)],
    ['no PEM', 'one'],
    ['half of one', certificate.slice(0, 400)],
    ['a public key behind another label', publicPemOf(rsa).replaceAll('PUBLIC KEY', 'CERTIFICATE')],
    ['too much', certificate + '#'.repeat(20_000)],
    ['a JWK', rsa.publicJwk],
    ['nothing', null],
  ])('has no use for %s', async (_, pem) => {
    const { verifyToken } = make(map, served({ one: pem }))
    const error = await refusalOf(verifyToken(token(rsa)))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  })
})

describe('a PEM text for each kid', () => {
  const perKid = pemPerKid('https://keys.example.com/{kid}', /^[a-z0-9-]{3,36}$/)
  const only = (url: string) =>
    url === 'https://keys.example.com/one' ? new Response(publicPemOf(rsa)) : new Response('', { status: 404 })

  it('is fetched once, when a token first names it', async () => {
    const { verifyToken, requests } = make(perKid, only)
    await Promise.all([verifyToken(token(rsa, 'a')), verifyToken(token(rsa, 'b'))])
    await verifyToken(token(rsa, 'c'))
    expect(requests).toEqual(['https://keys.example.com/one'])
  })

  it.each([
    '../one',
    'one/two',
    'one?x',
    'one#x',
    'ONE',
    'a',
    'one\n',
    '%6fne',
    'https://evil.example',
    'x'.repeat(37),
  ])('is not looked for with the kid %j', async (kid) => {
    const { verifyToken, requests } = make(perKid, only)
    await expectInvalidToken(verifyToken(token({ ...rsa, kid })), 'key_not_found')
    expect(requests).toEqual([])
  })

  it('is looked for only with a kid that is as the pattern says from its beginning to its end', async () => {
    for (const pattern of [/[a-z]+/, /^[a-z]+$/m, /^[a-z]+/g, /[a-z]+$/y]) {
      const { verifyToken, requests } = make(pemPerKid('https://keys.example.com/{kid}', pattern), only)
      for (const kid of ['../one', 'one/two', 'one\n../two', '7\none'])
        await expectInvalidToken(verifyToken(token({ ...rsa, kid })), 'key_not_found')
      expect(requests).toEqual([])
      for (const jti of ['a', 'b']) await verifyToken(token(rsa, jti))
    }
  })

  it('needs a pattern', () => {
    for (const pattern of ['^[a-z]+$', undefined])
      expect(() => pemPerKid('https://keys.example.com/{kid}', pattern as unknown as RegExp)).toThrow(
        new TypeError('kidPattern must be a regular expression such as /[a-z]{1,32}/.'),
      )
  })

  it.each(['.', '..'])('is not looked for with the kid %j, whatever its pattern says', async (kid) => {
    const { verifyToken, requests } = make(pemPerKid('https://keys.example.com/{kid}', /^[a-z.]+$/), only)
    await expectInvalidToken(verifyToken(token({ ...rsa, kid })), 'key_not_found')
    expect(requests).toEqual([])
  })

  it('that is not there is a bad token, and is not looked for again for ten seconds', async () => {
    const { verifyToken, requests, clock } = make(perKid, only)
    for (let round = 0; round < 3; round++)
      await expectInvalidToken(verifyToken(token({ ...rsa, kid: 'two' })), 'key_not_found')
    expect(requests).toHaveLength(1)
    clock.advanceMs(10_000)
    await expectInvalidToken(verifyToken(token({ ...rsa, kid: 'two' })), 'key_not_found')
    expect(requests).toHaveLength(2)
  })

  it('has a budget: a flood of made-up kids is answered 503, and a real one that comes again a second later goes first', async () => {
    const { verifyToken, requests, clock } = make(perKid, only)
    const codes: string[] = []
    for (let index = 0; index < 50; index++) {
      codes.push((await refusalOf(verifyToken(token({ ...rsa, kid: `made-up-${index}` })))).reason)
    }
    expect(requests).toHaveLength(5)
    expect(codes).toEqual([...Array(5).fill('key_not_found'), ...Array(45).fill('keys_unavailable')])
    const error = await refusalOf(verifyToken(token(rsa)))
    expect([error.reason, error.headers['Retry-After']]).toEqual(['keys_unavailable', '1'])
    clock.advanceMs(1000)
    await verifyToken(token(rsa))
  })

  it('that is in memory needs no budget, not even that of unknown kids', async () => {
    const { verifyToken } = make(perKid, only)
    await verifyToken(token(rsa))
    for (let index = 0; index < 200; index++) await refusalOf(verifyToken(token({ ...rsa, kid: `made-up-${index}` })))
    await verifyToken(token(rsa, 'k'))
  })

  it('while its server is in trouble is a 503, not a bad token', async () => {
    const { verifyToken } = make(perKid, () => new Response('', { status: 500 }))
    expect((await refusalOf(verifyToken(token(rsa)))).status).toBe(503)
  })

  it('that was taken back stops at its next refresh', async () => {
    let there = true
    const { verifyToken, clock, requests } = make(perKid, (url) =>
      there ? only(url) : new Response('', { status: 404 }),
    )
    await verifyToken(token(rsa))
    there = false
    clock.advanceMs(10 * 60_000)
    // Refreshed in the background: this one is still served.
    await verifyToken(createToken({ key: rsa, claims: { exp: 1_795_435_200 + 3600 } }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(requests).toHaveLength(2)
    const late = createToken({ key: rsa, claims: { exp: 1_795_435_200 + 3600, jti: 'late' } })
    await expectInvalidToken(verifyToken(late), 'key_not_found')
  })

  it('that is weak, or of another kind, verifies nothing', async () => {
    const pems: Readonly<Record<string, string>> = { short: publicPemOf(short), priv: privatePem(rsa), text: 'ok' }
    const { verifyToken } = make(perKid, (url) => new Response(pems[url.split('/').at(-1) ?? '']))
    for (const kid of Object.keys(pems)) {
      expect((await refusalOf(verifyToken(token({ ...(kid === 'short' ? short : rsa), kid })))).status).toBe(503)
    }
  })
})

describe('the use of a JWK', () => {
  const spiffe = (use: unknown) => ({
    keys: [
      { ...ec.publicJwk, use },
      { ...rsa.publicJwk, use: 'x509-svid' },
    ],
  })
  const make = (keyUse: string | undefined, jwks: object) => {
    const endpoint = { issuer, keys: { jwks: jwks as never }, insecureAllowHttp: false, ...(keyUse && { keyUse }) }
    return createVerifier({ clock: createTestClock(), issuer: customIssuer({ endpoints: [endpoint] }) })
  }

  it('may be another than sig where the issuer says so, or be absent', async () => {
    await make('jwt-svid', spiffe('jwt-svid')).verifyToken(createToken())
    await make('jwt-svid', spiffe(undefined)).verifyToken(createToken())
  })

  it('is sig otherwise, and not sig where it is another', () => {
    for (const [keyUse, use] of [
      [undefined, 'jwt-svid'],
      ['jwt-svid', 'sig'],
      ['jwt-svid', 'x509-svid'],
      ['jwt-svid', null],
    ] as const)
      expect(() => make(keyUse, spiffe(use))).toThrow(TypeError)
  })

  it('and a JWK whose issuer is no text is skipped', () => {
    const jwks = { keys: [{ ...ec.publicJwk, issuer: ['x'] }] }
    expect(() => make(undefined, jwks)).toThrow(TypeError)
  })
})

describe('metadata of another name', () => {
  const discovered = (more: object, document: object) => {
    const keys = { metadataUrls: ['https://fs.example.com/metadata'], ...more }
    return make(keys, (url) =>
      Response.json(
        url.endsWith('/metadata')
          ? { jwks_uri: 'https://fs.example.com/keys', ...document }
          : { keys: [rsa.publicJwk, { ...rsa.publicJwk, kid: 'one' }] },
      ),
    )
  }
  const names = { metadataIssuer: 'https://fs.example.com/adfs', issuerMember: 'access_token_issuer' }

  it('is taken when both of its names are those that were configured', async () => {
    const { verifyToken } = discovered(names, { issuer: 'https://fs.example.com/adfs', access_token_issuer: issuer })
    await verifyToken(token(rsa))
  })

  it.each([
    [{ issuer, access_token_issuer: issuer }],
    [{ issuer: 'https://fs.example.com/adfs', access_token_issuer: 'https://other.example.com' }],
    [{ issuer: 'https://fs.example.com/adfs' }],
    [{ access_token_issuer: issuer }],
  ])('is refused otherwise: %j', async (document) => {
    expect((await refusalOf(discovered(names, document).verifyToken(token(rsa)))).reason).toBe('keys_unavailable')
  })

  it("keeps https also where the issuer's own name begins with http:", async () => {
    const keys = { metadataUrls: ['https://fs.example.com/metadata'], metadataIssuer: 'https://fs.example.com/adfs' }
    const endpoint = { issuer: 'http://fs.example.com/adfs/services/trust', keys, insecureAllowHttp: true }
    const requests: string[] = []
    const fetch = async (url: string) => {
      requests.push(url)
      return Response.json({ issuer: 'https://fs.example.com/adfs', jwks_uri: 'http://fs.example.com/keys' })
    }
    const verifier = createVerifier({
      clock: createTestClock(),
      fetch,
      issuer: customIssuer({ endpoints: [endpoint] }),
    })
    const error = await refusalOf(verifier.verifyToken(createToken({ claims: { iss: endpoint.issuer } })))
    expect(error.reason).toBe('keys_unavailable')
    expect(requests).toEqual(['https://fs.example.com/metadata'])
  })
})
