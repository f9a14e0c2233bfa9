// A preset for an STS that claimcheck does not know, "Acme ID", written with nothing but what the package exports. Its tokens:
//   typ   acme-access+jwt, and acme-id+jwt for the ID tokens that have the same issuer, audience and keys
//   iss   https://id.acme.example/w/<workspace>, one for each workspace; metadata and keys are there, too
//   sub   person:… or robot:…
//   via   the client; may: the scopes, a list; crew: groups, cut off at 50, when crew_cut is true
import type { Principal, ValidationError } from 'claimcheck'
import type { IssuerWithAudience } from 'claimcheck/issuers'
import {
  checkAccessToken,
  metadataUrls,
  principalKey,
  readAuthentication,
  readString,
  readStrings,
  type UnverifiedToken,
} from 'claimcheck/preset-kit'

export interface AcmeIdOptions {
  /** The issuer, as `iss` has it: `https://id.acme.example/w/<workspace>`. */
  readonly issuer: string
  readonly audience: string
}

/** Trusts one workspace of Acme ID. Does not accept tokens of guests, who have no workspace. */
export function acmeId({ issuer, audience }: AcmeIdOptions): IssuerWithAudience {
  const workspace = /\/w\/([a-z]+)$/.exec(issuer)?.[1]
  if (workspace === undefined) throw new TypeError("issuer must end in '/w/<workspace>', without a slash after it.")
  return {
    preset: 'acmeId',
    endpoints: [{ issuer, keys: { metadataUrls: metadataUrls(issuer) }, insecureAllowHttp: false }],
    audience: [audience],
    algorithms: ['ES256'],
    types: ['acme-access+jwt'],
    requiredClaims: ['sub', 'via'],
    validateToken: validateToken,
    principal: (claims, from) => principal(claims, from, workspace),
    hint: (reason, { header }) =>
      reason === 'token_type_not_accepted' && header.typ === 'acme-id+jwt'
        ? 'this is an ID token of Acme ID: send the access token'
        : undefined,
  }
}

/** Runs before the signature is verified: it may refuse, and nothing else. */
function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const names = readString(claims, 'sub') !== undefined && readString(claims, 'via') !== undefined
  return checkAccessToken(claims) ?? (names ? undefined : { reason: 'claim_missing', details: { claim: 'sub' } })
}

/**
 * Acme ID documents that it lists all crews, up to 50. A member of one that is cut off, not listed or not readable must not pass
 * for others. With the claim's name, `claim('crew', …)` knows that, too.
 */
function crewOf(claims: UnverifiedToken['claims']): Principal['groups'] {
  const values = readStrings(claims, 'crew')
  const isWhole = Array.isArray(claims.crew) && claims.crew.length === values.length
  return { values, complete: isWhole && claims.crew_cut !== true, claim: 'crew' }
}

/** What the token does not prove stays unknown or empty. */
function principal(claims: UnverifiedToken['claims'], issuer: string, workspace: string): Principal {
  const sub = String(claims.sub)
  const kinds = { person: 'user', robot: 'application' } as const
  const prefix = sub.split(':', 1)[0] ?? ''
  return {
    kind: prefix === 'person' || prefix === 'robot' ? kinds[prefix] : 'unknown',
    key: principalKey(issuer, sub),
    subject: sub,
    issuer,
    tenant: workspace,
    client: { id: String(claims.via), type: 'unknown' },
    scopes: readStrings(claims, 'may'),
    roles: [],
    permissions: [],
    groups: crewOf(claims),
    authentication: readAuthentication(claims),
    traits: [],
  }
}
