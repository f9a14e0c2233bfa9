// What each check compares, read from its arguments: for people, and never for a verdict.
import { printable } from '../../internal/json.ts'
import type { checkAudienceOf, checkTenant } from '../../issuer/checks.ts'
import type { Issuer } from '../../issuer/issuer.ts'
import type { TrustedIssuer } from '../../issuer/registry.ts'
import type { checkConfirmation, checkRequired, checkTimes, checkType } from '../../jwt/claims.ts'
import type { ParsedToken } from '../../jwt/parse.ts'

export interface Facts {
  /** The claim or header member that a failed check names. */
  readonly claim?: string
  readonly received?: string
  readonly expected?: string
}

type Token = Pick<ParsedToken, 'header' | 'claims'>

/** `undefined`: the check has nothing to say about this token. */
type Describe<A extends readonly unknown[]> = (...args: A) => Facts | undefined

const facts = {
  syntax: () => ({ expected: 'a compact JWS: three base64url segments, two of them strict JSON' }),
  issuer: (claims: Token['claims']) => ({ received: printable(claims.iss ?? '(no iss)') }),
  padding: (_: Token, { base64Padding }: Issuer) => base64Padding && { expected: 'base64url with padding' },
  algorithm: (alg: string, allowed: readonly string[]) => ({ received: printable(alg), expected: list(allowed) }),
  type: (...[typ, accepted]: Parameters<typeof checkType>) => ({
    received: printable(typ ?? '(no typ)'),
    expected: list(accepted.map((one) => one ?? '(no typ)')),
  }),
  claimTypes: () => ({ expected: 'claims of their standard types' }),
  required: (...[, names]: Parameters<typeof checkRequired>) => ({ expected: list(names) }),
  times: (...[{ exp, nbf, iat }, nowMs, rules]: Parameters<typeof checkTimes>) => ({
    received: Object.entries({ iat, nbf, exp })
      .flatMap(([name, seconds]) => (seconds === undefined ? [] : `${name} ${dateOf(seconds * 1000)}`))
      .join(', '),
    expected: `now ${dateOf(nowMs)}, ${rules.clockToleranceSeconds} s of tolerance`,
  }),
  tokenKind: (_: Token, { profile }: TrustedIssuer) => ({
    expected: `an access token, by the rules of ${profile.preset}`,
  }),
  audience: (...[{ header, claims }, accepted, from]: Parameters<typeof checkAudienceOf>) => {
    const received = from === undefined ? claims.aud : 'claim' in from ? claims[from.claim] : header[from.header]
    return { received: printable(received ?? '(none)'), expected: accepted ? list(accepted) : 'any (audience: null)' }
  },
  confirmation: (...[claims]: Parameters<typeof checkConfirmation>) => ({
    received: Object.hasOwn(claims, 'cnf') ? 'cnf' : '(no cnf)',
    expected: '(no cnf)',
  }),
  tenant: (...[, { tenant, claims }]: Parameters<typeof checkTenant>) => ({
    received: printable(tenant ?? claims.tid ?? '(none)'),
    expected: 'a tenant that may use this API',
  }),
  findKey: ({ header }: Token, { issuer }: TrustedIssuer) => ({
    received: `kid ${printable(header.kid ?? '(none)')}, alg ${printable(header.alg)}`,
    expected: `a key of ${issuer}`,
  }),
  verifySignature: () => ({ expected: 'made by that key' }),
  schema: () => ({ expected: 'claims that the schema accepts' }),
  principal: () => ({}),
  request: (_: unknown, { header }: { readonly header?: string }) =>
    header === undefined ? undefined : { received: `in the header ${header}` },
  revocation: () => ({ expected: 'not revoked' }),
} satisfies Readonly<Record<string, Describe<never>>>

const labels: Readonly<Record<string, string>> = {
  claimTypes: 'claim types',
  required: 'required claims',
  tokenKind: 'kind of token',
  findKey: 'key',
  verifySignature: 'signature',
  schema: 'claims schema',
}

/** What the check `name` was asked to compare. */
export function describeCheck(name: string, args: readonly unknown[], issuers: readonly string[]): Facts | undefined {
  const describe = (facts as unknown as Readonly<Record<string, Describe<readonly unknown[]>>>)[name]
  const said = describe ? describe(...args) : {}
  return name === 'issuer' && issuers.length > 0 ? { ...said, expected: list(issuers) } : said
}

/** The name of a check for people. */
export function labelOf(name: string): string {
  return labels[name] ?? name
}

/** Whether a check that has not run would not have run for a better token either, as far as that is known. */
export function isHiddenUnlessRun(name: string, trusted: TrustedIssuer | undefined): boolean {
  if (name === 'tenant') return trusted !== undefined && trusted.profile.isTenantAllowed === undefined
  return name === 'padding' || name === 'schema'
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? '(none)' : printable(texts.join(', '), 400)
}

/** Outside of the dates that JavaScript has: as it is. */
function dateOf(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? String(milliseconds / 1000) : date.toISOString().replace(/\.\d+Z$/, 'Z')
}
