// Which preset a token looks like, by its `iss` and a few other members. A guess for people about an unverified token: it decides nothing.
import type { JsonObject } from '../../internal/json.ts'
import { isForGraph } from '../../presets/entra/hints.ts'

export interface Proposal {
  readonly preset: string
  /** The flags of `claimcheck explain` with the values of the token. A value that the token does not have is `...`. */
  readonly flags: readonly (readonly [name: string, value: string])[]
}

interface Parts {
  readonly header: JsonObject
  readonly claims: JsonObject
}

/** What the pattern found in `iss`. */
type Found = readonly string[]
type Flags = (found: Found, parts: Parts) => Readonly<Record<string, unknown>>

const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const audience: Flags = (_, { claims }) => ({ audience: claims.aud })
const domain: Flags = ([, host], { claims }) => ({ domain: host, audience: claims.aud })
const issuer: Flags = ([iss], { claims }) => ({ issuer: iss, audience: claims.aud })
const clientOf = ({ claims }: Parts): unknown => claims.client_id ?? claims.azp ?? claims.cid
/** Graph's id is no API of the reader's. */
const apiOf = ({ claims }: Parts): unknown =>
  isForGraph(claims) ? undefined : firstText(claims.aud).replace(/^api:\/\//, '')

/** Presets by the form of `iss`. The first one that fits is proposed. */
const byIssuer: readonly (readonly [preset: string, iss: RegExp, flags: Flags])[] = [
  [
    'entra',
    new RegExp(`^https://(?:login\\.[a-z.]+|sts\\.[a-z.]+)/(${guid})/(?:v2\\.0)?$`),
    ([, tenant], parts) => ({ tenant, 'client-id': apiOf(parts) }),
  ],
  [
    'entraB2C',
    new RegExp(`^https://([a-z0-9]+)\\.b2clogin\\.com/(?:tfp/)?(${guid})/`),
    ([, name, id], { claims }) => ({
      'tenant-name': name,
      'tenant-id': id,
      'client-id': claims.aud,
      policies: claims.tfp ?? claims.acr,
    }),
  ],
  [
    'entraExternalId',
    new RegExp(`^https://${guid}\\.ciamlogin\\.com/(${guid})/v2\\.0$`),
    ([, id], parts) => ({ 'tenant-id': id, subdomain: undefined, 'client-id': apiOf(parts) }),
  ],
  ['auth0', /^https:\/\/([a-z0-9.-]+\.auth0\.com)\/$/, domain],
  ['okta', /^https:\/\/[a-z0-9-]+\.okta(?:preview|-emea|-gov)?\.com(?:\/oauth2\/\w+)?$/, issuer],
  [
    'cognito',
    /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/(\w[\w-]*)$/,
    ([, pool], parts) => ({ 'user-pool-id': pool, 'allowed-clients': clientOf(parts) }),
  ],
  ['firebase', /^https:\/\/securetoken\.google\.com\/([a-z0-9-]+)$/, ([, id]) => ({ 'project-id': id })],
  ['google', /^(?:https:\/\/)?accounts\.google\.com$/, audience],
  ['googleIap', /^https:\/\/cloud\.google\.com\/iap$/, audience],
  [
    'githubActions',
    /^https:\/\/token\.actions\.githubusercontent\.com(?:\/[\w-]+)?$/,
    (_, { claims }) => ({ audience: claims.aud, 'allowed-owner-ids': claims.repository_owner_id }),
  ],
  ['gitlabCi', /^https:\/\/gitlab\.com$/, audience],
  [
    'cloudflareAccess',
    /^https:\/\/([a-z0-9-]+)\.cloudflareaccess\.com$/,
    ([, team], { claims }) => ({ team, audience: claims.aud }),
  ],
  ['descope', /^(?:https:\/\/[a-z0-9.-]*descope[a-z.]*\/.*)?(P[A-Za-z0-9]{26,})$/, ([, id]) => ({ 'project-id': id })],
  ['kinde', /^https:\/\/([a-z0-9-]+\.kinde\.com)$/, domain],
  ['logto', /^https:\/\/([a-z0-9-]+\.logto\.app)\/oidc$/, domain],
  [
    'pingOne',
    new RegExp(`^https://auth\\.pingone\\.[a-z.]+/(${guid})/as$`),
    ([, id], { claims }) => ({ 'environment-id': id, audience: claims.aud }),
  ],
  ['stytch', /^stytch\.com\/(project-[a-z0-9-]+)$/, ([, id]) => ({ 'project-id': id })],
  ['supabase', /^https:\/\/([a-z0-9]{20})\.supabase\.co\/auth\/v1$/, ([, ref]) => ({ 'project-ref': ref })],
  [
    'workos',
    /^https:\/\/api\.workos\.com(?:\/user_management\/(client_\w+))?\/?$/,
    ([, id], parts) => ({ 'client-id': id ?? clientOf(parts) }),
  ],
  [
    'zitadel',
    /^https:\/\/([a-z0-9.-]+\.zitadel\.cloud)$/,
    ([, host], { claims }) => ({
      domain: host,
      'project-id': [claims.aud].flat().find((one) => /^\d+$/.test(String(one))),
    }),
  ],
  [
    'sapXsuaa',
    /^https:\/\/([a-z0-9.-]+\.hana\.ondemand\.com)\/oauth\/token$/,
    ([, host], { claims }) => ({
      domain: host,
      'client-id': [claims.aud].flat().find((one) => String(one).startsWith('sb-')),
      'app-name': undefined,
    }),
  ],
  [
    'clerk',
    /^https:\/\/((?:clerk\.[a-z0-9.-]+)|(?:[a-z0-9-]+\.clerk\.accounts\.dev))$/,
    ([, host], { claims }) => ({ domain: host, 'authorized-parties': claims.azp }),
  ],
  [
    'authentik',
    /^https:\/\/([a-z0-9.-]+)\/application\/o\/([\w-]+)\/$/,
    ([, host, slug], { claims }) => ({ domain: host, slug, 'client-id': claims.aud }),
  ],
  [
    'keycloak',
    /^https?:\/\/[^/]+(?:\/auth)?\/realms\/[^/]+$/,
    ([iss], { claims }) => ({ 'realm-url': iss, audience: [claims.aud].flat().find((one) => one !== 'account') }),
  ],
  [
    'adfs',
    /^https?:\/\/([a-z0-9.-]+)\/adfs\/services\/trust$/,
    ([, host], { claims }) => ({ domain: host, audience: claims.aud, 'subject-claim': 'sub' }),
  ],
]

/** The preset that the token of `parts` looks like: `oidc` for any other issuer, and `undefined` without one. */
export function proposePreset(parts: Parts): Proposal | undefined {
  const { header, claims } = parts
  const iss = firstText(claims.iss ?? header.iss)
  if (typeof header.signer === 'string')
    return proposal('awsAlb', { 'load-balancer': header.signer, 'allowed-clients': header.client, issuer: iss })
  if (typeof claims['kubernetes.io'] === 'object') return proposal('kubernetes', issuer([iss], parts))
  const [, trustDomain] = /^spiffe:\/\/([a-z0-9._-]+)\//.exec(String(claims.sub)) ?? []
  if (iss === '' && trustDomain !== undefined)
    return proposal('spiffe', { 'trust-domain': trustDomain, audience: claims.aud, 'jwks-uri': undefined })
  for (const [preset, pattern, flags] of byIssuer) {
    const found = pattern.exec(iss)
    if (found) return proposal(preset, flags(found, parts))
  }
  return /^https?:\/\//.test(iss) ? proposal('oidc', issuer([iss], parts)) : undefined
}

function proposal(preset: string, values: Readonly<Record<string, unknown>>): Proposal {
  return { preset, flags: Object.entries(values).map(([name, value]) => [name, textOf(value)]) }
}

/** The first one of a list. Empty for what is no text. */
function firstText(value: unknown): string {
  const [first]: readonly unknown[] = [value].flat()
  return typeof first === 'string' ? first : ''
}

/** A text that a shell takes for one word, whatever the token says. */
function textOf(value: unknown): string {
  const text = firstText(value)
  if (/^[\w.:/@+,-]{1,200}$/.test(text)) return text
  return /^[\x20-\x7e]{1,200}$/.test(text) && !text.includes("'") ? `'${text}'` : '...'
}
