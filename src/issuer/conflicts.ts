// Refuses two endpoints that could both answer to one token. Neither is silently preferred.
import type { IssuerEndpoint } from './issuer.ts'
import type { IssuerTemplate } from './tenants.ts'

interface Member {
  readonly endpoint: IssuerEndpoint
  readonly template: IssuerTemplate | undefined
}

/**
 * Refuses endpoints that share an `iss`, also that of a tenant in a family, unless their `discriminator` tells their tokens
 * apart. Two families conflict when any text could fit both templates, whatever their patterns are.
 *
 * @throws TypeError that names the `iss`.
 */
export function checkConflicts(members: readonly Member[]): void {
  members.forEach((one, index) => {
    for (const other of members.slice(index + 1)) {
      const iss = sharedIss(one, other)
      if (iss !== undefined && !areApart(one.endpoint, other.endpoint))
        throw new TypeError(`Two configured issuers answer to '${iss}': leave one out.`)
      const prefix = sharedPrefix(one.endpoint, other.endpoint)
      if (prefix !== undefined)
        throw new TypeError(`Two configured issuers answer to the subjects '${prefix}…': leave one out.`)
    }
  })
}

function sharedIss(one: Member, other: Member): string | undefined {
  if (one.template && other.template) return one.template.overlaps(other.template) ? one.endpoint.issuer : undefined
  if (one.template) return sharedIss(other, one)
  const { template } = other
  const names = [one.endpoint.issuer, ...(one.endpoint.aliases ?? [])]
  if (template) return names.find((iss) => template.tenantOf(iss) !== undefined)
  return names.find((iss) => iss === other.endpoint.issuer || other.endpoint.aliases?.includes(iss))
}

function areApart({ discriminator: one }: IssuerEndpoint, { discriminator: other }: IssuerEndpoint): boolean {
  if (one === undefined || one.claim !== other?.claim) return false
  const values = other.values.map((value) => value.toLowerCase())
  return !one.values.some((value) => values.includes(value.toLowerCase()))
}

function sharedPrefix(one: IssuerEndpoint, other: IssuerEndpoint): string | undefined {
  const [a, b] = [one.subjectPrefix, other.subjectPrefix]
  if (a === undefined || b === undefined) return undefined
  return a.startsWith(b) || b.startsWith(a) ? a : undefined
}
