// Reads an issuer that a preset, or somebody else, made: a checked copy that nobody can change any more.
import { frozenCopy } from '../internal/frozen-copy.ts'
import { checkFunction, checkString, checkStrings } from '../internal/options.ts'
import { readKeyCacheOptions } from '../keys/key-settings.ts'
import { readClients } from '../principal/client-registry.ts'
import { isAlgorithm } from '../token/algorithms.ts'
import type { Issuer } from './issuer.ts'
import { readEndpoint } from './read-endpoint.ts'

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
  // Frozen besides: lists of these go to key sources and into the details of errors, which strangers get to see.
  const data = frozenCopy({ preset, algorithms, types, requiredClaims, looseClaims, ...definedMembers(issuer) })
  return {
    ...data,
    endpoints: endpoints.map((endpoint) => readEndpoint(preset, endpoint, issuer.admits !== undefined)),
    // A schema is somebody's code, like the functions.
    ...(issuer.claims !== undefined && { claims: issuer.claims }),
    ...boundFunctions(issuer),
  }
}

const optionalMembers = ['audienceFrom', 'keyCache', 'tokenHeader', 'paddedTokens', 'clients'] as const

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
