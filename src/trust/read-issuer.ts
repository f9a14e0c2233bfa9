// Reads an issuer that a preset, or somebody else, made: a checked copy that nobody can change any more.
import { checkFunction, checkString, checkStrings } from '../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../internal/urls.ts'
import { readKeyCacheOptions } from '../keys/key-settings.ts'
import { readClients } from '../principal/client-registry.ts'
import { isAlgorithm } from '../token/algorithms.ts'
import type { Issuer } from './issuer.ts'
import type { IssuerEndpoint, IssuerKeys } from './issuer-endpoint.ts'
import { readTemplate } from './tenant-family.ts'

const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const neverLoose = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat']

/** @throws TypeError for what can never work, or would weaken a check without saying so. */
export function readIssuer(issuer: Issuer): Issuer {
  const { preset, endpoints, algorithms, types, requiredClaims, looseClaims = [] } = issuer
  if (!Array.isArray(endpoints) || endpoints.length === 0) throw new TypeError(`${preset}: endpoints must be a list.`)
  checkStrings(`${preset}: algorithms`, algorithms)
  const unknown = (algorithms as readonly string[]).find((name) => !isAlgorithm(name))
  if (unknown !== undefined) throw new TypeError(`${preset}: algorithms may not hold ${unknown}.`)
  checkStrings(`${preset}: requiredClaims`, requiredClaims, 0)
  if (!Array.isArray(types)) throw new TypeError(`${preset}: types must be a list.`)
  checkStrings(`${preset}: looseClaims`, looseClaims, 0)
  if (looseClaims.some((name) => neverLoose.includes(name)))
    throw new TypeError(`${preset}: looseClaims must not hold any of ${neverLoose.join(', ')}.`)
  checkOptionalParts(issuer)
  return {
    preset,
    endpoints: endpoints.map((endpoint) => readEndpoint(preset, endpoint, issuer.admits !== undefined)),
    algorithms: [...algorithms],
    types: [...types],
    requiredClaims: [...requiredClaims],
    looseClaims: [...looseClaims],
    ...definedMembers(issuer),
    ...boundFunctions(issuer),
  }
}

const optionalMembers = ['audienceFrom', 'keyCache', 'tokenHeader', 'paddedTokens', 'claims', 'clients'] as const

function definedMembers(issuer: Issuer): Partial<Issuer> {
  return Object.fromEntries(
    optionalMembers.filter((name) => issuer[name] !== undefined).map((name) => [name, issuer[name]]),
  )
}

const functions = ['checkToken', 'principal', 'admits', 'checkKey', 'complete', 'hint'] as const

/** Bound, since an issuer may be an instance of a class. */
function boundFunctions(issuer: Issuer): Pick<Issuer, (typeof functions)[number]> {
  const bound = functions
    .filter((name) => issuer[name] !== undefined || name === 'checkToken' || name === 'principal')
    .map((name) => {
      checkFunction(`${issuer.preset}: ${name}`, issuer[name])
      return [name, (issuer[name] as () => unknown).bind(issuer)] as const
    })
  return Object.fromEntries(bound) as unknown as Pick<Issuer, (typeof functions)[number]>
}

function checkOptionalParts(issuer: Issuer): void {
  const { preset, audience, audienceFrom, keyCache, tokenHeader, paddedTokens } = issuer
  if (audienceFrom !== undefined) {
    checkString(`${preset}: audienceFrom`, 'claim' in audienceFrom ? audienceFrom.claim : audienceFrom.header)
    if (!audience?.length)
      throw new TypeError(`${preset}: an issuer with audienceFrom must bring its own audience: aud is another thing.`)
  }
  if (keyCache !== undefined) readKeyCacheOptions(keyCache)
  if (tokenHeader !== undefined && !(typeof tokenHeader === 'string' && headerName.test(tokenHeader)))
    throw new TypeError(`${preset}: tokenHeader must be a header's name in small letters.`)
  if (paddedTokens !== undefined) checkStrings(`${preset}: paddedTokens.headerClaims`, paddedTokens.headerClaims, 0)
  if (issuer.claims !== undefined)
    checkFunction(`${preset}: claims['~standard'].validate`, issuer.claims['~standard']?.validate)
  if (issuer.clients !== undefined) readClients(issuer.clients)
}

function readEndpoint(preset: string, endpoint: IssuerEndpoint, hasAdmits: boolean): IssuerEndpoint {
  const { issuer, aliases, tenants, where, subjectPrefix, keys, insecureAllowHttp } = endpoint
  checkString(`${preset}: issuer`, issuer)
  if (aliases !== undefined) checkStrings(`${preset}: aliases`, aliases, 0)
  if (where !== undefined) checkStrings(`${preset}: where.values`, where.values)
  if (subjectPrefix !== undefined) checkString(`${preset}: subjectPrefix`, subjectPrefix)
  if (typeof keys !== 'object' || keys === null) throw new TypeError(`${preset}: keys say where the keys are.`)
  readTemplate(endpoint)
  if (tenants) {
    if (aliases?.length || subjectPrefix !== undefined)
      throw new TypeError(`${preset}: an issuer for many tenants has neither aliases nor a subjectPrefix.`)
    if (tenants.keys === 'each' && (!hasAdmits || 'create' in keys || 'jwks' in keys))
      throw new TypeError(`${preset}: keys for each tenant need admits, and addresses with '${tenants.placeholder}'.`)
  }
  if ('create' in keys) checkFunction(`${preset}: keys.create`, keys.create)
  for (const address of addressesOf(keys)) checkAddress(preset, address, insecureAllowHttp)
  return { ...endpoint, keys: 'metadataUrls' in keys ? { ...keys, metadataUrls: [...keys.metadataUrls] } : { ...keys } }
}

function addressesOf(keys: IssuerKeys): readonly string[] {
  if ('metadataUrls' in keys) return keys.metadataUrls
  if ('jwksUri' in keys) return [keys.jwksUri]
  return 'create' in keys ? (keys.addresses ?? []) : []
}

/** Whoever is on the wire of an address could make up keys. */
function checkAddress(preset: string, address: string, allowHttp: boolean): void {
  const url = typeof address === 'string' ? parseUrl(address) : undefined
  if (!url || !isSecureEnough(url, allowHttp) || hasLogin(url))
    throw new TypeError(`${preset}: '${address}' must be an https URL without a user name.`)
}
