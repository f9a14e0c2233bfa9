// Each member of each description matters: with another value, a fixture fails. So a fixture that no longer looks at a claim is found.
import { AuthError, createVerifier, type Principal } from 'claimcheck'
import type { IssuerWithAudience } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { principalKey } from '../../src/principal/principal.ts'
import { createIssuer, descriptionOf, type StsDescription } from '../../src/presets/description.ts'
import { allFixtures, createFixtureVerifier, type StsFixture, tokenOf } from '../support/sts-fixture.ts'

type Changes = Partial<StsDescription>
type Sample = StsFixture['naive'][number]

/** What is done to a description: another value for a member, where it has the member. */
const changes: Readonly<Record<string, (sts: StsDescription) => Changes | undefined>> = {
  'the claim of the client': ({ client }) => (client === undefined ? undefined : { client: 'jti' }),
  'the claim of the tenant': ({ tenant }) => ({ tenant: tenant === undefined ? 'iss' : 'none' }),
  'the kind': ({ subject }) => ({ subject: (caller) => ({ ...subject(caller), kind: 'device' }) }),
  'the key': ({ subject }) => ({ subject: (caller) => ({ ...subject(caller), key: caller.sub }) }),
  'the audience': ({ audience }) => ({ audience: audience === null ? ['none'] : null, ...without('audienceSource') }),
  'the source of the audience': ({ audienceSource }) => audienceSource && { audienceSource: { claim: 'jti' } },
  'no mark of access tokens': ({ mark, marksOfThese }) =>
    mark || marksOfThese ? { ...without('mark'), marksOfThese: [] } : undefined,
  'no marks of other tokens': ({ marksOfOthers }) => marksOfOthers && { marksOfOthers: [] },
  'no claims that must be there': ({ requires = [], texts = requires }) =>
    requires.length + texts.length === 0 ? undefined : { requires: [], texts: [] },
  'no further reasons to refuse': ({ validate }) => validate && { validate: () => undefined },
  'no scopes': ({ scopes }) => scopes && without('scopes'),
  'no roles': ({ roles }) => (roles === undefined ? undefined : without('roles')),
  'no permissions': ({ permissions }) => (permissions === undefined ? undefined : without('permissions')),
  'no groups': ({ groups }) => groups && without('groups'),
  'no actor': ({ actor }) => actor && without('actor'),
  'no login': ({ authentication }) => authentication && without('authentication'),
  'other algorithms': () => ({ algorithms: ['ES512'] }),
  'other types': () => ({ types: ['none+jwt'] }),
}

function without(name: keyof StsDescription): Changes {
  return { [name]: undefined }
}

/** The same for presets that are more code than data. */
const changesOfCode: Readonly<Record<string, (issuer: IssuerWithAudience) => Partial<IssuerWithAudience>>> = {
  'the client': (issuer) => principalOf(issuer, { client: { id: 'x', type: 'unknown' } }),
  'the tenant': (issuer) => principalOf(issuer, { tenant: 'x' }),
  'the kind': (issuer) => principalOf(issuer, { kind: 'device' }),
  'the key': (issuer) => principalOf(issuer, { key: 'x' }),
  'the audience': () => ({ audience: null }),
  'no reasons to refuse': () => ({ validateToken: () => undefined }),
}

function principalOf(issuer: IssuerWithAudience, other: Partial<Principal>): Partial<IssuerWithAudience> {
  return { principal: (...args) => ({ ...issuer.principal(...args), ...other }) }
}

describe.each(allFixtures())('the fixture of $name', (fixture) => {
  const samples: readonly Sample[] = [...fixture.accepted, ...fixture.wrongNeighbours, ...fixture.naive]
  const tokens = new Map(samples.map((sample) => [sample, tokenOf(fixture, sample)]))
  const described = samples.map(({ options = {} }) => descriptionOf(fixture.makeIssuer(options)))

  /** The title of the first sample that goes another way than the fixture says. */
  async function firstFailure(change: (issuer: IssuerWithAudience) => IssuerWithAudience): Promise<string | undefined> {
    const changed = { ...fixture, makeIssuer: (options: object) => change(fixture.makeIssuer({ ...options })) }
    for (const [sample, token] of tokens) if (!(await goesAsSaid(changed, sample, token))) return sample.title
    return undefined
  }

  it('finds nothing wrong with the preset', async () => {
    expect(await firstFailure((issuer) => issuer)).toBeUndefined()
  })

  if (described[0] === undefined) {
    it.each(Object.entries(changesOfCode))('fails with another value for %s', async (_, change) => {
      expect(await firstFailure((issuer) => ({ ...issuer, ...change(issuer) }))).toBeDefined()
    })
    return
  }

  const named = Object.entries(changes).filter(([, change]) => described.some((sts) => sts && change(sts)))
  it.each(named)('fails with another value for %s', async (_, change) => {
    const changed = (issuer: IssuerWithAudience) => {
      const sts = descriptionOf(issuer) ?? expect.fail('no description')
      return createIssuer({ ...sts, ...change(sts) })
    }
    const failure = await firstFailure(changed)
    expect(failure, 'no sample of the fixture notices: add a token that is told by this member alone').toBeDefined()
  })
})

async function goesAsSaid(fixture: StsFixture, sample: Sample, token: string): Promise<boolean> {
  const found = await verify(fixture, sample, token).then(
    ({ principal }) => ({ principal }),
    (error: unknown) => (error instanceof AuthError ? { reason: error.reason } : { error }),
  )
  const wanted = 'principal' in sample ? { principal: sample.principal } : { reason: sample.reason }
  return JSON.stringify(sorted(found)) === JSON.stringify(sorted(wanted))
}

/** An issuer that cannot be made rejects, too. */
async function verify(fixture: StsFixture, sample: Sample, token: string) {
  return createFixtureVerifier(fixture, sample.options).verifyToken(token)
}

/** With members in one order, and without those that are undefined. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, sorted(one)]),
  )
}

describe('createIssuer()', () => {
  const keys = { jwksUri: 'https://sts.example.com/keys' }
  const sts: StsDescription = {
    preset: 'acme',
    issuer: 'https://sts.example.com',
    keys,
    audience: ['urn:api'],
    algorithms: ['RS256'],
    types: ['JWT'],
    subject: ({ issuer, sub }) => ({ kind: 'user', key: principalKey(issuer, sub), subject: sub }),
  }

  it('allows no plain http, unless the description says so', () => {
    const plain = { ...sts, keys: { jwksUri: 'http://sts.example.com/keys' } }
    expect(() => createVerifier({ issuer: createIssuer(plain) })).toThrow(/must be https: /)
    createVerifier({ issuer: createIssuer({ ...plain, insecureAllowHttp: true }) })
  })

  it('has no member that the description leaves out, and no claim that must be there', () => {
    const left = [
      'preset',
      'endpoints',
      'audience',
      'algorithms',
      'types',
      'requiredClaims',
      'validateToken',
      'principal',
    ]
    expect(Object.keys(createIssuer(sts))).toEqual(left)
    expect(createIssuer(sts).requiredClaims).toEqual([])
  })

  it('refuses the marks that other tokens have everywhere, unless other parties fill in the claims', () => {
    const token = { header: { alg: 'RS256' }, claims: { sub: 'alice', at_hash: 'x' } }
    expect(createIssuer(sts).validateToken(token)?.reason).toBe('not_an_access_token')
    expect(createIssuer({ ...sts, marks: 'own' }).validateToken(token)).toBeUndefined()
  })

  it('names its option at an issuer of Microsoft’s, aliases included', () => {
    const issuer = 'https://login.microsoftonline.com/common/v2.0'
    const endpoint = { issuer: 'https://sts.example.com', keys, insecureAllowHttp: false, aliases: [issuer] }
    for (const there of [issuer, [endpoint]])
      expect(() => createIssuer({ ...sts, issuer: there })).toThrow(/^issuer at login\.microsoftonline\.com: /)
  })

  it('needs a description', () => {
    expect(() => createIssuer(undefined as unknown as StsDescription)).toThrow(/^createIssuer\(\) needs/)
  })
})

it.each(['validateToken', 'requiredClaims', 'markOfOthers', 'endpoints'])(
  'createIssuer() throws a TypeError for %s, which no description has: the check would be off',
  (name) => {
    const [sts] = allFixtures().flatMap((fixture) => descriptionOf(fixture.makeIssuer({})) ?? [])
    expect(() => createIssuer({ ...(sts as StsDescription), [name]: [] })).toThrow(new RegExp(`no option ${name}`))
  },
)
