// `claimcheck explain`: what it shows, what it never shows, and its exit codes.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createGateway } from 'claimcheck/gateway'
import { authenticated } from 'claimcheck/policy'
import { createTestIssuer, entraLike, type TestIssuer } from 'claimcheck/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readExplainArguments } from '../../../src/cli/explain/arguments.ts'
import { createClean } from '../../../src/cli/explain/clean.ts'
import { proposePreset } from '../../../src/cli/explain/propose.ts'
import { decisionServerOf } from '../../../src/gateway/gateway.ts'
import { anyText } from '../../support/any-text.ts'
import { allFixtures } from '../../support/sts-fixture.ts'
import { createKey, signTexts } from '../../support/tokens.ts'
import { folder, stsAndConfig } from '../run.ts'
import { type ExplainedJson, explainAsJson, explainToken, jsonFile } from './run.ts'

const signatureOf = (token: string): string => token.split('.')[2] ?? ''

function flagsOf({ issuer, audience }: Pick<TestIssuer, 'issuer' | 'audience'>): readonly string[] {
  return ['--issuer', issuer, '--audience', audience]
}

async function offlineJwks(sts: TestIssuer): Promise<string> {
  const metadata = (await (await sts.fetch(`${sts.issuer}/.well-known/oauth-authorization-server`, {})).json()) as {
    jwks_uri: string
  }
  return jsonFile(await (await sts.fetch(metadata.jwks_uri, {})).json())
}

const [tenant, clientId] = ['8eaef023-2b34-4da1-9baa-8bc8c9d6a490', '11112222-bbbb-3333-cccc-4444dddd5555']
const graph = '00000003-0000-0000-c000-000000000000'
const account = { iss: 'https://sso.example.com/realms/acme', aud: 'account' }
const sts = createTestIssuer(entraLike({ tenant, clientId }))
const ofEntra = ['--preset', 'entra', '--tenant', tenant, '--client-id', clientId]
type Facts = Partial<ExplainedJson['token']['checks'][number]>

const noNetwork = { fetch: () => Promise.reject(new TypeError('no network')) }

describe('a token', () => {
  test('that is good is told with its checks and its caller', async () => {
    const { sts } = await stsAndConfig()
    const { code, printed, warned } = await explainToken(flagsOf(sts), `${sts.token({ sub: 'alice' })}\n`)
    expect([code, warned]).toEqual([0, ''])
    expect(printed).toMatch(/^The token is accepted\.$/m)
    expect(printed).toMatch(/^ {2}ok {6}signature +expected made by that key$/m)
    expect(printed).toMatch(/^ {2}subject +alice$/m)
    expect(printed).not.toContain('The client gets')
  })

  test.each([
    ['expired', 'times', 'token_expired', /expired 60 minutes ago/],
    ['wrong-audience', 'audience', 'audience_mismatch', /for another API/],
    ['wrong-issuer', 'issuer', 'issuer_unknown', /byte for byte/],
    ['unknown-kid', 'key', 'key_not_found', /publishes no key with this kid/],
    ['forged-signature', 'signature', 'signature_invalid', /did not make the signature/],
    ['alg-none', 'algorithm', 'algorithm_not_allowed', /other algorithms/],
  ] as const)('that is bad (%s) is told with the check that failed and a hint', async (kind, check, reason, hint) => {
    const { sts } = await stsAndConfig()
    const { code, token } = await explainAsJson(flagsOf(sts), sts.badToken(kind))
    expect(code).toBe(1)
    expect(token.checks.filter(({ outcome }) => outcome === 'failed').map((row) => row.check)).toEqual([check])
    expect(token.refusal).toMatchObject({ reason, status: 401, hint: expect.stringMatching(hint) as string })
    expect(token.principal).toBeUndefined()
  })

  test('is told with what was received and what was expected', async () => {
    const { sts } = await stsAndConfig()
    const { token } = await explainAsJson(
      ['--issuer', sts.issuer, '--audience', 'mine', '--audience', 'ours'],
      sts.token(),
    )
    expect(token.checks.find(({ outcome }) => outcome === 'failed')).toEqual({
      check: 'audience',
      outcome: 'failed',
      claim: 'aud',
      received: sts.audience,
      expected: 'mine, ours',
    })
  })

  test('of a preset takes its options as flags, and its hints', async () => {
    const [tenant, clientId] = ['8eaef023-2b34-4da1-9baa-8bc8c9d6a490', 'b1c2d3e4-0000-4000-8000-00000000beef']
    const sts = createTestIssuer(entraLike({ tenant, clientId }))
    const args = ['--preset', 'entra', '--tenant', tenant, '--client-id', clientId]
    const base = { fetch: sts.fetch, clock: sts.clock }
    expect((await explainAsJson(args, sts.token(), base)).code).toBe(0)
    const graph = await explainAsJson(args, sts.token({ aud: '00000003-0000-0000-c000-000000000000' }), base)
    expect([graph.code, graph.token.refusal?.hint]).toEqual([1, expect.stringContaining('Microsoft Graph')])
    const one = await explainAsJson([...args, '--versions', '1.0'], sts.token(), base)
    expect(one.token.refusal?.reason).toBe('issuer_unknown')
  })

  test.each([
    (token: string) => `Authorization: Bearer ${token}`,
    (token: string) => `authorization:\tbearer ${token}\r\n`,
    (token: string) => `Bearer ${token}`,
  ])('may be the line of a request', async (lineOf) => {
    const { sts } = await stsAndConfig()
    const { code, token } = await explainAsJson(flagsOf(sts), lineOf(sts.token()))
    expect([code, token.checks[0]]).toEqual([
      0,
      { check: 'credential', outcome: 'passed', expected: 'one line with one token' },
    ])
    expect(token.checks.at(-1)).toMatchObject({ check: 'request', received: 'in the header authorization' })
  })

  test.each([
    ['Authorization: Bearer bearer x.y.z', 'credential_malformed', 400],
    ['Authorization: DPoP x.y.z', 'credential_missing', 401],
    ['Authorization: Bearer', 'credential_malformed', 400],
  ])('in the line %j is refused as a request with it would be', async (line, reason, status) => {
    const { sts } = await stsAndConfig()
    const { code, token } = await explainAsJson(flagsOf(sts), line)
    expect([code, token.refusal?.reason, token.refusal?.status]).toEqual([1, reason, status])
  })

  test('whose keys cannot be fetched is neither good nor bad, and says what was not checked', async () => {
    const { sts } = await stsAndConfig()
    const { code, printed } = await explainToken(flagsOf(sts), sts.token(), noNetwork)
    expect(code).toBe(2)
    expect(printed).toContain('could not be found out: keys_unavailable')
    expect(printed).toContain('add --jwks FILE')
    expect(printed).toMatch(/^ {2}UNKNOWN key$/m)
    expect(printed).toMatch(/^ {2}- +signature$/m)
  })

  test('is verified without a network by a JWK Set in a file, and refused by another one', async () => {
    const { sts } = await stsAndConfig()
    const good = [...flagsOf(sts), '--jwks', await offlineJwks(sts)]
    expect((await explainAsJson(good, sts.token(), noNetwork)).code).toBe(0)
    expect((await explainAsJson(good, sts.badToken('forged-signature'), noNetwork)).token.refusal?.reason).toBe(
      'signature_invalid',
    )
    const other = createKey('ES256').publicJwk
    const foreign = [...flagsOf(sts), '--jwks', jsonFile({ keys: [{ ...other, kid: 'other' }] })]
    expect((await explainAsJson(foreign, sts.token(), noNetwork)).token.refusal?.reason).toBe('key_not_found')
  })

  test.each<[string, string, Facts]>([
    [
      'for Graph',
      sts.token({ aud: graph }),
      { claim: 'aud', received: graph, expected: `${clientId}, api://${clientId}` },
    ],
    [
      'an ID token',
      sts.idToken(),
      { claim: 'azp', received: '(none)', expected: 'an access token, by the rules of entra' },
    ],
    [
      'of an application without a role',
      sts.applicationToken({ roles: undefined }),
      { claim: 'roles', received: '(none)' },
    ],
    ['of a user without a scope', sts.token({ scp: undefined, idtyp: 'user' }), { claim: 'scp', received: '(none)' }],
  ])('that is %s is told with the claim that shows it', async (_, token, facts) => {
    const { checks } = (await explainAsJson(ofEntra, token, { fetch: sts.fetch, clock: sts.clock })).token
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject(facts)
  })

  test('for Graph is told as such also where its format is not accepted: no registration changes that', async () => {
    const v1 = createTestIssuer(entraLike({ tenant, clientId, version: '1.0' }))
    const base = { fetch: v1.fetch, clock: v1.clock }
    const { token } = await explainAsJson([...ofEntra, '--versions', '2.0'], v1.token({ aud: graph }), base)
    expect(token.refusal?.hint).toMatch(/^the token is for Microsoft Graph .*ask for a scope of this API/)
  })

  test('that was cut on its way is not taken for an opaque one', async () => {
    const { token } = await explainAsJson(ofEntra, sts.token().slice(0, 200))
    expect(token.refusal?.hint).toMatch(/begins like a JWT\. Was it cut/)
  })

  test.each<[string, string, RegExp]>([
    [
      'for Graph',
      sts.token({ aud: graph }),
      /refuse it:\n {2}the token is for Microsoft Graph [^]*--client-id \.\.\.$/,
    ],
    ['an ID token of Entra', sts.idToken(), /refuse it:\n {2}neither azp nor appid [^]*--client-id 1111/],
    ['an ID token', sts.token({ at_hash: 'x' }), /refuse it:\n {2}the claim at_hash says/],
    ['for account', sts.token(account), /refuse it:\n {2}aud is account, [^]*audience mapper [^]*--audience \.\.\.$/],
  ])('that is %s is told so without an issuer, and its audience is not proposed', async (_, token, text) => {
    expect((await explainToken([], token)).printed).toMatch(text)
  })

  test('for account and another audience is not told so, and the other one is proposed', async () => {
    const { printed } = await explainToken([], sts.token({ ...account, aud: ['account', 'orders'] }))
    expect(printed).not.toContain('refuse it')
    expect(printed).toMatch(/--audience orders$/)
  })

  test('without an issuer is described, unverified, and nothing is fetched', async () => {
    const { sts } = await stsAndConfig()
    const { code, printed } = await explainToken([], sts.token({ iss: 'https://acme.eu.auth0.com/', aud: 'orders' }), {
      fetch: () => expect.fail('it fetched'),
    })
    expect(code).toBe(2)
    expect(printed).toContain('Nothing of it is verified')
    expect(printed).toContain('--preset auth0 --domain acme.eu.auth0.com --audience orders')
    const opaque = await explainToken([], 'ory_at_w2Rl5hoqXUWmd7sVOXx8pV4R0n8ZPPPLoUXtxvqhtzE')
    expect([opaque.code, opaque.printed]).toEqual([2, expect.stringContaining('opaque')])
  })
})

describe('a request', () => {
  test('is told with its route, the trace of its policy, and the answer to each gateway', async () => {
    const { sts, config } = await stsAndConfig()
    const args = ['--config', jsonFile({ ...config, dialects: ['nginx', 'envoy'] }), '--request', 'GET /orders/1']
    const denied = await explainAsJson(args, sts.token({ scope: 'x' }))
    expect([denied.code, denied.token.verdict]).toEqual([1, 'accepted'])
    expect(denied.request).toMatchObject({
      verdict: 'refused',
      route: 'GET /orders/{id}',
      access: 'anyOf(scope(orders:read), role(auditor))',
      reason: 'insufficient_scope',
      trace: {
        policy: 'anyOf(scope(orders:read), role(auditor))',
        effect: 'deny',
        children: [{ policy: 'scope(orders:read)' }, { policy: 'role(auditor)' }],
      },
    })
    expect(Object.keys(denied.request?.answers ?? {})).toEqual(['nginx', 'envoy'])
    expect(denied.request?.answers.nginx?.headers['X-Auth-Problem']).toBe(denied.request?.answers.nginx?.body)
    const allowed = await explainAsJson(args, sts.token({ scope: 'orders:read' }))
    expect([allowed.code, allowed.request?.answers.envoy?.status]).toEqual([0, 200])
    expect((await explainToken(args, sts.token({ scope: 'x' }))).printed).toMatch(
      /deny {2}anyOf\n +deny {4}scope\(orders:read\)/,
    )
  })

  test.each([
    ['GET /nowhere', 'refused', 'route_unknown'],
    ['GET /orders/..%2fadmin', 'refused', 'target_ambiguous'],
    ['GET https://api.example.com/account', 'accepted', undefined],
  ])('%s is %s', async (line, verdict, reason) => {
    const { sts, config } = await stsAndConfig()
    const { request } = await explainAsJson(['--config', jsonFile(config), '--request', line], sts.token())
    expect([request?.verdict, request?.reason]).toEqual([verdict, reason])
  })

  test('with a bad token is refused even where the route looks at none', async () => {
    const { sts, config } = await stsAndConfig()
    const args = ['--config', jsonFile(config), '--request', 'GET /health']
    const { code, request } = await explainAsJson(args, sts.badToken('expired'))
    expect([code, request?.verdict, request?.access]).toEqual([1, 'accepted', 'anonymous'])
  })

  test('is decided with the keys of --jwks, too', async () => {
    const { sts, config } = await stsAndConfig()
    const args = ['--config', jsonFile(config), '--request', 'GET /account', '--jwks', await offlineJwks(sts)]
    expect((await explainAsJson(args, sts.token(), noNetwork)).code).toBe(0)
  })

  test('signs no assertion and writes no file', async () => {
    const { sts, config } = await stsAndConfig()
    const place = folder()
    const [keys, store] = [join(place, 'signing'), join(place, 'store')]
    const assertion = { issuer: 'gateway', audience: 'orders', keys: { fileSigningKeys: keys } }
    const file = jsonFile({ ...config, assertion, keyStore: { fileKeyStore: store } })
    const { code, request } = await explainAsJson(['--config', file, '--request', 'GET /account'], sts.token())
    expect([code, request?.answers.caddy?.headers['X-Auth-Assertion']]).toEqual([0, 'not-signed'])
    expect([existsSync(keys), existsSync(store)]).toEqual([false, false])
  })
})

test('a refusal is told to no listener of the application', async () => {
  const { sts, config } = await stsAndConfig()
  const file = join(folder(), 'config.mjs')
  const { issuer, audience } = config as { issuer: unknown; audience: unknown }
  writeFileSync(
    file,
    `export const told = []
export default { issuer: ${JSON.stringify(issuer)}, audience: ${JSON.stringify(audience)}, onEvent: (event) => told.push(event.type) }`,
  )
  const { code } = await explainToken(['--config', file], `${sts.token().slice(0, -4)}AAAA`, noNetwork)
  const { told } = (await import(pathToFileURL(file).href)) as { told: readonly string[] }
  expect([code === 0, told]).toEqual([false, []])
})

test('a rehearsal of a gateway decides as the gateway, and tells no listener of it', async () => {
  const { sts } = await stsAndConfig()
  const told: unknown[] = []
  const { issuer, audience } = sts
  const routes = { '/account': authenticated }
  const gateway = createGateway({ issuer, audience, routes, onDecision: (decision) => told.push(decision) })
  const check = {
    method: 'GET',
    target: '/account',
    host: 'api.example.com',
    scheme: 'https',
    headers: [['Authorization', `Bearer ${sts.token()}`]],
  } as const
  const rehearsal = decisionServerOf(gateway)?.rehearsal((guard) => guard)
  expect([(await rehearsal?.decide(check))?.effect, told]).toEqual(['allow', []])
  expect([(await gateway.decide(check)).effect, told.length]).toEqual(['allow', 1])
})

describe('what is printed', () => {
  test('never holds the token, a part of it or its signature, and only printable text', async () => {
    const { sts } = await stsAndConfig()
    const key = createKey('ES256')
    const inner = sts.token()
    const hostile = fc.record({
      sub: fc.oneof(anyText(), fc.constant('\u001b[2J\u009b31m\u202e')),
      aud: fc.oneof(fc.constant(sts.audience), fc.constant(inner), anyText()),
      iss: fc.oneof(fc.constant(sts.issuer), fc.constant(inner), anyText()),
      exp: fc.oneof(fc.constant(Date.now()), fc.constant(4e9), fc.double(), fc.string()),
      nested: fc.constant({ '\u001b]0;x\u0007': [inner, { token: inner }] }),
    })
    const made = hostile.map((claims) =>
      signTexts(JSON.stringify({ alg: 'ES256', kid: '\u001b[1m', typ: inner }), JSON.stringify(claims), key),
    )
    const texts = fc.oneof(
      made,
      made.map((token) => `Bearer ${token}`),
      made.map((token) => token.slice(0, -9)),
      made.map((token) => `${token}.${token}`),
      fc.stringMatching(/^[A-Za-z0-9_.: -]{12,400}$/),
      anyText({ minLength: 12 }),
    )
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.constantFrom([], ['--json'], flagsOf(sts), [...flagsOf(sts), '--json']),
        async (text, args) => {
          const { code, printed, warned } = await explainToken(args, text, noNetwork)
          const all = `${printed}\n${warned}`
          expect(all).toMatch(/^[\x20-\x7e\n]*$/)
          for (const secret of [inner, signatureOf(inner), text.trim(), ...text.split(/[^\w+/=~-]+/)])
            if (secret.length >= 12) expect(all).not.toContain(secret)
          expect([0, 1, 2, 64]).toContain(code)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('names no argument that cannot be read: it may be an opaque token', async () => {
    const { code, warned } = await explainToken(['--Ory_at_w2Rl5hoqXUWmd7sVOXx8pV4R0n8ZPPPL'], 'x')
    expect([code, warned]).toEqual([64, 'claimcheck explain: an argument cannot be read: see --help.'])
  })

  const token = createTestIssuer().token()

  test('holds the beginning of a long secret neither, where it was cut', () => {
    const cut = `${signatureOf(token).slice(0, 200)}...`
    expect(createClean(token)({ [cut]: [cut, token, 'alice'] })).toEqual({
      '[token]...': ['[token]...', '[token].[token].[token]', 'alice'],
    })
    expect(createClean('')(`not '${token}'.`)).toBe("not '[token]'.")
  })

  test.each([
    ['as the value of a flag', (token: string) => ['--issuer', token, '--audience', 'x']],
    ['as a preset', (token: string) => ['--preset', token]],
    ['as a flag', (token: string) => [`--${token}`]],
    ['twice', (token: string) => [token, token]],
    ['behind an unknown short flag', (token: string) => ['-t', token]],
    ['as a configuration', (token: string) => ['--config', token]],
    ['as a request', (token: string) => ['--config', 'x.json', '--request', token]],
    ['as a JWK Set', (token: string) => ['--issuer', 'https://a.example', '--audience', 'x', '--jwks', token]],
  ])('names no token that stands %s', async (_, argsOf) => {
    const { code, printed, warned } = await explainToken(argsOf(token), 'x')
    expect([code, printed]).toEqual([64, ''])
    expect(warned).toMatch(/^claimcheck explain: /m)
    for (const part of token.split('.')) expect(warned).not.toContain(part)
  })
})

describe('arguments', () => {
  test('that do not go together are misuse', async () => {
    const { sts, config } = await stsAndConfig()
    const file = jsonFile(config)
    for (const args of [
      ['--issuer', sts.issuer],
      ['--audience', 'x'],
      ['--preset', 'constructor'],
      ['--preset', 'entra', '--tennant', 'x'],
      ['--config', file, '--issuer', sts.issuer],
      ['--config', file, '--request', '/orders'],
      ['--config', jsonFile({ issuer: sts.issuer, audience: 'x' }), '--request', 'GET /'],
      [...flagsOf(sts), '--request', 'GET /'],
      [...flagsOf(sts), '--jwks', file],
      ['--config', '-'],
    ])
      expect([args, (await explainToken(args, sts.token())).code]).toEqual([args, 64])
    expect((await explainToken(flagsOf(sts), ' \n')).code).toBe(64)
  })

  test('of a preset become its options', () => {
    const { options, preset, token } = readExplainArguments(
      '--preset x --client-id a --native-applications --audience null --versions=1.0 --versions 2.0 -- t'.split(' '),
    )
    expect([preset, token, options]).toEqual([
      'x',
      't',
      { clientId: 'a', nativeApplications: true, audience: null, versions: ['1.0', '2.0'] },
    ])
  })

  const told = `
    adfs auth0 authentik awsAlb clerk cloudflareAccess cognito descope entra entraB2C entraExternalId firebase
    githubActions gitlabCi google googleIap keycloak kinde kubernetes logto oidc okta pingOne sapXsuaa spiffe
    stytch supabase workos zitadel`
    .trim()
    .split(/\s+/)

  test('are proposed for the presets whose issuers tell them, and hold nothing that a shell would run', () => {
    const proposed = allFixtures().map(({ name, header, accepted: [sample = expect.fail('no sample')] }) => {
      return [name, proposePreset({ header: { ...header, ...sample.header }, claims: sample.claims })?.preset]
    })
    expect(proposed.flatMap(([name, preset]) => (name === preset ? [name] : []))).toEqual(told)
    // No token is taken for another STS's. Those of issuers at any address look like plain OpenID Connect.
    for (const [name, preset = 'oidc'] of proposed) expect([name, 'oidc']).toContain(preset)
    const claims = { iss: 'https://acme.auth0.com/', aud: "'$(id)" }
    expect(proposePreset({ header: {}, claims })?.flags).toContainEqual(['audience', '...'])
    expect(proposePreset({ header: {}, claims: { ...claims, aud: '$(id)' } })?.flags).toContainEqual([
      'audience',
      "'$(id)'",
    ])
  })
})
