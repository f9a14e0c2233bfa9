// The profile of the STS that an issuer trusts: from the description of its preset come the addresses, the header and the claims.
import type { JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { parseUrl } from '../internal/urls.ts'
import type { Issuer, IssuerEndpoint } from '../issuer/issuer.ts'
import { createIssuer, descriptionOf, type StsDescription } from '../presets/description.ts'
import type { IssuerProfile, ProfileKeySet, ProfileMetadata, TokenContext, TokenShape } from './profile.ts'
import { type StsClaims, stsClaims } from './sts-claims.ts'

export interface StsLikeOptions {
  /** The client that asks for tokens. Default `web-app`, or the first client that the issuer allows. */
  readonly clientId?: string
}

/**
 * The STS that `issuer` trusts, with tokens that it accepts. Makes an ID token that it refuses. An option that changes what the
 * issuer accepts (a claim with roles, a tenant) may need further claims: `sts.token({ … })`.
 *
 * @example createTestIssuer(stsLike(auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' })))
 * @throws TypeError for an issuer of no such preset (`entra` and its siblings, `oidc` and `rfc9068` have profiles of their own), and for
 * one whose keys are no JWK Set at an address.
 */
export function stsLike(issuer: Issuer, options: StsLikeOptions = {}): IssuerProfile {
  checkOptions('stsLike()', arguments, ['clientId'], 1)
  const sts = descriptionOf(issuer)
  const [endpoint] = issuer.endpoints ?? []
  if (!sts || !endpoint) throw new TypeError(`stsLike() knows no tokens of ${issuer.preset}: write a profile for it.`)
  const claim = sts.audienceSource && 'claim' in sts.audienceSource ? sts.audienceSource.claim : 'aud'
  const [audience] = sts.audience ?? []
  const { clientId = claim === 'aud' ? 'web-app' : (audience ?? 'web-app') } = options
  checkString('clientId', clientId)
  const { user, application, id, lifetimeSeconds }: StsClaims = stsClaims[sts.preset] ?? {}
  const common = { ...commonClaims(sts), ...(audience !== undefined && { [claim]: audience }) }
  const shape = (claims: JsonObject, type: string | null = sts.types[0] ?? null): TokenShape => ({
    header: () => (type === null ? {} : { typ: type }),
    claims: (context) => filledIn(claims, clientId, context),
  })
  const hashed = { ...common, aud: clientId, at_hash: 'preyPO8SicRtjUYH2cqDJw' }
  return {
    name: sts.preset,
    issuer: endpoint.issuer,
    audience: audience ?? clientId,
    audienceClaim: claim,
    algorithms: [sts.algorithms[0] ?? 'RS256'],
    ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
    ...addressesOf(endpoint),
    tokens: {
      ...(user !== null && { user: shape({ ...common, sub: 'alice', ...user }) }),
      ...(application !== null && { application: shape({ ...common, sub: '{client}', ...application }) }),
      id: shape({ ...hashed, sub: 'alice', ...id }, sts.types.includes('JWT') ? 'JWT' : null),
    },
    ...movable(endpoint, (moved) => stsLike(createIssuer({ ...sts, issuer: [moved] }), options)),
  }
}

/** The claims that the description asks for, or reads as they are. */
function commonClaims({
  mark,
  marksOfThese = [],
  client = [],
  scopes,
  requires = [],
  texts = requires,
}: StsDescription): JsonObject {
  const names = typeof client === 'function' ? [] : [client].flat().slice(0, 1)
  return {
    jti: '{id}',
    ...Object.fromEntries([...texts, ...marksOfThese, ...names].map((name) => [name, '{client}'])),
    ...(typeof scopes === 'string' && { [scopes === 'scp' ? 'scp' : 'scope']: 'read' }),
    ...(mark && { [mark.claim]: mark.values[0] }),
  }
}

function filledIn(claims: JsonObject, clientId: string, { nowSeconds, tokenId }: TokenContext): JsonObject {
  const fill = (value: unknown): unknown => {
    if (value === '{now}') return nowSeconds
    return typeof value === 'string' ? value.replace('{client}', clientId).replace('{id}', tokenId) : value
  }
  const kept = Object.entries(claims).filter(([, value]) => value !== null)
  return Object.fromEntries(kept.map(([name, value]) => [name, fill(value)]))
}

function addressesOf({ issuer, keys }: IssuerEndpoint): {
  readonly metadata: readonly ProfileMetadata[]
  readonly keySets: readonly ProfileKeySet[]
} {
  if ('jwksUri' in keys) return { metadata: [], keySets: [{ url: keys.jwksUri }] }
  const [url] = 'metadataUrls' in keys ? keys.metadataUrls : []
  if (!('metadataUrls' in keys) || url === undefined)
    throw new TypeError(`The keys of ${issuer} are no JWK Set at an address: write a profile for it.`)
  const { metadataIssuer = issuer, issuerMember } = keys
  const jwksUri = `${url.replace(/\/\.well-known\/.*$/, '')}/jwks`
  const document = {
    issuer: metadataIssuer,
    ...(issuerMember !== undefined && { [issuerMember]: issuer }),
    jwks_uri: jwksUri,
  }
  return { metadata: [{ url, document }], keySets: [{ url: jwksUri }] }
}

/** Where all addresses are at the issuer's own origin, the STS can be at another one. */
function movable(endpoint: IssuerEndpoint, at: (moved: IssuerEndpoint) => IssuerProfile): Pick<IssuerProfile, 'at'> {
  const { issuer, keys } = endpoint
  const urls = 'jwksUri' in keys ? [keys.jwksUri] : 'metadataUrls' in keys ? keys.metadataUrls : []
  const from = parseUrl(issuer)?.origin
  if (from === undefined || urls.some((url) => new URL(url).origin !== from)) return {}
  const move = (origin: string) => (url: string) => `${origin}${url.slice(from.length)}`
  return {
    at: (origin) =>
      at({
        ...endpoint,
        issuer: move(origin)(issuer),
        keys:
          'jwksUri' in keys
            ? { jwksUri: move(origin)(keys.jwksUri) }
            : { ...keys, metadataUrls: urls.map(move(origin)) },
      }),
  }
}
