// The issuers that a verifier trusts, found by a token's exact `iss` (RFC 8725 §3.8). An STS with one issuer for each tenant is found
// by its template. Other claims only choose between endpoints that share an `iss`.
import type { JsonObject } from '../internal/json.ts'
import { createKeysByTenant, type IssuerTemplate, keysOfTenant, readTemplate } from './tenants.ts'
import type { KeySource } from '../jwks/key-source.ts'
import type { Issuer, IssuerEndpoint } from './issuer.ts'
import { createIssuerKeys, type RegistryOptions } from './keys.ts'

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
    // Only a missing `iss` selects by subject (SPIFFE). An `iss` of the wrong type is of no trusted issuer.
    if (!Object.hasOwn(claims, 'iss')) return withoutIss.find(({ endpoint }) => begins(sub, endpoint))?.trusted
    // An exact name wins over a template, and a failed discriminator does not fall back to one.
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
    // Without a tenant there are no keys: `find` gives each tenant its key source.
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
  // A member of Object.prototype is no claim.
  const value = Object.hasOwn(claims, discriminator.claim) ? claims[discriminator.claim] : undefined
  return typeof value === 'string' && includesValue(discriminator, value)
}

/**
 * Refuses endpoints that share an `iss`, also that of a tenant in a family: neither is silently preferred. A `discriminator` may tell
 * their tokens apart. Two families conflict when any text could fit both templates, whatever their patterns are.
 *
 * @throws TypeError that names the `iss`.
 */
function checkConflicts(members: readonly Member[]): void {
  for (const [index, one] of members.entries()) {
    for (const other of members.slice(index + 1)) {
      const iss = sharedIss(one, other)
      if (iss !== undefined && !areDisjoint(one.endpoint.discriminator, other.endpoint.discriminator))
        throw new TypeError(`Two configured issuers answer to '${iss}': leave one out.`)
      const [prefix, otherPrefix] = [one.endpoint.subjectPrefix, other.endpoint.subjectPrefix]
      if (prefix === undefined || otherPrefix === undefined) continue
      if (prefix.startsWith(otherPrefix) || otherPrefix.startsWith(prefix))
        throw new TypeError(`Two configured issuers answer to the subjects '${prefix}…': leave one out.`)
    }
  }
}

function sharedIss(one: Member, other: Member): string | undefined {
  const { endpoint, template } = other
  if (one.template && template) return one.template.overlaps(template) ? one.endpoint.issuer : undefined
  if (one.template) return sharedIss(other, one)
  return namesOf(one.endpoint).find((iss) => (template ? template.tenantOf(iss) : namesOf(endpoint).includes(iss)))
}

function areDisjoint(one: Discriminator | undefined, other: Discriminator | undefined): boolean {
  return one !== undefined && one.claim === other?.claim && !one.values.some((value) => includesValue(other, value))
}

/** Whether `value` is one of the discriminator's, in any letter case. */
function includesValue({ values }: Discriminator, value: string): boolean {
  const lowerCase = value.toLowerCase()
  return values.some((one) => one.toLowerCase() === lowerCase)
}
