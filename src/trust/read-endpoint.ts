// Reads one endpoint of an issuer that a preset, or somebody else, made: a checked copy, which shares nothing with it but functions.
import { frozenCopy } from '../internal/frozen-copy.ts'
import { checkBoolean, checkFunction, checkString, checkStrings } from '../internal/options.ts'
import { checkAddress } from '../internal/urls.ts'
import type { IssuerEndpoint, IssuerKeys, TenantFamily } from './issuer-endpoint.ts'
import { readTemplate } from './tenant-family.ts'

/** `hasAdmits` says whether somebody is asked which tenants may come in. @throws TypeError for what can never work, or is not safe. */
export function readEndpoint(preset: string, given: IssuerEndpoint, hasAdmits: boolean): IssuerEndpoint {
  const endpoint = frozenCopy(given)
  const { issuer, aliases, tenants, where, subjectPrefix, keyUse, insecureAllowHttp } = endpoint
  checkString(`${preset}: issuer`, issuer)
  if (aliases !== undefined) checkStrings(`${preset}: aliases`, aliases, 0)
  if (where !== undefined) checkString(`${preset}: where.claim`, where.claim)
  if (where !== undefined) checkStrings(`${preset}: where.values`, where.values)
  if (subjectPrefix !== undefined) checkString(`${preset}: subjectPrefix`, subjectPrefix)
  if (keyUse !== undefined) checkString(`${preset}: keyUse`, keyUse)
  checkBoolean(`${preset}: insecureAllowHttp`, insecureAllowHttp)
  checkKeys(preset, endpoint)
  if (tenants) checkTenants(preset, endpoint, tenants, hasAdmits)
  return endpoint
}

function checkTenants(
  preset: string,
  endpoint: IssuerEndpoint,
  { placeholder, pattern, keys: whose }: TenantFamily,
  hasAdmits: boolean,
): void {
  const { aliases, subjectPrefix, keys } = endpoint
  readTemplate(endpoint)
  if (!(pattern instanceof RegExp))
    throw new TypeError(`${preset}: tenants.pattern must be a regular expression such as /^[a-z]{1,32}$/.`)
  // Taken for "shared", a misspelt "each" would have every tenant's tokens verified by the keys of one.
  if (whose !== 'shared' && whose !== 'each') throw new TypeError(`${preset}: tenants.keys must be 'shared' or 'each'.`)
  if (aliases?.length || subjectPrefix !== undefined)
    throw new TypeError(`${preset}: an issuer for many tenants has neither aliases nor a subjectPrefix.`)
  if (whose === 'shared') return
  if (!hasAdmits || 'create' in keys || 'jwks' in keys)
    throw new TypeError(`${preset}: keys for each tenant need admits, and addresses with '${placeholder}'.`)
  for (const address of addressesOf(keys)) checkOwnAddress(preset, address, placeholder)
}

/** At one address for all, whoever administers a tenant could sign for any other. What stands behind a `#` is not sent. */
function checkOwnAddress(preset: string, address: string, placeholder: string): void {
  const [sent = ''] = address.split('#')
  if (sent.includes(placeholder)) return
  const { origin, pathname } = new URL(address)
  throw new TypeError(
    `${preset}: with keys for each tenant '${address}' must hold '${placeholder}', or all tenants would share its keys: write one such as '${origin}/${placeholder}${pathname}', or tenants.keys: 'shared'.`,
  )
}

const placesOfKeys = ['jwks', 'jwksUri', 'metadataUrls', 'create'] as const

/** One place, since it could not be told from which of two the keys come. */
function checkKeys(preset: string, { keys, insecureAllowHttp }: IssuerEndpoint): void {
  if (typeof keys !== 'object' || keys === null) throw new TypeError(`${preset}: keys say where the keys are.`)
  if (placesOfKeys.filter((name) => name in keys).length !== 1)
    throw new TypeError(`${preset}: keys must have one of ${placesOfKeys.join(', ')}.`)
  if ('create' in keys) checkFunction(`${preset}: keys.create`, keys.create)
  if ('metadataUrls' in keys) checkStrings(`${preset}: keys.metadataUrls`, keys.metadataUrls)
  for (const address of addressesOf(keys)) checkAddress(`${preset}: an address of its keys`, address, insecureAllowHttp)
}

function addressesOf(keys: IssuerKeys): readonly string[] {
  if ('metadataUrls' in keys) return keys.metadataUrls
  if ('jwksUri' in keys) return [keys.jwksUri]
  return 'create' in keys ? (keys.addresses ?? []) : []
}
