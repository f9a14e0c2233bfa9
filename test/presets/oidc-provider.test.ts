// node-oidc-provider: its tokens by the table, and those of a real one over HTTP.
import { createVerifier } from 'claimcheck'
import { oidcProvider } from 'claimcheck/issuers'
import type { OidcProviderOptions } from '../../src/presets/oidc-provider.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientCredentialsToken, loginToken, signIn } from '../../examples/quickstart/client.ts'
import { type Sts, startSts } from '../../examples/quickstart/sts.ts'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

describe('a real provider', () => {
  const audience = 'https://api.example.com'
  let sts: Sts
  beforeAll(async () => {
    sts = await startSts({ algorithms: ['RS256', 'ES256'], audience })
  })
  afterAll(() => sts.close())
  const verify = (token: string, options: Partial<OidcProviderOptions> = {}) =>
    createVerifier({ issuer: oidcProvider({ issuer: sts.issuer, audience, ...options }) }).verifyToken(token)

  it('has a user sign in', async () => {
    const { principal } = await verify(await loginToken(sts, { login: 'alice', scope: 'orders:read' }))
    expect(principal).toEqual({
      kind: 'user',
      key: `${sts.issuer}|alice`,
      subject: 'alice',
      issuer: sts.issuer,
      client: { id: 'web', type: 'unknown' },
      scopes: ['orders:read'],
      roles: [],
      permissions: [],
      groups: { values: [], complete: false },
      authentication: {},
      traits: [],
    })
  })

  it('has a client that acts for itself', async () => {
    const token = await clientCredentialsToken(sts, { clientId: 'm2m-ES256', scope: 'orders:read' })
    await expectInvalidToken(verify(token), 'algorithm_not_allowed')
    const { principal } = await verify(token, { algorithms: ['RS256', 'ES256'] })
    expect(principal).toEqual({
      kind: 'application',
      key: `${sts.issuer}|client|m2m-ES256`,
      subject: 'm2m-ES256',
      issuer: sts.issuer,
      client: { id: 'm2m-ES256', type: 'unknown' },
      scopes: ['orders:read'],
      roles: [],
      permissions: [],
      groups: { values: [], complete: false },
      authentication: {},
      traits: [],
    })
  })

  it('keeps a user apart from the client whose id they chose as their own', async () => {
    const user = await verify(await loginToken(sts, { login: 'm2m-RS256' }))
    const client = await verify(await clientCredentialsToken(sts, { clientId: 'm2m-RS256' }))
    expect(user.principal).toMatchObject({ kind: 'user', key: `${sts.issuer}|m2m-RS256` })
    expect(client.principal).toMatchObject({ kind: 'application', key: `${sts.issuer}|client|m2m-RS256` })
  })

  it('has an ID token, which is refused even where the client is an audience', async () => {
    const { idToken = '' } = await signIn(sts, { login: 'alice' })
    await expectInvalidToken(verify(idToken, { audience: ['web', audience] }), 'token_type_not_accepted')
  })

  it('has tokens for other resources, which are refused', async () => {
    const token = await clientCredentialsToken(sts, { clientId: 'm2m-RS256', resource: 'https://other.example.com' })
    await expectInvalidToken(verify(token), 'audience_mismatch')
  })
})

it('refuses the opaque token that is the provider’s default', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('oidcProvider'))
  await expectInvalidToken(verifyToken('G4oZ2SXuJOSLZ6bS3SGM0bE6QGCxBBAaSNY8vQ5h3aH'), 'token_malformed')
})

it('refuses an encrypted token', async () => {
  const { claims } = fixtureOf('oidcProvider').accepted[0] ?? expect.fail('no account')
  const [, payload, signature] = tokenOf(fixtureOf('oidcProvider'), { claims }).split('.')
  const header = Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"at+jwt"}').toString('base64url')
  const { verifyToken } = createFixtureVerifier(fixtureOf('oidcProvider'))
  await expectInvalidToken(verifyToken(`${header}.${payload}.${signature}.${payload}.${signature}`), 'token_encrypted')
})

it.each([
  [{ issuer: '' }, "issuer must be a non-empty string, not ''."],
  [{ issuer: 'op.example.com' }, /^issuer must be an absolute URL/],
  [{ issuer: 'http://op.example.com' }, /^issuer must be https/],
  [{ issuer: 'http://op.example.com', insecureAllowHttp: false }, /^issuer must be https/],
  [{ insecureAllowHttp: 'true' }, "insecureAllowHttp must be true or false, not 'true'."],
  [{ audience: undefined }, 'audience[] must be a non-empty string, not undefined.'],
  [{ algorithms: ['HS256'] }, /^algorithms may hold/],
  [{ algorithms: [] }, 'algorithms must be a list of at least one string, not [].'],
  [{ typ: ['JWT'] }, 'oidcProvider() has no option typ. It has: issuer, audience, algorithms, insecureAllowHttp.'],
])('refuses the options %j', (options, message) => {
  const make = () =>
    oidcProvider({ issuer: 'https://op.example.com', audience: 'x', ...options } as OidcProviderOptions)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
})
