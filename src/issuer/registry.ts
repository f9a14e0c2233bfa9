// The issuers that a verifier trusts, found by a token's exact `iss` (RFC 8725 §3.8), or by the template of an STS with one
// issuer for each tenant. Other claims only choose between endpoints that share an `iss`.
import type { JsonObject } from '../internal/json.ts'
import { createKeysByTenant } from '../jwks/by-tenant.ts'
import type { KeySource } from '../jwks/key-source.ts'
import type { Issuer, IssuerEndpoint } from './issuer.ts'
import { createIssuerKeys, type RegistryOptions } from './keys.ts'
import { type IssuerTemplate, keysOfTenant, readTemplate } from './tenants.ts'

/** One trusted `iss`, its keys, and the profile of its tokens. Its keys serve no other issuer. */
export interface TrustedIssuer {
  readonly issuer: string
  /** The tenant within a family; not verified yet. */
  readonly tenant?: string
  readonly profile: Issuer
  readonly keys: KeySource
}

export interface IssuerRegistry {
  find(claims: JsonObject): TrustedIssuer | undefined
  /** The discriminators of the endpoints with this `iss`. Empty where there is no such endpoint, or one alone. */
  discriminatorsOf(iss: unknown): readonly Discriminator[]
  /** One for each endpoint. A family is one, under its template. */
  readonly all: readonly TrustedIssuer[]
}

type Discriminator = NonNullable<IssuerEndpoint['discriminator']>

interface Member {
  readonly endpoint: IssuerEndpoint
  readonly trusted: TrustedIssuer
  readonly template: IssuerTemplate | undefined
  readonly keysOf: ((tenant: string) => KeySource) | undefined
}

/** @throws TypeError when two of `issuers` could answer to one `iss`. */
export function createIssuerRegistry(issuers: readonly Issuer[], options: RegistryOptions): IssuerRegistry {
  const members = issuers.flatMap((profile) =>
    profile.endpoints.map((endpoint) => createMember(endpoint, profile, options)),
  )
  checkConflicts(members)
  const byIss = new Map<unknown, readonly Member[]>()
  for (const member of members.filter(({ template }) => !template)) {
    for (const iss of namesOf(member.endpoint)) byIss.set(iss, [...(byIss.get(iss) ?? []), member])
  }
  const families = members.filter(({ template }) => template)
  const withoutIss = members.filter(({ endpoint }) => endpoint.subjectPrefix !== undefined)

  function find(claims: JsonObject): TrustedIssuer | undefined {
    const { iss, sub } = claims
    if (!Object.hasOwn(claims, 'iss')) return withoutIss.find(({ endpoint }) => begins(sub, endpoint))?.trusted
    const exact = byIss.get(iss)
    if (exact) return exact.find(({ endpoint }) => isFor(endpoint, claims))?.trusted
    for (const family of families) {
      const tenant = typeof iss === 'string' ? family.template?.tenantOf(iss) : undefined
      if (tenant !== undefined && isFor(family.endpoint, claims)) return ofTenant(family, tenant)
    }
    return undefined
  }

  function discriminatorsOf(iss: unknown): readonly Discriminator[] {
    const named =
      byIss.get(iss) ?? families.filter(({ template }) => typeof iss === 'string' && template?.tenantOf(iss))
    return named.flatMap(({ endpoint }) => endpoint.discriminator ?? [])
  }

  return { find, discriminatorsOf, all: members.map(({ trusted }) => trusted) }
}

function namesOf({ issuer, aliases = [] }: IssuerEndpoint): readonly string[] {
  return [issuer, ...aliases]
}

function createMember(endpoint: IssuerEndpoint, profile: Issuer, options: RegistryOptions): Member {
  const { issuer, tenants } = endpoint
  const template = readTemplate(endpoint)
  if (template && tenants?.keys === 'each') {
    const keysOf = createKeysByTenant((tenant) => {
      const keys = keysOfTenant(endpoint.keys, tenants.placeholder, tenant)
      return createIssuerKeys({ ...endpoint, issuer: template.issuerOf(tenant), keys }, profile, options)
    }, options.network.clock)
    return { endpoint, template, keysOf, trusted: { issuer, profile, keys: { findKey: async () => undefined } } }
  }
  const trusted = { issuer, profile, keys: createIssuerKeys(endpoint, profile, options) }
  return { endpoint, template, keysOf: undefined, trusted }
}

function ofTenant({ trusted, template, keysOf }: Member, tenant: string): TrustedIssuer {
  const issuer = template?.issuerOf(tenant) ?? trusted.issuer
  return { ...trusted, issuer, tenant, keys: keysOf?.(tenant) ?? trusted.keys }
}

function begins(sub: unknown, { subjectPrefix }: IssuerEndpoint): boolean {
  return typeof sub === 'string' && subjectPrefix !== undefined && sub.startsWith(subjectPrefix)
}

function isFor({ discriminator }: IssuerEndpoint, claims: JsonObject): boolean {
  if (!discriminator) return true
  const value = Object.hasOwn(claims, discriminator.claim) ? claims[discriminator.claim] : undefined
  if (typeof value !== 'string') return false
  const small = value.toLowerCase()
  return discriminator.values.some((one) => one.toLowerCase() === small)
}

// Refuses two endpoints that could both answer to one token. Neither is silently preferred.

/**
 * Refuses endpoints that share an `iss`, also that of a tenant in a family, unless their `discriminator` tells their tokens
 * apart. Two families conflict when any text could fit both templates, whatever their patterns are.
 *
 * @throws TypeError that names the `iss`.
 */
function checkConflicts(members: readonly Member[]): void {
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
