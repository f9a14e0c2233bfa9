// One template for the issuers of many tenants. Pure text: a prefix, a tenant, a suffix; no pattern is tested with a whole
// `iss`.
import { withoutLogin } from '../internal/urls.ts'
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
  const { placeholder, pattern } = tenants
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
      // A global or sticky expression keeps its position, and would answer every second test wrongly.
      pattern.lastIndex = 0
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
