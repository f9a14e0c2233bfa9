// The issuers of many tenants: one template, and keys for each tenant. The template is pure text (a prefix, a tenant, a suffix): no
// pattern is tested with a whole `iss`.
import { LRUCache } from 'lru-cache'
import { AuthError } from '../errors/auth-error.ts'
import { type Clock, createSteadyClock } from '../internal/clock.ts'
import { whole } from '../internal/patterns.ts'
import { withoutLogin } from '../internal/urls.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { createTokenBucket } from '../jwks/settings.ts'
import type { IssuerEndpoint, IssuerKeys } from './issuer.ts'

const maxTenantLength = 128

/** The parts of a template. */
export interface IssuerTemplate {
  /** The tenant that `iss` names, or `undefined` for an `iss` outside this family. */
  tenantOf(iss: string): string | undefined
  issuerOf(tenant: string): string
  /** Whether one `iss` could fit both. */
  overlaps(other: IssuerTemplate): boolean
  readonly prefix: string
  readonly suffix: string
}

/** @throws TypeError when the placeholder is not in the template, or more than once. */
export function readTemplate({ issuer, tenants }: IssuerEndpoint): IssuerTemplate | undefined {
  if (!tenants) return undefined
  const { placeholder } = tenants
  const pattern = whole(tenants.pattern)
  const [prefix, suffix, more] = issuer.split(placeholder)
  if (!placeholder || prefix === undefined || suffix === undefined || more !== undefined)
    throw new TypeError(`The issuer '${withoutLogin(issuer)}' must hold its placeholder '${placeholder}' exactly once.`)
  return {
    prefix,
    suffix,
    tenantOf(iss) {
      const length = iss.length - prefix.length - suffix.length
      if (length <= 0 || length > maxTenantLength || !iss.startsWith(prefix) || !iss.endsWith(suffix)) return undefined
      const tenant = iss.slice(prefix.length, prefix.length + length)
      // No encoding keeps "." and ".." from changing the path of an address.
      return pattern.test(tenant) && tenant !== '.' && tenant !== '..' ? tenant : undefined
    },
    issuerOf: (tenant) => `${prefix}${tenant}${suffix}`,
    overlaps: (other) =>
      (prefix.startsWith(other.prefix) || other.prefix.startsWith(prefix)) &&
      (suffix.endsWith(other.suffix) || other.suffix.endsWith(suffix)),
  }
}

/** The addresses of one tenant's keys. */
export function keysOfTenant(keys: IssuerKeys, placeholder: string, tenant: string): IssuerKeys {
  const filled = (url: string): string => url.replaceAll(placeholder, () => encodeURIComponent(tenant))
  if ('jwksUri' in keys) return { jwksUri: filled(keys.jwksUri) }
  if (!('metadataUrls' in keys)) return keys
  const { metadataUrls, metadataIssuer } = keys
  return {
    ...keys,
    metadataUrls: metadataUrls.map(filled),
    ...(metadataIssuer !== undefined && { metadataIssuer: metadataIssuer.replaceAll(placeholder, () => tenant) }),
  }
}

// The keys of many tenants, created when first asked for. The caller must have allowed the tenant before.

const maxTenants = 1000
/** New tenants at once, and the interval for one more. They bound the fetches when an application allows too many tenants. */
const newTenantBurst = 100
const newTenantRefillMs = 100

/** Creates the keys of a tenant with `create`, and keeps those of the 1000 tenants last used. Does nothing before a key is asked for. */
export function createKeysByTenant(create: (tenant: string) => KeySource, clock: Clock): (tenant: string) => KeySource {
  const sources = new LRUCache<string, KeySource>({ max: maxTenants })
  const newTenants = createTokenBucket(newTenantBurst, newTenantRefillMs)
  const steady = createSteadyClock(clock)

  function keysOf(tenant: string): KeySource {
    const existing = sources.get(tenant)
    if (existing) return existing
    const nowMs = steady.nowMs()
    if (!newTenants.take(nowMs)) {
      throw new AuthError('keys_unavailable', {
        retryAfterSeconds: newTenants.waitMs(nowMs) / 1000,
        hint: 'too many tenants became new at once',
      })
    }
    const created = create(tenant)
    sources.set(tenant, created)
    return created
  }

  return (tenant) => ({
    findKey: (query) => keysOf(tenant).findKey(query),
    findReplacement: (query, failed, since) => keysOf(tenant).findReplacement?.(query, failed, since),
    loadsBegun: (query) => sources.get(tenant)?.loadsBegun?.(query),
  })
}
