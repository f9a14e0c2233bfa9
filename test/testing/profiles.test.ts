// Each STS that can be imitated: its tokens written out, its keys found by its own metadata, its bad tokens refused.
import { entra, type IssuerWithAudience, oidc } from 'claimcheck/issuers'
import { metadataUrls } from 'claimcheck/preset-kit'
import { badTokenKinds, createTestClock, createTestIssuer, entraLike } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { samples } from './samples.ts'
import { claimsOf, headerOf, verifierFor } from './verifier.ts'

const clock = createTestClock(new Date('2030-01-01T00:00:00Z'))

/** What `oidc()` makes, also of issuers that it leaves to presets (Entra). */
function genericIssuer(issuer: string, audience: string | null, jwksUri?: string): IssuerWithAudience {
  const keys = jwksUri === undefined ? { metadataUrls: metadataUrls(issuer) } : { jwksUri }
  const endpoints = [{ issuer, keys, insecureAllowHttp: false }]
  return { ...oidc({ issuer: 'https://sts.example.com', audience }), endpoints }
}

describe.each(samples)('$name', (sample) => {
  const { issuer, jwksUri, unseen = [] } = sample
  const sts = createTestIssuer(sample.profile, { algorithms: ['ES256'], clock })
  // Whose tokens do not say in aud for whom they are, or not so that the generic verifier sees it.
  const audience = unseen.includes('no-aud') ? null : sts.audience
  const trusted = genericIssuer(issuer, audience, jwksUri)
  /** The id differs from token to token. */
  const unnumbered = (token: string) => {
    const claims = JSON.stringify(claimsOf(token)).replace(/token-\d+/, 'token-N')
    return { header: headerOf(token), claims: JSON.parse(claims) as unknown }
  }

  it('has the issuer and the addresses of its kind', () => {
    expect(sts.issuer).toBe(issuer)
    expect(sts.addresses).toEqual(sample.addresses)
  })

  it('makes an access token for a user, or for who else there is', () => {
    expect(unnumbered(sts.token())).toEqual(sample.access)
  })

  it('makes an access token for an application, if there is such a thing', () => {
    if (sample.application) expect(unnumbered(sts.applicationToken())).toEqual(sample.application)
    else expect(() => sts.applicationToken()).toThrow(TypeError)
  })

  it('makes a token that is none for an API', () => {
    expect(unnumbered(sts.idToken())).toEqual(sample.id)
  })

  it('has its keys found, and its tokens accepted', async () => {
    const { verifyToken } = verifierFor(sts, trusted)
    expect((await verifyToken(sts.token({ sub: 'somebody' }))).principal.subject).toBe('somebody')
    if (sample.application) await verifyToken(sts.applicationToken({ sub: 'somebody' }))
  })

  it.each(badTokenKinds.filter((kind) => !unseen.includes(kind)))('makes bad tokens: %s', async (kind) => {
    const error = await refusalOf(verifierFor(sts, trusted).verifyToken(sts.badToken(kind)))
    expect(error.status).toBe(401)
  })
})

describe('entraLike', () => {
  const [tenant, clientId] = ['8eaef023-2b34-4da1-9baa-8bc8c9d6a490', 'b1c2d3e4-0000-4000-8000-00000000beef']
  const login = 'https://login.microsoftonline.com'
  const sts = createTestIssuer(entraLike({ tenant, clientId }))
  const get = async (url: string) => (await sts.fetch(url, {})).json() as Promise<Record<string, unknown>>

  it('publishes keys without alg, which say in v2.0 whose tokens they sign', async () => {
    for (const path of [tenant, 'organizations', 'common']) {
      const jwk = { kty: 'RSA', use: 'sig', kid: 'RS256-1', x5t: 'RS256-1', n: expect.any(String), e: 'AQAB' }
      const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0'
      expect(await get(`${login}/${path}/discovery/v2.0/keys`)).toEqual({ keys: [{ ...jwk, issuer }] })
      expect(await get(`${login}/${path}/discovery/keys`)).toEqual({ keys: [jwk] })
    }
  })

  it('publishes metadata of each format, with a placeholder where it is no tenant’s', async () => {
    for (const [path, tid] of [
      [tenant, tenant],
      ['organizations', '{tenantid}'],
      ['common', '{tenantid}'],
    ]) {
      expect(await get(`${login}/${path}/v2.0/.well-known/openid-configuration`)).toMatchObject({
        issuer: `https://login.microsoftonline.com/${tid}/v2.0`,
        jwks_uri: `https://login.microsoftonline.com/${path}/discovery/v2.0/keys`,
      })
      expect(await get(`${login}/${path}/.well-known/openid-configuration`)).toMatchObject({
        issuer: `https://sts.windows.net/${tid}/`,
        jwks_uri: `https://login.microsoftonline.com/${path}/discovery/keys`,
      })
    }
  })

  it('publishes a signing key of the API’s own only where its appid is asked for', async () => {
    const custom = createTestIssuer(entraLike({ tenant, clientId, customSigningKeys: true }))
    const kidsAt = async (url: string) => {
      const { keys } = (await (await custom.fetch(url, {})).json()) as { keys: { kid: string }[] }
      return keys.map(({ kid }) => kid)
    }
    expect(await kidsAt(`${login}/${tenant}/discovery/v2.0/keys`)).toEqual(['other-RS256-1'])
    expect(await kidsAt(`${login}/common/discovery/v2.0/keys`)).toEqual(['other-RS256-1'])
    const metadata = await custom.fetch(
      `${login}/${tenant}/v2.0/.well-known/openid-configuration?appid=${clientId}`,
      {},
    )
    expect(await metadata.json()).toMatchObject({
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      jwks_uri: `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys?appid=${clientId}`,
    })
    expect(await kidsAt(`${login}/${tenant}/discovery/v2.0/keys?appid=${clientId}`)).toEqual(['RS256-1'])
    const { verifyToken } = verifierFor(custom, entra({ tenant, clientId }))
    await expectInvalidToken(verifyToken(custom.token()), 'key_not_found')
  })

  it.each([
    ['usGov', '2.0', `https://login.microsoftonline.us/${tenant}/v2.0`],
    ['usGov', '1.0', `https://sts.windows.net/${tenant}/`],
    ['china', '2.0', `https://login.partner.microsoftonline.cn/${tenant}/v2.0`],
    ['china', '1.0', `https://sts.chinacloudapi.cn/${tenant}/`],
  ] as const)('has the issuer of the cloud %s in format %s', (cloud, version, issuer) => {
    expect(entraLike({ tenant, clientId, cloud, version }).issuer).toBe(issuer)
  })
})
