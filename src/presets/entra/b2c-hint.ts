// Hints for tokens of a B2C tenant that are refused for their issuer or policy. For logs: the token may be made up.
import type { AuthErrorReason } from '../../errors/auth-error.ts'
import { printable } from '../../internal/json.ts'
import { readString } from '../../principal/read-claims.ts'
import type { UnverifiedToken } from '../../issuer/issuer.ts'

/** The tenant and policies that an `entraB2C()` accepts. */
export interface B2CTrust {
  readonly host: string
  readonly tenantId: string
  readonly policies: readonly string[]
  readonly issuerFormat: 'tenant' | 'tfp'
  readonly policyClaim: 'tfp' | 'acr'
}

export function b2cHint(reason: AuthErrorReason, { claims }: UnverifiedToken, trust: B2CTrust): string | undefined {
  const named = readIss(claims.iss, trust.tenantId)
  if (named === undefined) return undefined
  if (reason === 'claim_invalid') return policyHint(readString(claims, trust.policyClaim), trust)
  return reason === 'issuer_unknown' ? issuerHint(named, trust) : undefined
}

/** The parts of an `iss` of the tenant: a host, and in one of the two formats a policy. */
interface NamedByIss {
  readonly host: string
  readonly policy: string | undefined
}

function readIss(iss: unknown, tenantId: string): NamedByIss | undefined {
  const [, host, tfp, tenant, policy] =
    /^https:\/\/([^/]+)\/(tfp\/)?([^/]+)\/(?:([^/]+)\/)?v2\.0\/$/.exec(typeof iss === 'string' ? iss : '') ?? []
  if (host === undefined || tenant !== tenantId || (tfp === undefined) !== (policy === undefined)) return undefined
  return { host, policy }
}

function issuerHint({ host, policy }: NamedByIss, trust: B2CTrust): string | undefined {
  if (host !== trust.host) {
    const made = printable(host)
    return `the token was made at ${made}, and this API trusts ${trust.host}: if both are hosts of the tenant, trust the other one, too, with another entraB2C({ ... }) and domain: '${made}' or tenantName`
  }
  if (policy !== undefined && trust.issuerFormat === 'tenant')
    return "the iss of the token names the policy: write issuerFormat: 'tfp'"
  if (policy === undefined && trust.issuerFormat === 'tfp')
    return "the iss of the token does not name the policy: write issuerFormat: 'tenant'"
  return policyHint(policy, trust)
}

function policyHint(policy: string | undefined, { policies }: B2CTrust): string | undefined {
  if (policy === undefined || policies.includes(policy)) return undefined
  const known = policies.find((one) => one.toLowerCase() === policy.toLowerCase())
  if (known !== undefined)
    return `the iss of the token spells the policy ${printable(policy)}: write it so in policies, in place of ${known}`
  return `the token is of the policy ${printable(policy)}: add it to policies if this API takes its tokens`
}
