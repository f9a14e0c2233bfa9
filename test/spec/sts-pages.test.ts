// docs/sts: each row of "When a token is refused" quotes the log. Each is tried here with a token that causes it, in the order of the page.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AuthError, createResourceServer, fromWeb, logTo } from 'claimcheck'
import * as presets from 'claimcheck/issuers'
import type { IssuerWithAudience } from 'claimcheck/issuers'
import { scope } from 'claimcheck/policy'
import { createTestIssuer, entraB2cLike, entraLike, fetchFrom, stsLike, type TestIssuer } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../docs/sts')

interface Case {
  readonly issuer: IssuerWithAudience
  readonly sts?: TestIssuer
  readonly token: string
}

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const clientId = '11112222-bbbb-3333-cccc-4444dddd5555'
const other = '99999999-0000-4000-8000-000000000000'

/** The tokens of one page, by the order of its rows. */
const pages: Readonly<Record<string, () => readonly Case[]>> = {
  auth0() {
    const issuer = presets.auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' })
    const sts = createTestIssuer(stsLike(issuer))
    const { iss } = claimsOf(sts.token())
    return withIssuer(issuer, sts, [
      'Zk3-opaque_text',
      sts.badToken('encrypted'),
      sts.token({ aud: ['https://other.example.com', 'https://example.eu.auth0.com/userinfo'] }),
      sts.token({ iss: 'https://example.us.auth0.com/' }),
      sts.idToken(),
      unsigned('HS256', { iss, aud: 'https://api.example.com' }),
      sts.token({ scope: 'openid profile' }),
    ])
  },
  okta() {
    const issuer = presets.okta({ issuer: 'https://acme.okta.com/oauth2/default', audience: 'api://default' })
    const sts = createTestIssuer(stsLike(issuer))
    return withIssuer(issuer, sts, [
      sts.token({ iss: 'https://acme.okta.com', aud: 'https://acme.okta.com' }),
      sts.token({ iss: 'https://acme.okta.com/oauth2/aus1a2b3c' }),
      sts.token({ aud: 'api://orders' }),
      sts.idToken(),
      sts.token({ scp: ['openid'] }),
    ])
  },
  cognito() {
    const issuer = presets.cognito({ userPoolId: 'eu-west-1_AbCdEfGhI', allowedClients: ['1example23456789'] })
    const sts = createTestIssuer(stsLike(issuer))
    return withIssuer(issuer, sts, [
      sts.token({ client_id: '9otherclient' }),
      sts.idToken(),
      sts.token({ token_use: 'id' }),
      sts.token({ iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Another' }),
      sts.token({ scope: 'aws.cognito.signin.user.admin' }),
    ])
  },
  keycloak() {
    const issuer = presets.keycloak({ realmUrl: 'https://sso.example.com/realms/acme', audience: 'orders-api' })
    const sts = createTestIssuer(stsLike(issuer))
    return withIssuer(issuer, sts, [
      sts.token({ aud: 'account' }),
      sts.token({ aud: undefined }),
      sts.token({ iss: 'http://localhost:8080/realms/acme' }),
      sts.token({ sub: undefined }),
      sts.token({ typ: 'ID' }),
    ])
  },
  supabase() {
    const issuer = presets.supabase({ projectRef: 'abcdefghijklmnopqrst' })
    const sts = createTestIssuer(stsLike(issuer))
    const { iss } = claimsOf(sts.token())
    return withIssuer(issuer, sts, [
      unsigned('HS256', { iss, aud: 'authenticated', role: 'authenticated' }),
      unsigned('HS256', { iss: 'supabase', ref: 'abcdefghijklmnopqrst', role: 'anon' }),
      'sb_publishable_AbCdEf',
      sts.token({ session_id: undefined }),
      sts.token({ iss: 'https://auth.example.com/auth/v1' }),
    ])
  },
  clerk() {
    const issuer = presets.clerk({ domain: 'clerk.example.com', authorizedParties: ['https://www.example.com'] })
    const sts = createTestIssuer(stsLike(issuer))
    return withIssuer(issuer, sts, [
      sts.token({ azp: 'http://localhost:3000' }),
      sts.token({ azp: undefined }),
      sts.token({ sid: undefined }),
      sts.token({ sts: 'pending' }),
      sts.badToken('expired'),
    ])
  },
  firebase() {
    const issuer = presets.firebase({ projectId: 'my-project-a1b2c' })
    const account = 'firebase-adminsdk@my-project-a1b2c.iam.gserviceaccount.com'
    const aud = 'my-project-a1b2c'
    return withIssuer(issuer, undefined, [
      unsigned('RS256', { iss: 'https://securetoken.google.com/other-project', aud: 'other-project' }),
      unsigned('RS256', { iss: account, sub: account, uid: 'alice' }),
      unsigned('RS256', { iss: `https://session.firebase.google.com/${aud}`, aud }),
      unsigned('RS256', { iss: `https://securetoken.google.com/${aud}`, aud, exp: 1 }),
    ])
  },
  entra() {
    const issuer = presets.entra({ tenant, clientId })
    const sts = createTestIssuer(entraLike({ tenant, clientId }))
    const many = { clientId, tenant: 'organizations', allowedTenants: [other] }
    const b2c = { tenantName: 'contoso', tenantId: tenant, clientId }
    const flow = createTestIssuer(entraB2cLike({ ...b2c, policy: 'B2C_1_other' }))
    const tokens = withIssuer(issuer, sts, [
      sts.token({ aud: '00000003-0000-0000-c000-000000000000' }, { header: { nonce: 'n' } }),
      sts.token({ aud: 'https://api.contoso.com' }),
      sts.idToken(),
      sts.applicationToken({ roles: undefined }),
      sts.token({ tid: other, iss: `https://login.microsoftonline.com/${other}/v2.0` }),
      sts.token({ iss: `https://login.microsoftonline.us/${tenant}/v2.0` }),
    ])
    return [
      ...tokens,
      {
        issuer: presets.entra({ tenant, clientId, versions: ['2.0'] }),
        sts,
        token: sts.token({ iss: `https://sts.windows.net/${tenant}/`, ver: '1.0' }),
      },
      { issuer: presets.entra(many), sts, token: sts.token() },
      { issuer, sts, token: sts.badToken('unknown-kid') },
      { issuer, sts, token: sts.token({ ver: '3.0' }) },
      { issuer: presets.entraB2C({ ...b2c, policies: ['B2C_1_signin'] }), sts: flow, token: flow.token() },
    ]
  },
}

describe.each(readdirSync(folder))('%s', (file) => {
  const rows = rowsOf(readFileSync(join(folder, file), 'utf8'))
  const cases = pages[file.replace('.md', '')]?.() ?? []

  it('has a token here for each of its rows', () => {
    expect(rows.length).toBeGreaterThan(2)
    expect(cases).toHaveLength(rows.length)
  })

  it.each(rows.map((fields, index) => [fields.join(' ').slice(0, 60), fields, index] as const))(
    'quotes the log: %s',
    async (_, fields, index) => {
      const line = await logged(cases[index] ?? expect.fail('no token'))
      for (const field of fields) expect(line).toContain(` ${field}`)
    },
  )
})

describe('other pages', () => {
  const textOf = (page: string): string => readFileSync(join(folder, '../..', page), 'utf8').replaceAll(/\s+/g, ' ')
  const hintIn = (line: string): string => / hint=".*"$/.exec(line)?.[0] ?? expect.fail('no hint')

  it('README quotes the line of a token for Microsoft Graph', async () => {
    const [first = expect.fail('no token')] = pages.entra?.() ?? []
    expect(textOf('README.md')).toContain(hintIn(await logged(first)))
  })

  it('docs/cors.md quotes the line of a preflight', async () => {
    const lines: string[] = []
    const log = { warn: (line: string) => void lines.push(line), info: () => {} }
    const api = createResourceServer({ issuer: 'https://sts.example.com', audience: 'a', onEvent: logTo(log) })
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    const preflight = new Request('https://api.example.com/orders', { method: 'OPTIONS', headers })
    await expect(api.guard(fromWeb(preflight))).rejects.toBeInstanceOf(AuthError)
    expect(textOf('docs/cors.md')).toContain(lines[0] ?? 'no line')
  })
})

/** The fields in the first cell of each row, such as `reason="token_expired"`. */
function rowsOf(page: string): string[][] {
  const [, section = ''] = page.split('\n## When a token is refused\n')
  const [table = ''] = section.split('\n## ')
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) => {
    const [, cell = ''] = row.split(' | ')[0]?.split(/^\| /) ?? []
    return [...cell.matchAll(/`([^`]*)`/g)].map(([, field = '']) => field)
  })
}

/** The one line that `logTo` writes when the guard of a page refuses `token`. */
async function logged({ issuer, sts, token }: Case): Promise<string> {
  const lines: string[] = []
  const log = { warn: (line: string) => void lines.push(line), info: () => {} }
  const api = createResourceServer({
    issuer,
    onEvent: logTo(log),
    ...(sts ? { fetch: sts.fetch, clock: sts.clock } : { fetch: fetchFrom() }),
  })
  const headers = { authorization: `Bearer ${token}` }
  const asked = api.guard(fromWeb(new Request('https://api.example.com/orders', { headers })), scope(needed(issuer)))
  await expect(asked).rejects.toBeInstanceOf(AuthError)
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}

/** The scope that the page's route needs. */
function needed(issuer: IssuerWithAudience): string {
  const names: Readonly<Record<string, string>> = { auth0: 'read:orders', cognito: 'orders/read', okta: 'orders:read' }
  return names[issuer.preset] ?? 'Orders.Read'
}

function withIssuer(issuer: IssuerWithAudience, sts: TestIssuer | undefined, tokens: readonly string[]): Case[] {
  return tokens.map((token) => ({ issuer, ...(sts && { sts }), token }))
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

/** A token that is refused before its signature is looked at. */
function unsigned(alg: string, claims: object): string {
  const now = Math.floor(Date.now() / 1000)
  const parts = [
    { alg, kid: 'k', typ: 'JWT' },
    { sub: 'alice', iat: now, exp: now + 3600, ...claims },
  ]
  return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'c2ln'].join('.')
}
