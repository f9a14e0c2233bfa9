// An issuer written by hand, the way one outside the package would be, for tests of what presets are made of.
import type { Issuer, IssuerWithAudience } from 'claimcheck/issuers'
import { principalKey, readString } from 'claimcheck/preset-kit'
import { audience, issuer, keyFor } from './tokens.ts'

/** Trusts what `createToken()` makes, with keys in memory. */
export function customIssuer(changes: Partial<Issuer> = {}): IssuerWithAudience {
  return {
    preset: 'custom',
    endpoints: [{ issuer, keys: { jwks: { keys: [keyFor('ES256').publicJwk] } }, insecureAllowHttp: false }],
    audience: [audience],
    algorithms: ['ES256'],
    types: ['at+jwt'],
    requiredClaims: [],
    validateToken: () => undefined,
    principal: (claims, from) => ({
      kind: 'unknown',
      key: principalKey(from, String(claims.sub)),
      subject: String(claims.sub),
      issuer: from,
      client: { id: readString(claims, 'client_id') ?? '', type: 'unknown' },
      scopes: [],
      roles: [],
      permissions: [],
      groups: { values: [], complete: true },
      authentication: {},
      traits: [],
    }),
    ...changes,
  } as IssuerWithAudience
}
