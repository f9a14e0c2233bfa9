// Microsoft Entra ID: lists of keys that lose members and regain them, and registrations with a key of their own.
import { createVerifier, type KeySnapshot, type VerifierOptions } from 'claimcheck'
import { entra } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import {
  clientId,
  createEntraVerifier,
  delegatedV1,
  delegatedV2,
  entraToken,
  keyV1,
  keyV2,
  login,
  pages,
  tenant,
} from '../support/entra.ts'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { createKey, keyFor, type TestKey } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const minute = 60_000
const hour = 60 * minute

/** Pseudo-random, the same each run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

const flapping: readonly TestKey[] = ['a', 'b', 'c', 'd', 'e', 'f'].map((kid) => createKey('RS256', { kid }))
const otherKey = createKey('RS256')

it.each([1, 2])('a flapping list refuses no valid token over 48 hours (seed %i)', { timeout: 60_000 }, async (seed) => {
  const random = createRandom(seed)
  const clock = createTestClock()
  // Each server of Entra's has its own idea of the list: every key but "a" and "b" goes missing for up to 23 hours.
  const missingUntilMs = new Map<string, number>()
  const listed = () =>
    flapping.filter(({ kid }) => {
      const until = missingUntilMs.get(kid) ?? 0
      if (clock.nowMs() < until) return false
      if (kid > 'b' && clock.nowMs() > until + hour && random() < 0.3)
        missingUntilMs.set(kid, clock.nowMs() + random() * 23 * hour)
      return (missingUntilMs.get(kid) ?? 0) <= clock.nowMs()
    })
  let fetches = 0
  const fetch = async (url: string) => {
    if (!url.endsWith('/keys')) return Response.json(pages[url] ?? {})
    fetches++
    const jwks = (fetches === 1 ? flapping : listed()).map(({ kid, publicJwk: { kty, n, e } }) => ({
      kty,
      use: 'sig',
      kid,
      n,
      e,
    }))
    return Response.json({ keys: jwks }, { headers: { 'cache-control': 'max-age=86400, private' } })
  }
  const verifier = createVerifier({ issuer: entra({ tenant, clientId }), fetch, clock })
  const missing = new Set<string>()
  for (let at = 0; at < 48 * hour; at += 15 * minute) {
    const seconds = Math.floor(clock.nowMs() / 1000)
    for (const key of flapping) {
      if (clock.nowMs() < (missingUntilMs.get(key.kid) ?? 0)) missing.add(key.kid)
      const claims = { ...delegatedV2, iat: seconds - 60, nbf: seconds - 60, exp: seconds + 3600 }
      await verifier.verifyToken(entraToken(claims, { key }))
    }
    await new Promise((resolve) => setImmediate(resolve))
    clock.advanceMs(15 * minute)
  }
  // The simulation did what it is for: keys were missing from the list while their tokens came in.
  expect(missing.size).toBeGreaterThan(2)
  expect(fetches).toBeGreaterThan(40)
})

it('a key that stays away for a day verifies no more', async () => {
  const clock = createTestClock()
  const gone = { ...otherKey, kid: 'gone' }
  const jwk = ({ kid, publicJwk: { kty, n, e } }: TestKey) => ({ kty, use: 'sig', kid, n, e })
  let keys = [jwk(keyV2), jwk(gone)]
  const fetch = async (url: string) => Response.json(url.endsWith('/keys') ? { keys } : pages[url])
  const verifier = createVerifier({ issuer: entra({ tenant, clientId }), fetch, clock })
  const send = (key: TestKey) => {
    const seconds = clock.nowMs() / 1000
    return verifier.verifyToken(
      entraToken({ ...delegatedV2, iat: seconds, nbf: seconds, exp: seconds + 3600 }, { key }),
    )
  }
  await send(gone)
  keys = [jwk(keyV2)]
  for (let hours = 0; hours < 23; hours++) {
    clock.advanceMs(hour)
    await send(keyV2)
    await send(gone)
  }
  clock.advanceMs(1.5 * hour)
  await send(keyV2)
  await expectInvalidToken(send(gone), 'key_not_found')
})

describe.each([fixtureOf('entra'), fixtureOf('entraExternalId'), fixtureOf('entraB2C')])(
  'a key that vanished from a list of $name',
  (fixture) => {
    /** Uses the key once, takes it out of every list, and says what becomes of its token after so many milliseconds. */
    async function startVanishing(options: Partial<VerifierOptions> = {}) {
      const clock = createTestClock()
      const served: Record<string, unknown> = { ...fixture.served }
      const { verifyToken } = createFixtureVerifier({ ...fixture, served }, {}, { ...options, clock })
      const [sample = expect.fail('no sample')] = fixture.accepted
      const token = tokenOf(fixture, { ...sample, claims: { ...sample.claims, exp: now + 48 * 3600 } })
      await verifyToken(token)
      const { kty, n, e } = otherKey.publicJwk
      for (const [url, page] of Object.entries(served))
        if (Object.hasOwn(page as object, 'keys')) served[url] = { keys: [{ kty, n, e, use: 'sig', kid: 'other' }] }
      return { verify: () => verifyToken(token), clock }
    }

    it('serves for 24 hours, and not a millisecond longer', async () => {
      const { verify, clock } = await startVanishing()
      clock.advanceMs(12 * hour)
      await verify()
      clock.advanceMs(12 * hour - 1)
      await verify()
      clock.advanceMs(1)
      await expectInvalidToken(verify(), 'key_not_found')
    })

    it('ends with the next refresh where keyCache.graceSeconds is 0', async () => {
      const { verify, clock } = await startVanishing({ keyCache: { graceSeconds: 0 } })
      clock.advanceMs(hour)
      await expectInvalidToken(verify(), 'key_not_found')
    })
  },
)

it('a registration with its own signing key has its documents at ?appid=', async () => {
  const own = { ...otherKey, kid: 'own' }
  const { kty, n, e } = own.publicJwk
  const metadata = `${login}/${tenant}/v2.0/.well-known/openid-configuration?appid=${clientId}`
  const jwksUri = `${login}/${tenant}/discovery/v2.0/keys?appid=${clientId}`
  const served = {
    ...pages,
    [metadata]: { issuer: `${login}/${tenant}/v2.0`, jwks_uri: jwksUri },
    [jwksUri]: { keys: [{ kty, n, e, kid: 'own', use: 'sig' }] },
  }
  const custom = createEntraVerifier({ customSigningKeys: true }, served)
  expect((await custom.verifyToken(entraToken(delegatedV2, { key: own }))).principal.kind).toBe('user')
  expect(custom.requests).toEqual([metadata, jwksUri])
  const plain = createEntraVerifier({}, served)
  const error = await expectInvalidToken(plain.verifyToken(entraToken(delegatedV2, { key: own })), 'key_not_found')
  expect(error.hint).toMatch(/its own signing key.*customSigningKeys: true.*another cloud.*External ID/)
  expect(error.details).toMatchObject({ iss: `${login}/${tenant}/v2.0`, kid: 'own', keys: 1, keysAgeMs: 0 })
  expect(error.details.exp).toBe(now + 3840)
})

describe('the cloud of a key', () => {
  const cloudOfKey = { ...keyFor('RS256'), kid: 'of-a-cloud' }
  const documents = { '1.0': '', '2.0': '/v2.0' }

  /** The documents of the tenant and of many, each with one more key. Like Entra's own list, that of the public cloud has keys of US Gov. */
  function served(ofMetadata: object, ofKey: object): Readonly<Record<string, unknown>> {
    const { kty, n, e } = cloudOfKey.publicJwk
    const jwk = { kty, n, e, use: 'sig', kid: cloudOfKey.kid, issuer: `${login}/{tenantid}/v2.0`, ...ofKey }
    const paths = [tenant, 'organizations'].flatMap((path) =>
      Object.values(documents).map((version) => [path, version]),
    )
    return Object.fromEntries(
      paths.flatMap(([path = '', version = '']) => {
        const tid = path === tenant ? tenant : '{tenantid}'
        const issuer = version === '' ? `https://sts.windows.net/${tid}/` : `${login}/${tid}/v2.0`
        const jwksUri = `${login}/${path}/discovery${version}/keys`
        const own = [keyV1, keyV2].map((key) => ({ kty, n, e, use: 'sig', kid: key.kid }))
        return [
          [`${login}/${path}${version}/.well-known/openid-configuration`, { issuer, jwks_uri: jwksUri, ...ofMetadata }],
          [jwksUri, { keys: [...own, jwk] }],
        ]
      }),
    )
  }

  const publicCloud = { cloud_instance_name: 'microsoftonline.com' }
  const claims = { '1.0': delegatedV1, '2.0': delegatedV2 }
  const issuers = [
    ['one tenant', {}],
    ['many tenants', { tenant: 'organizations', allowedTenants: [tenant] }],
    ['many tenants with keys of their own', { tenant: 'organizations', allowedTenants: [tenant], keysPerTenant: true }],
  ] as const

  describe.each(issuers)('for %s', (_, options) => {
    it.each([
      ['is that of the metadata', publicCloud, publicCloud],
      ['is not said', publicCloud, {}],
      ['is said, and the metadata says none', {}, publicCloud],
    ])('%s: the key verifies', async (__, ofMetadata, ofKey) => {
      for (const version of ['1.0', '2.0'] as const) {
        const { verifyToken } = createEntraVerifier(options, served(ofMetadata, ofKey))
        expect((await verifyToken(entraToken(claims[version], { key: cloudOfKey }))).principal.tenant).toBe(tenant)
      }
    })

    it.each([
      'microsoftonline.us',
      'MicrosoftOnline.com',
      'microsoftonline.com.',
      '',
      null,
      7,
      ['microsoftonline.com'],
    ])('is %j and not that of the metadata: the key verifies nothing, the others do', async (cloud_instance_name) => {
      for (const version of ['1.0', '2.0'] as const) {
        const { verifyToken } = createEntraVerifier(options, served(publicCloud, { cloud_instance_name }))
        const token = entraToken(claims[version], { key: cloudOfKey })
        const error = await expectInvalidToken(verifyToken(token), 'key_not_found')
        expect(error.hint).toMatch(/another cloud than public/)
        await verifyToken(entraToken(claims[version]))
      }
    })
  })

  it('is looked at before keys are stored: a restart does not bring the key back', async () => {
    const stored = new Map<string, KeySnapshot>()
    const keyStore = {
      load: async (issuer: string) => stored.get(issuer),
      save: async (issuer: string, snapshot: KeySnapshot) => void stored.set(issuer, snapshot),
    }
    const start = (pages: Readonly<Record<string, unknown>>) => {
      const fetch = async (url: string) =>
        Object.hasOwn(pages, url) ? Response.json(pages[url]) : new Response('', { status: 500 })
      return createVerifier({ issuer: entra({ tenant, clientId }), fetch, clock: createTestClock(), keyStore })
    }
    await start(served(publicCloud, { cloud_instance_name: 'microsoftonline.us' })).verifyToken(entraToken(delegatedV1))
    const kids = [...stored.values()].flatMap(({ jwks }) => jwks.keys.map(({ kid }) => kid))
    expect(kids).toContain(keyV1.kid)
    expect(kids).not.toContain(cloudOfKey.kid)
    await start({}).verifyToken(entraToken(delegatedV1))
  })

  it('of External ID is looked at as well', async () => {
    const pages = Object.entries(fixtureOf('entraExternalId').served).map(([url, page]) => {
      const { keys } = page as { keys?: readonly object[] }
      const cloud = keys === undefined ? publicCloud : {}
      const ofGov = keys?.map((jwk) => ({ ...jwk, cloud_instance_name: 'microsoftonline.us' }))
      return [url, { ...(page as object), ...cloud, ...(ofGov && { keys: ofGov }) }] as const
    })
    const { verifyToken } = createFixtureVerifier({
      ...fixtureOf('entraExternalId'),
      served: Object.fromEntries(pages),
    })
    const [sample = expect.fail('no sample')] = fixtureOf('entraExternalId').accepted
    await expect(verifyToken(tokenOf(fixtureOf('entraExternalId'), sample))).rejects.toMatchObject({
      reason: 'keys_unavailable',
    })
  })
})
