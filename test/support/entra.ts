// An Entra ID tenant as `entra()` meets it: metadata and keys for both token formats, served by an injected fetch.
import { type ClaimcheckEvent, createVerifier, type Verifier } from 'claimcheck'
import { type EntraOptions, entra } from 'claimcheck/issuers'
import { createTestClock, now } from './clock.ts'
import { keyFor, signTexts, type TestKey } from './tokens.ts'

export const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
export const otherTenant = '11111111-2222-4333-8444-555555555555'
export const clientId = 'b1c2d3e4-0000-4000-8000-00000000beef'
/** The client that asked for the token. */
export const spaId = 'c0ffee00-0000-4000-8000-000000000001'
const aliceOid = 'a11ce000-0000-4000-8000-000000000002'
const daemonOid = 'dae00000-0000-4000-8000-000000000003'

export const login = 'https://login.microsoftonline.com'
const issuerV1 = `https://sts.windows.net/${tenant}/`
const issuerV2 = `${login}/${tenant}/v2.0`

/** The same key under one kid for each format: a token's kid tells in which of the two sets it was looked up. */
export const keyV1: TestKey = { ...keyFor('RS256'), kid: 'key-of-v1' }
export const keyV2: TestKey = { ...keyFor('RS256'), kid: 'key-of-v2' }

/** What the addresses of the tenant answer. Like the real ones, the JWKs have no `alg`. */
export const pages: Readonly<Record<string, unknown>> = {
  [`${login}/${tenant}/v2.0/.well-known/openid-configuration`]: {
    issuer: issuerV2,
    jwks_uri: `${login}/${tenant}/discovery/v2.0/keys`,
  },
  [`${login}/${tenant}/.well-known/openid-configuration`]: {
    issuer: issuerV1,
    jwks_uri: `${login}/${tenant}/discovery/keys`,
  },
  [`${login}/${tenant}/discovery/v2.0/keys`]: { keys: [entraJwk(keyV2)] },
  [`${login}/${tenant}/discovery/keys`]: { keys: [entraJwk(keyV1)] },
}

function entraJwk({ publicJwk: { kty, n, e }, kid }: TestKey) {
  return { kty, use: 'sig', kid, x5t: kid, n, e }
}

export interface EntraVerifier extends Verifier {
  /** Every address that was asked. */
  readonly requests: string[]
  readonly events: ClaimcheckEvent[]
}

/** A verifier for one tenant. `served` is what the network answers; any other address is 404. */
export function createEntraVerifier(changes: Partial<EntraOptions> = {}, served = pages): EntraVerifier {
  const requests: string[] = []
  const events: ClaimcheckEvent[] = []
  const fetch = async (url: string) => {
    requests.push(url)
    return Object.hasOwn(served, url) ? Response.json(served[url]) : new Response('', { status: 404 })
  }
  const issuer = entra({ tenant, clientId, ...changes })
  const verifier = createVerifier({ issuer, fetch, clock: createTestClock(), onEvent: (event) => events.push(event) })
  return { ...verifier, requests, events }
}

const common = { iat: now - 60, nbf: now - 60, exp: now + 3840, oid: aliceOid, tid: tenant, uti: 'u1' }

/** The claims of a v2.0 token of a user, as documented, less what nobody reads. */
export const delegatedV2 = {
  ...common,
  iss: issuerV2,
  aud: clientId,
  ver: '2.0',
  sub: 'pairwise-sub-of-alice-at-the-api',
  azp: spaId,
  azpacr: '0',
  scp: 'Orders.Read Orders.Write',
  name: 'Alice',
  preferred_username: 'alice@contoso.example',
}

/** The claims of a v1.0 token of the same user. */
export const delegatedV1 = {
  ...common,
  iss: issuerV1,
  aud: `api://${clientId}`,
  ver: '1.0',
  sub: 'pairwise-sub-of-alice-at-the-api',
  appid: spaId,
  appidacr: '0',
  acr: '1',
  amr: ['pwd', 'mfa'],
  scp: 'Orders.Read Orders.Write',
  upn: 'alice@contoso.example',
}

/** The claims of a v2.0 token that an application got for itself, with the optional claim `idtyp`. */
export const appOnlyV2 = {
  ...common,
  iss: issuerV2,
  aud: clientId,
  ver: '2.0',
  idtyp: 'app',
  sub: daemonOid,
  oid: daemonOid,
  azp: spaId,
  azpacr: '1',
  roles: ['Orders.Read.All'],
}

/** The claims of an ID token for a client that is also the API: nothing of issuer, keys, `typ` and `aud` differs. */
export const idToken = {
  ...common,
  iss: issuerV2,
  aud: clientId,
  ver: '2.0',
  sub: 'pairwise-sub-of-alice-at-the-api',
  name: 'Alice',
  preferred_username: 'alice@contoso.example',
  roles: ['Orders.Read.All'],
}

export interface EntraTokenParts {
  readonly key?: TestKey
  /** Joins `typ`, `alg` and `kid`; `undefined` takes a member out. */
  readonly header?: Readonly<Record<string, unknown>>
}

/** Signs `claims`, of which `undefined` members are left out, with the key that their format is signed with. */
export function entraToken(claims: Readonly<Record<string, unknown>>, { key, header }: EntraTokenParts = {}): string {
  const signing = key ?? (String(claims.iss).endsWith('/v2.0') ? keyV2 : keyV1)
  const full = { typ: 'JWT', alg: signing.alg, kid: signing.kid, ...header }
  return signTexts(JSON.stringify(full), JSON.stringify(claims), signing)
}
