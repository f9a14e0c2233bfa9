// Keys that are published as PEM text (Firebase, Google IAP, AWS ALB). Applications without such an issuer do not bundle it.
import { createKeysByKid } from '../jwks/by-kid.ts'
import { jwksFromPemMap, readPem } from '../crypto/pem.ts'
import { createRemoteKeys, fixedLocation } from '../jwks/remote.ts'
import { checkArgumentCount, checkOptionNames, checkString } from '../internal/options.ts'
import { withoutLogin } from '../internal/urls.ts'
import { type Algorithm, isAlgorithm } from '../crypto/algorithms.ts'
import type { IssuerKeys, JwkSet } from './issuer.ts'

/**
 * Keys in a JSON object at `uri`, from `kid` to a PEM certificate or public key. Does not check a certificate's dates, names or
 * chain: like a JWK, it is as trustworthy as its address.
 */
export function pemMap(uri: string): IssuerKeys {
  checkArgumentCount('pemMap()', arguments, 1)
  return {
    addresses: [uri],
    create: ({ keyStore, ...context }) =>
      createRemoteKeys({
        ...context,
        store: keyStore,
        location: fixedLocation(uri),
        source: uri,
        toJwks: jwksFromPemMap,
      }),
  }
}

/**
 * Returns the JWK of a PEM certificate or public key, for `jwks: { keys: [jwkFromPem(pem)] }`. Without `kid` it serves tokens
 * of any `kid`, if it is the only key of the set. Without `alg` it is bound to the first of the issuer's algorithms that fits
 * its type. Does not check a certificate's dates, names or chain.
 *
 * @throws TypeError for anything but one PEM certificate or public key, a private key included, and on a runtime without
 * node:crypto.
 */
export function jwkFromPem(
  pem: string,
  options: { readonly kid?: string; readonly alg?: Algorithm } = {},
): JwkSet['keys'][number] {
  checkArgumentCount('jwkFromPem()', arguments, 2)
  checkOptionNames('jwkFromPem()', options, ['kid', 'alg'])
  const { kid, alg } = options
  if (kid !== undefined) checkString('kid', kid)
  if (alg !== undefined) checkAlgorithm(alg)
  const jwk = readPem(pem)
  if (jwk.kty === undefined)
    throw new TypeError(
      'jwkFromPem() needs the text of one PEM that begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----; a private key is never used.',
    )
  return { ...jwk, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) }
}

function checkAlgorithm(alg: unknown): void {
  if (!isAlgorithm(alg)) throw new TypeError(`alg must be an algorithm such as 'RS256', not '${String(alg)}'.`)
}

/**
 * One PEM public key for each `kid`, at an address made of it: `uri` holds `{kid}` once. Only a `kid` that matches `kidPattern`
 * is fetched: anchor the pattern, and allow no character with a meaning in a URL. Unknown kids cause at most five fetches a
 * second.
 *
 * @throws TypeError for a `uri` without `{kid}`.
 */
export function pemPerKid(uri: string, kidPattern: RegExp): IssuerKeys {
  checkArgumentCount('pemPerKid()', arguments, 2)
  if (uri.split('{kid}').length !== 2) throw new TypeError(`'${withoutLogin(uri)}' must hold {kid} exactly once.`)
  // A copy: code that shares the expression could make it match other texts.
  const pattern = new RegExp(kidPattern.source, kidPattern.flags)
  return {
    addresses: [uri],
    create: ({ keyStore, ...context }) =>
      createKeysByKid({ ...context, store: keyStore, pemUri: uri, kidPattern: pattern }),
  }
}
