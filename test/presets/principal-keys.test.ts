// `principal.key` names one subject: where names are free text, kinds that could have the same name have spaces of their own; where the
// STS's ids are unique, a claim that a token leaves out changes nothing.
import * as presets from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import {
  allFixtures,
  createFixtureVerifier,
  fixtureOf,
  type KeySample,
  type StsFixture,
  tokenOf,
} from '../support/sts-fixture.ts'
import type { TestKey } from '../support/tokens.ts'

/** An accepted sample of the fixture, by its title, with changes. Default: the first. */
interface Token extends KeySample {
  readonly header?: Readonly<Record<string, unknown>>
  readonly options?: Readonly<Record<string, unknown>>
  readonly key?: TestKey
}

type Tokens = Readonly<Record<string, Token>>

interface Row {
  readonly fixture: StsFixture
  /** Tokens of different subjects, as like each other as the STS's documents allow. */
  readonly apart: readonly Tokens[]
  /** Tokens of one subject that differ in what they leave out. */
  readonly same: readonly Tokens[]
}

const login = { auth_time: 1_795_435_080 }
const noLogin = { auth_time: undefined }

/** Of an STS whose clients are the subjects of their own tokens. */
function namedLikeAClient(other: object = login): Tokens {
  return {
    'the client for itself': { claims: { sub: 'web', client_id: 'web' } },
    'a user of that name, through that client': { claims: { sub: 'web', client_id: 'web', ...other } },
    'a user of that name, through another client': { claims: { sub: 'web', client_id: 'spa', ...other } },
    'a user whose name holds the space': { claims: { sub: 'client|web', client_id: 'spa', ...other } },
    'a user whose name holds the other space': { claims: { sub: 'ambiguous|web', client_id: 'spa', ...other } },
  }
}

const odd: readonly Row[] = [
  {
    fixture: fixtureOf('adfs'),
    apart: [
      {
        'a subject called like an application': { claims: { sub: '2b8a7c10-2d44-4f37-8a4e-60cf9d1a8b55' } },
        'that application': { of: 'an application of which no option tells more' },
        'another subject': {},
      },
    ],
    same: [
      { 'a user': { options: { userClaim: 'upn' } }, 'without the claim that says so': { claims: { upn: undefined } } },
      {
        'an application that the options name': { of: 'an application that the options name' },
        'one that no option names': { of: 'an application of which no option tells more' },
      },
    ],
  },
  {
    fixture: fixtureOf('auth0'),
    apart: [
      {
        'a user': {},
        'an agent with the id of that user': {
          claims: { sub_profile: 'ai_agent', client_profile: 'service ai_agent' },
        },
        'a service with the id of that user': { claims: { sub_profile: 'service' } },
      },
      { 'a user': {}, 'a client’s own token with the id of that user': { claims: { gty: 'client-credentials' } } },
      {
        'an application': { of: 'a token of an application' },
        'an agent with the id of that application': {
          of: 'a token of an application',
          claims: { sub_profile: 'ai_agent' },
        },
      },
      {
        'nobody who has logged in': { claims: { sub: 'anon@6f1c' } },
        'an agent of that name': { claims: { sub: 'anon@6f1c', sub_profile: 'ai_agent' } },
        'an application of that name': { claims: { sub: 'anon@6f1c', gty: 'client-credentials' } },
        'an agent whose name holds the space': { claims: { sub: 'agent|anon@6f1c', sub_profile: 'ai_agent' } },
        'a user whose name holds the space': { claims: { sub: 'agent|anon@6f1c' } },
      },
    ],
    same: [
      {
        'an application': { of: 'a token of an application' },
        'without its gty': { of: 'a token of an application', claims: { gty: undefined } },
        'in the RFC 9068 profile': {
          of: 'a token of an application',
          header: { typ: 'at+jwt' },
          claims: { gty: undefined, azp: undefined, client_id: 'm2mClientId' },
        },
        'with its profile': { of: 'a token of an application', claims: { gty: undefined, sub_profile: 'service' } },
      },
      {
        'a user': {},
        'with their profile': { claims: { sub_profile: 'user' } },
        'in an organization': { claims: { org_id: 'org_1' } },
        'through an agent': { claims: { act: { sub: 'agt_1', sub_profile: 'ai_agent' } } },
      },
      {
        'an agent': { claims: { sub: 'agt_1', sub_profile: 'ai_agent' } },
        'with the gty of its client': { claims: { sub: 'agt_1', sub_profile: 'ai_agent', gty: 'client-credentials' } },
      },
    ],
  },
  {
    fixture: fixtureOf('authentik'),
    apart: [{ 'a subject': {}, another: { claims: { sub: 'f'.repeat(64) } } }],
    same: [
      {
        somebody: {},
        'a user, by the options': { options: { serviceAccounts: [] } },
        'whose login is left out': { claims: { auth_time: undefined, acr: undefined, amr: undefined } },
      },
    ],
  },
  {
    fixture: fixtureOf('awsAlb'),
    apart: [{ 'a user': {}, another: { claims: { sub: 'bob' } } }],
    same: [{ 'a user': {}, 'without an address': { claims: { email: undefined, username: undefined } } }],
  },
  {
    fixture: fixtureOf('clerk'),
    apart: [{ 'a user': {}, another: { claims: { sub: 'user_2other' } } }],
    same: [
      {
        'a user': {},
        'outside every organization': { claims: { o: undefined } },
        'by a native application': { claims: { azp: undefined }, options: { nativeApplications: true } },
      },
    ],
  },
  {
    fixture: fixtureOf('cloudflareAccess'),
    apart: [
      {
        'a service token': { of: 'a service token' },
        'a user of that name': { claims: { sub: 'e367826f93b8d71185e03fe518aff3b4.access' } },
        'another user': {},
      },
    ],
    same: [{ 'a user': {}, 'without an address': { claims: { email: undefined } } }],
  },
  {
    fixture: fixtureOf('cognito'),
    apart: [
      {
        'a client': { of: 'a token of a client' },
        'a user of that name, through another client': { claims: { sub: 'm2mclient' } },
        'another user': {},
      },
    ],
    same: [{ 'a user': {}, 'without a username': { claims: { username: undefined } } }],
  },
  {
    fixture: fixtureOf('descope'),
    apart: [{ 'a user': {}, 'an access key': { claims: { sub: 'K2abcDEFghiJKLmnoPQRstuVWxyz' } } }],
    same: [
      {
        somebody: {},
        'a user, by the options': { options: { accessKeyPrefix: 'K' } },
        'in no tenant': { claims: { tenants: undefined } },
      },
    ],
  },
  {
    fixture: fixtureOf('duende'),
    apart: [
      {
        'a user': {},
        'a client that was given the sub of that user': { of: 'a token of an application', claims: { sub: '818727' } },
      },
      {
        'the client for itself': { of: 'a token of an application' },
        'a client that was given its own id as sub': { of: 'a token of an application', claims: { sub: 'm2m' } },
        'a user of that name': { claims: { sub: 'm2m' } },
      },
    ],
    same: [{ 'a user': {}, 'without amr': { claims: { amr: undefined } } }],
  },
  {
    fixture: fixtureOf('entra'),
    apart: [
      {
        'a user': {},
        'an application': { of: 'a token of an application by oid equal to sub' },
        'a subject without oid, whose sub is the oid of that user': {
          claims: { oid: undefined, sub: 'a11ce000-0000-4000-8000-000000000002' },
        },
      },
    ],
    same: [
      {
        'a user': {},
        'in format 1.0': { of: 'a v1.0 token of the same user, with the same key' },
        'with idtyp': { claims: { idtyp: 'user' } },
        'with another pairwise sub': { claims: { sub: 'other' } },
      },
      {
        'an application': { of: 'a token of an application by oid equal to sub' },
        'with idtyp': { of: 'a token of an application by oid equal to sub', claims: { idtyp: 'app' } },
      },
    ],
  },
  {
    fixture: fixtureOf('entraB2C'),
    apart: [{ 'a user': {}, another: { claims: { sub: 'b0b00000-0000-4000-8000-000000000002' } } }],
    same: [
      {
        'a user': {},
        'by a flow whose sub says nothing': {
          of: "a token of a flow that writes the same text as everybody's sub, by its oid",
        },
        'without the time of the login': { claims: { auth_time: undefined } },
      },
    ],
  },
  {
    fixture: fixtureOf('entraExternalId'),
    apart: [
      {
        'a user': {},
        'a subject without oid, whose sub is the oid of that user': {
          claims: { oid: undefined, sub: 'a11ce000-0000-4000-8000-000000000002' },
        },
      },
    ],
    same: [{ 'a user': {}, 'with idtyp': { claims: { idtyp: 'user' } } }],
  },
  {
    fixture: fixtureOf('firebase'),
    apart: [
      {
        'a user': {},
        'the user of that id in a tenant': { claims: { firebase: { tenant: 'corp-x9y8z' } } },
        'a user whose id holds the space': { claims: { sub: 'tenant|corp-x9y8z|8bF3kQxN2VYqTz0mJ4s1wWpLrE52' } },
      },
    ],
    same: [
      {
        'a user': {},
        'by a session cookie': { of: 'a session cookie, the same user' },
        'of whose login nothing is said': { claims: { firebase: undefined, auth_time: undefined } },
      },
    ],
  },
  {
    fixture: fixtureOf('githubActions'),
    apart: [
      {
        'a ref': {},
        'an environment of that name': { claims: { environment: 'refs/heads/main' } },
        'that ref of another repository': { claims: { repository_id: '75' } },
      },
    ],
    same: [{ 'a job': {}, 'of another actor': { claims: { actor_id: '13' } }, renamed: { claims: { sub: 'repo:x' } } }],
  },
  {
    fixture: fixtureOf('gitlabCi'),
    apart: [{ 'a project': {}, another: { claims: { project_id: '21' } } }],
    same: [{ 'a project': {}, renamed: { claims: { project_path: 'new/name', sub: 'x' } } }],
  },
  {
    fixture: fixtureOf('google'),
    apart: [{ 'a service account': {}, another: { claims: { sub: '102030405060708090101' } } }],
    same: [
      {
        'a service account': {},
        'without its address': { claims: { email: undefined, email_verified: undefined } },
        'by the other name of the issuer': { claims: { iss: 'accounts.google.com' } },
      },
    ],
  },
  {
    fixture: fixtureOf('googleIap'),
    apart: [{ 'a user': {}, 'an external one': { claims: { sub: 'securetoken.google.com/p:1', gcip: '{}' } } }],
    same: [{ 'a user': {}, 'without an address': { claims: { email: undefined } } }],
  },
  {
    fixture: fixtureOf('hydra'),
    apart: [namedLikeAClient()],
    same: [{ somebody: {}, 'with a login': { claims: login } }],
  },
  {
    fixture: fixtureOf('keycloak'),
    apart: [{ 'a user': {}, 'a service account': { of: 'a token of a service account' } }],
    same: [
      {
        'a user': {},
        'in a lightweight token': { claims: { preferred_username: undefined, acr: undefined, auth_time: undefined } },
      },
      {
        'a service account': { of: 'a token of a service account' },
        'in a lightweight token': {
          of: 'a token of a service account',
          claims: { clientHost: undefined, client_id: undefined, preferred_username: undefined },
        },
      },
    ],
  },
  {
    fixture: fixtureOf('kubernetes'),
    apart: [
      {
        'an account': {},
        'the one that has its name now': {
          claims: { 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'web', uid: 'other' } } },
        },
      },
    ],
    same: [
      {
        'an account': {},
        'outside of every pod': {
          claims: {
            'kubernetes.io': {
              namespace: 'shop',
              serviceaccount: { name: 'web', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
            },
          },
        },
      },
    ],
  },
  {
    fixture: fixtureOf('logto'),
    apart: [namedLikeAClient()],
    same: [{ somebody: {}, 'with a login': { claims: login } }],
  },
  {
    fixture: fixtureOf('oidc'),
    apart: [
      namedLikeAClient(),
      namedLikeAClient({ amr: ['pwd'] }),
      namedLikeAClient({ acr: '1' }),
      {
        'the client for itself': { claims: { sub: 'web', client_id: 'web' } },
        'a user of that name, whose client only azp names': {
          claims: { sub: 'web', client_id: undefined, azp: 'web', ...login },
        },
      },
    ],
    same: [
      { alice: {}, 'with a login': { claims: login } },
      {
        'a client': { claims: { sub: 'web', client_id: 'web' } },
        'without a sub': { claims: { sub: undefined, client_id: 'web' } },
        'in azp': { claims: { sub: 'web', client_id: undefined, azp: 'web' } },
      },
    ],
  },
  {
    fixture: fixtureOf('rfc9068'),
    apart: [namedLikeAClient(), namedLikeAClient({ amr: ['pwd'] })],
    same: [{ alice: {}, 'with a login': { claims: login } }],
  },
  {
    fixture: fixtureOf('oidcProvider'),
    apart: [namedLikeAClient(), namedLikeAClient({ acr: '1' })],
    same: [{ alice: {}, 'with a login': { claims: login } }],
  },
  {
    fixture: fixtureOf('okta'),
    apart: [
      {
        'a user': {},
        'a subject without uid, called like that user': { claims: { uid: undefined, sub: '00ualice' } },
        'a client called like that user': { claims: { uid: undefined, ...noLogin, sub: '00ualice', cid: '00ualice' } },
        'an agent called like that user': { claims: { uid: undefined, sub: '00ualice', sub_profile: 'ai_agent' } },
      },
      {
        'a user': {},
        'a service called like that user': {
          claims: { uid: undefined, ...noLogin, sub: '00ualice', sub_profile: 'service' },
        },
      },
      { 'a user': {}, 'an agent with the uid of that user': { claims: { sub_profile: 'ai_agent' } } },
      { 'a user': {}, 'a service with the uid of that user': { claims: { sub_profile: 'service' } } },
      {
        'a client': { claims: { uid: undefined, ...noLogin, sub: '0oaweb' } },
        'who has logged in under the name of a client': { claims: { uid: undefined, sub: '0oaweb' } },
      },
    ],
    same: [
      {
        'a user': {},
        'under another login name': { claims: { sub: 'alice.married@example.com' } },
        'whose login is left out': { claims: noLogin },
      },
      {
        'a service': { of: 'a token that says it is a service’s' },
        'that does not say so': { of: 'a token that says it is a service’s', claims: { sub_profile: undefined } },
        'through an agent, whose token has no cid': {
          of: 'a token that says it is a service’s',
          claims: {
            cid: undefined,
            scp: undefined,
            scope: 'orders:read',
            act: { sub: 'wlp1', sub_profile: 'ai_agent' },
          },
        },
        'through an agent, whose token has the cid of the agent': {
          of: 'a token that says it is a service’s',
          claims: { cid: 'wlp1' },
        },
      },
    ],
  },
  {
    fixture: fixtureOf('pingOne'),
    apart: [
      {
        'an application': { of: 'an application, whose kind nothing confirms' },
        'a user of that name, through that application': { claims: { sub: '3b7b5d9a-61f2-4a52-8a6c-7c2b6d0e9a11' } },
        'a user of that name, through another': {
          claims: { sub: '3b7b5d9a-61f2-4a52-8a6c-7c2b6d0e9a11', client_id: 'other' },
        },
      },
    ],
    same: [
      { 'a user': {}, 'of whose login nothing is said': { claims: { acr: undefined, auth_time: undefined } } },
      {
        'an application': { of: 'an application, whose kind nothing confirms' },
        'that the options name': {
          of: 'an application, whose kind nothing confirms',
          options: { applications: ['3b7b5d9a-61f2-4a52-8a6c-7c2b6d0e9a11'] },
        },
      },
    ],
  },
  {
    fixture: fixtureOf('spiffe'),
    apart: [{ 'a workload': {}, another: { claims: { sub: 'spiffe://example.org/billing/other' } } }],
    same: [
      { 'a workload': {}, 'with the issuer of SPIRE': { of: 'an SVID with the issuer of SPIRE, the same caller' } },
    ],
  },
  {
    fixture: fixtureOf('supabase'),
    apart: [
      {
        'the project’s own application': { of: 'the project’s own application' },
        'a user with the role of the database that it has': { claims: { role: 'service_role' } },
        'another such user': { claims: { role: 'service_role', sub: 'b0b00000-0000-4000-8000-000000000002' } },
      },
    ],
    same: [
      {
        'a user': {},
        'of whom is_anonymous says nothing': { claims: { is_anonymous: undefined } },
        'with another role of the database': { claims: { role: 'service_role' } },
      },
    ],
  },
  {
    fixture: fixtureOf('workos'),
    apart: [{ 'a user': {}, another: { claims: { sub: 'user_01OTHER' } } }],
    same: [{ 'a user': {}, 'outside every organization': { claims: { org_id: undefined } } }],
  },
  {
    fixture: fixtureOf('zitadel'),
    apart: [{ somebody: {}, another: { claims: { sub: '170848145649959170' } } }],
    same: [{ somebody: {}, 'a machine, by the options': { options: { serviceAccounts: ['170848145649959169'] } } }],
  },
]

/** The rows above, and those that a fixture brings. */
const table: readonly Row[] = [
  ...odd,
  ...allFixtures().flatMap((fixture) => (fixture.keys ? [{ fixture, ...fixture.keys }] : [])),
]

/** What "claimcheck/issuers" exports besides presets. */
const tools = [
  'checkAccessToken',
  'jwkFromPem',
  'metadataUrls',
  'notAnAccessToken',
  'pemMap',
  'pemPerKid',
  'principalKey',
  'readActor',
  'readAuthentication',
  'readScopes',
  'readString',
  'readStrings',
  'withClaims',
]

it.each(Object.keys(presets).filter((name) => !tools.includes(name)))('of %s is looked at', (name) => {
  const rows = table.filter(({ fixture }) => fixture.name === name)
  expect(rows, `test/presets/fixtures/${name}.json needs the member keys, with apart and same`).toHaveLength(1)
})

describe.each(table)('the key of a principal of $fixture.name', ({ fixture, apart, same }) => {
  it.each(apart.map((tokens) => [Object.keys(tokens).join(' · '), tokens] as const))(
    'tells apart: %s',
    async (_, tokens) => {
      const keys = await keysOf(fixture, tokens)
      expect(new Set(keys.map(([, key]) => key)).size, JSON.stringify(keys, null, 2)).toBe(keys.length)
      for (const [, key] of keys) expect(key).toMatch(/^[\x21-\x7e]+$/)
    },
  )

  it.each(same.map((tokens) => [Object.keys(tokens).join(' · '), tokens] as const))(
    'is the same for: %s',
    async (_, tokens) => {
      const keys = await keysOf(fixture, tokens)
      expect(keys).toEqual(keys.map(([title]) => [title, keys[0]?.[1]]))
    },
  )
})

function keysOf(fixture: StsFixture, tokens: Tokens): Promise<readonly (readonly [string, string])[]> {
  return Promise.all(
    Object.entries(tokens).map(async ([title, token]) => [title, await keyOf(fixture, token)] as const),
  )
}

async function keyOf(fixture: StsFixture, { of, claims, without = [], header, options, key }: Token): Promise<string> {
  const found = of === undefined ? fixture.accepted[0] : fixture.accepted.find(({ title }) => title === of)
  const sample = found ?? expect.fail(`no sample: ${of}`)
  const { verifyToken } = createFixtureVerifier(fixture, { ...sample.options, ...options })
  const signer = key ?? sample.key
  const token = tokenOf(fixture, {
    header: { ...sample.header, ...header },
    claims: { ...sample.claims, ...claims, ...Object.fromEntries(without.map((name) => [name, undefined])) },
    ...(signer && { key: signer }),
  })
  return (await verifyToken(token)).principal.key
}
