// Reads an issuer from a preset or from the application: a checked copy that no later change can reach.
import { isAlgorithm } from '../crypto/algorithms.ts'
import { frozenCopy } from '../internal/freeze.ts'
import { checkBoolean, checkFunction, checkString, checkStrings } from '../internal/options.ts'
import { checkPattern } from '../internal/patterns.ts'
import { checkAddress } from '../internal/urls.ts'
import { readKeyCacheOptions } from '../jwks/settings.ts'
import { readClients } from '../principal/principal.ts'
import type { Issuer, IssuerEndpoint, IssuerKeys } from './issuer.ts'
import { readTemplate } from './tenants.ts'

const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const alwaysStandard = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat']

/** @throws TypeError for an issuer that can never work, or that would silently weaken a check. */
export function readIssuer(issuer: Issuer): Issuer {
  const { preset, endpoints, algorithms, types, requiredClaims } = issuer
  if (!Array.isArray(endpoints) || endpoints.length === 0) throw new TypeError(`${preset}: endpoints must be a list.`)
  checkStrings(`${preset}: algorithms`, algorithms)
  const unsupported = (algorithms as readonly string[]).find((name) => !isAlgorithm(name))
  if (unsupported !== undefined) throw new TypeError(`${preset}: algorithms may not hold ${unsupported}.`)
  checkStrings(`${preset}: requiredClaims`, requiredClaims, 0)
  if (!Array.isArray(types)) throw new TypeError(`${preset}: types must be a list.`)
  checkOptionalMembers(issuer)
  return {
    // Frozen in addition: key sources and the details of errors share these lists, and both leave this package.
    ...frozenCopy({ preset, algorithms, types, requiredClaims, ...optionalData(issuer) }),
    endpoints: endpoints.map((endpoint) => readEndpoint(preset, endpoint, issuer.isTenantAllowed !== undefined)),
    // A schema is the application's code, like the functions.
    ...(issuer.claims !== undefined && { claims: issuer.claims }),
    ...boundFunctions(issuer),
  }
}

const data = ['nonStandardClaimTypes', 'audienceSource', 'keyCache', 'tokenHeader', 'base64Padding', 'clients'] as const

function optionalData(issuer: Issuer): Partial<Issuer> {
  return Object.fromEntries(data.map((name) => [name, issuer[name]]).filter(([, value]) => value !== undefined))
}

const functions = [
  'validateToken',
  'validateRequest',
  'principal',
  'isTenantAllowed',
  'checkKey',
  'enrichPrincipal',
  'hint',
] as const

/** Bound, since an issuer may be an instance of a class. */
function boundFunctions(issuer: Issuer): Pick<Issuer, (typeof functions)[number]> {
  const bound = functions
    .filter((name) => issuer[name] !== undefined || name === 'validateToken' || name === 'principal')
    .map((name) => {
      checkFunction(`${issuer.preset}: ${name}`, issuer[name])
      return [name, (issuer[name] as () => unknown).bind(issuer)] as const
    })
  return Object.fromEntries(bound) as unknown as Pick<Issuer, (typeof functions)[number]>
}

function checkOptionalMembers(issuer: Issuer): void {
  const { preset, nonStandardClaimTypes = [], audience, audienceSource, keyCache, tokenHeader, base64Padding } = issuer
  checkStrings(`${preset}: nonStandardClaimTypes`, nonStandardClaimTypes, 0)
  if (nonStandardClaimTypes.some((name) => alwaysStandard.includes(name)))
    throw new TypeError(`${preset}: nonStandardClaimTypes must not hold any of ${alwaysStandard.join(', ')}.`)
  if (audienceSource !== undefined) {
    checkString(`${preset}: audienceSource`, 'claim' in audienceSource ? audienceSource.claim : audienceSource.header)
    if (!audience?.length)
      throw new TypeError(`${preset}: an issuer with audienceSource must bring its own audience: aud is another thing.`)
  }
  // Only read for its errors: the registry reads it again, together with the verifier's `keyCache`.
  if (keyCache !== undefined) readKeyCacheOptions(keyCache)
  if (tokenHeader !== undefined && !(typeof tokenHeader === 'string' && headerName.test(tokenHeader)))
    throw new TypeError(`${preset}: tokenHeader must be a header's name in small letters.`)
  if (base64Padding !== undefined) checkStrings(`${preset}: base64Padding.headerClaims`, base64Padding.headerClaims, 0)
  if (issuer.claims !== undefined)
    checkFunction(`${preset}: claims['~standard'].validate`, issuer.claims['~standard']?.validate)
  if (issuer.clients !== undefined) readClients(issuer.clients)
}

/**
 * Reads one endpoint: a checked copy that shares only functions with the original. `hasTenantCheck` says whether the issuer has
 * `isTenantAllowed`.
 *
 * @throws TypeError for an endpoint that can never work or is not safe.
 */
function readEndpoint(preset: string, given: IssuerEndpoint, hasTenantCheck: boolean): IssuerEndpoint {
  const endpoint = frozenCopy(given)
  const { issuer, aliases, discriminator, subjectPrefix, keyUse, insecureAllowHttp } = endpoint
  checkString(`${preset}: issuer`, issuer)
  if (aliases !== undefined) checkStrings(`${preset}: aliases`, aliases, 0)
  if (discriminator !== undefined) {
    checkString(`${preset}: discriminator.claim`, discriminator.claim)
    checkStrings(`${preset}: discriminator.values`, discriminator.values)
  }
  if (subjectPrefix !== undefined) checkString(`${preset}: subjectPrefix`, subjectPrefix)
  if (keyUse !== undefined) checkString(`${preset}: keyUse`, keyUse)
  checkBoolean(`${preset}: insecureAllowHttp`, insecureAllowHttp)
  checkKeys(preset, endpoint)
  checkTenants(preset, endpoint, hasTenantCheck)
  return endpoint
}

function checkTenants(preset: string, endpoint: IssuerEndpoint, hasTenantCheck: boolean): void {
  const { tenants, aliases, subjectPrefix, keys } = endpoint
  if (!tenants) return
  const { placeholder, pattern } = tenants
  checkPattern(`${preset}: tenants.pattern`, pattern)
  readTemplate(endpoint)
  // A misspelt "each" taken for "shared" would verify every tenant's tokens with the keys of one.
  if (tenants.keys !== 'shared' && tenants.keys !== 'each')
    throw new TypeError(`${preset}: tenants.keys must be 'shared' or 'each'.`)
  if (aliases?.length || subjectPrefix !== undefined)
    throw new TypeError(`${preset}: an issuer for many tenants has no aliases and no subjectPrefix.`)
  if (tenants.keys === 'shared') return
  if (!hasTenantCheck || 'create' in keys || 'jwks' in keys)
    throw new TypeError(`${preset}: keys for each tenant need isTenantAllowed, and addresses with '${placeholder}'.`)
  for (const address of addressesOf(keys)) checkTenantAddress(preset, address, placeholder)
}

/** With one address for all, the administrator of any tenant could sign for every other. The part after a `#` is not sent. */
function checkTenantAddress(preset: string, address: string, placeholder: string): void {
  const [sent = ''] = address.split('#')
  if (sent.includes(placeholder)) return
  const { origin, pathname } = new URL(address)
  throw new TypeError(
    `${preset}: with keys for each tenant '${address}' must hold '${placeholder}': write '${origin}/${placeholder}${pathname}', or tenants.keys: 'shared'.`,
  )
}

const keyLocations = ['jwks', 'jwksUri', 'metadataUrls', 'create'] as const

/** Exactly one place: with two, the origin of the keys would be unclear. */
function checkKeys(preset: string, { keys, insecureAllowHttp }: IssuerEndpoint): void {
  if (typeof keys !== 'object' || keys === null) throw new TypeError(`${preset}: keys say where the keys are.`)
  if (keyLocations.filter((name) => name in keys).length !== 1)
    throw new TypeError(`${preset}: keys must have one of ${keyLocations.join(', ')}.`)
  if ('create' in keys) checkFunction(`${preset}: keys.create`, keys.create)
  if ('metadataUrls' in keys) checkStrings(`${preset}: keys.metadataUrls`, keys.metadataUrls)
  for (const address of addressesOf(keys)) checkAddress(`${preset}: an address of its keys`, address, insecureAllowHttp)
}

function addressesOf(keys: IssuerKeys): readonly string[] {
  if ('metadataUrls' in keys) return keys.metadataUrls
  if ('jwksUri' in keys) return [keys.jwksUri]
  return 'create' in keys ? (keys.addresses ?? []) : []
}
