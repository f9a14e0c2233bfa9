// Callers for rules, made by hand: no token, no verifier.
import type { Principal } from 'claimcheck'

export interface Caller {
  readonly principal: Principal
  readonly claims: Readonly<Record<string, unknown>>
}

export const alice: Principal = {
  kind: 'user',
  key: 'sts|alice',
  subject: 'alice',
  issuer: 'https://sts.example.com',
  scopes: [],
  roles: [],
  permissions: [],
  groups: { values: [], complete: true },
  authentication: {},
  traits: [],
}

/** What a rule is asked about alice, with changes. */
export function asking(changes: Partial<Principal> = {}, rest: Partial<Omit<Caller, 'principal'>> = {}) {
  const auth: Caller = { claims: {}, ...rest, principal: { ...alice, ...changes } }
  return { auth, resource: undefined }
}
