// Keycloak has one name for browsers and another for the containers beside it: five usual set-ups, and where their hints lead.
import { type AuthError, createVerifier } from 'claimcheck'
import { keycloak } from 'claimcheck/issuers'
import type { KeycloakOptions } from '../../src/presets/keycloak.ts'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { containerFetch, keysOfRealm, metadataOfRealm, realm, startKeycloak } from '../support/keycloak-server.ts'
import { createKey, keyFor } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const key = keyFor('RS256')
const claims = { iat: now - 60, exp: now + 240, aud: 'orders-api', sub: 'f7a9c1d2', typ: 'Bearer', azp: 'web' }
const https = 'https://sso.example.com'
const http = 'http://sso.example.net:8080'
const fromProxy = { host: 'keycloak', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'sso.example.com' }

interface SetUp {
  readonly title: string
  readonly server: { readonly hostname?: string; readonly backchannelDynamic?: boolean }
  /** What a browser, or the proxy before Keycloak, sends. */
  readonly browser: Readonly<Record<string, string>>
  readonly issuer: string
}

const setUps: readonly SetUp[] = [
  {
    title: '(A) hostname unset, browser at localhost',
    server: {},
    browser: { host: 'localhost:8080' },
    issuer: `http://localhost:8080${realm}`,
  },
  {
    title: '(B) https name with dynamic back channel',
    server: { hostname: https, backchannelDynamic: true },
    browser: { host: 'sso.example.com' },
    issuer: `${https}${realm}`,
  },
  {
    title: '(C) https name that is unreachable inside',
    server: { hostname: https },
    browser: { host: 'sso.example.com' },
    issuer: `${https}${realm}`,
  },
  {
    title: '(D) http name with dynamic back channel',
    server: { hostname: http, backchannelDynamic: true },
    browser: { host: 'sso.example.net:8080' },
    issuer: `${http}${realm}`,
  },
  {
    title: '(E) hostname unset behind a TLS proxy',
    server: {},
    browser: fromProxy,
    issuer: `${https}${realm}`,
  },
]

/** Keycloak as in `setUp`, and a verifier in a container that knows it as `keycloak` only. */
async function start(setUp: SetUp) {
  const server = await startKeycloak({ key, claims, ...setUp.server })
  const realmUrl = `http://keycloak:${server.port}${realm}`
  const fetch = containerFetch('keycloak')
  const make = (options: Partial<KeycloakOptions>) => {
    const issuer = keycloak({ realmUrl, audience: 'orders-api', insecureAllowHttp: true, ...options })
    return createVerifier({ issuer, fetch, clock: createTestClock() })
  }
  return { server, realmUrl, make, token: await server.logIn(setUp.browser) }
}

/** What `make` is told, as a TypeError. */
function messageOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as TypeError).message
  }
  return expect.fail('was made')
}

function causeOf(error: AuthError | undefined): string {
  return (error?.details.cause as Error | undefined)?.message ?? expect.fail('has no cause')
}

describe.each(setUps)('$title', (setUp) => {
  it('is served: the issuer as seen from outside, its keys from the fixed path inside', async () => {
    const { server, make, token } = await start(setUp)
    const { verifyToken, ready } = make({ issuer: setUp.issuer })
    expect(await ready()).toEqual([{ issuer: setUp.issuer, ok: true }])
    expect((await verifyToken(token)).issuer).toBe(setUp.issuer)
    expect(server.requests).toEqual([keysOfRealm])
  })

  it('takes no token of another key, nor of another issuer', async () => {
    const { make, realmUrl, token } = await start(setUp)
    const { verifyToken } = make({ issuer: setUp.issuer })
    const stranger = await startKeycloak({ key: createKey('RS256', { kid: key.kid }), claims, ...setUp.server })
    await expectInvalidToken(verifyToken(await stranger.logIn(setUp.browser)), 'signature_invalid')
    const foreign = make({ issuer: realmUrl })
    await expectInvalidToken(foreign.verifyToken(token), 'issuer_unknown')
  })

  it('is where the hints lead', async () => {
    const { make, token, realmUrl } = await start(setUp)
    const told = messageOf(() => make({ insecureAllowHttp: false }))
    expect(told).toContain('; if not, set insecureAllowHttp: true.')
    const { hint = '' } = await expectInvalidToken(make({}).verifyToken(token), 'issuer_unknown')
    const issuer = /write issuer: '([^']+)'/.exec(hint)?.[1] ?? expect.fail(hint)
    expect(hint).toBe(
      `the token says ${issuer}, this API expects ${realmUrl}: if both are this realm, write issuer: '${issuer}', and as realmUrl the address where this API reaches it`,
    )
    expect((await make({ issuer }).verifyToken(token)).issuer).toBe(setUp.issuer)
  })
})

describe('a realm of one name', () => {
  const sameName: SetUp = { title: '', server: {}, browser: {}, issuer: '' }

  it('is discovered, and its metadata must name it', async () => {
    const { server, make, realmUrl } = await start(sameName)
    const token = await server.logIn({ host: `keycloak:${server.port}` })
    for (const options of [{}, { issuer: realmUrl }]) {
      expect((await make(options).verifyToken(token)).issuer).toBe(realmUrl)
      expect(server.requests.splice(0)).toEqual([metadataOfRealm, keysOfRealm])
    }
  })

  it('whose metadata names another is reported with both, and works as soon as that one is the issuer', async () => {
    const setUp = { ...sameName, server: { hostname: https } }
    const { make, realmUrl, token } = await start(setUp)
    const [readiness] = await make({}).ready()
    expect((readiness?.error as Error).message).toBe(
      `no metadata: the document is for another issuer: its issuer is ${https}${realm}, expected ${realmUrl}. If that is this STS, write it as the issuer (${realmUrl}/.well-known/openid-configuration)`,
    )
    expect((await make({ issuer: `${https}${realm}` }).verifyToken(token)).issuer).toBe(`${https}${realm}`)
  })

  it('that is not reached by it is a 503 that names the address', async () => {
    const { make, token } = await start({ ...sameName, server: { hostname: https } })
    const error = await refusalOf(make({ realmUrl: `${https}${realm}` }).verifyToken(token))
    expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect(causeOf(error)).toContain('the connection to sso.example.com failed (ENOTFOUND)')
  })
})

it('needs insecureAllowHttp for no http address on this machine, whatever the issuer is called', async () => {
  const server = await startKeycloak({ key, claims, hostname: https })
  const realmUrl = `http://127.0.0.1:${server.port}${realm}`
  const issuer = keycloak({ realmUrl, issuer: `${https}${realm}`, audience: 'orders-api' })
  const { verifyToken } = createVerifier({ issuer, clock: createTestClock() })
  expect((await verifyToken(await server.logIn({}))).issuer).toBe(`${https}${realm}`)
  expect(server.requests).toEqual([keysOfRealm])
})
