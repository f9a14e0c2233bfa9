// The assertion: a JWT of the gateway about one request and its caller. An API that checks it needs to trust no header and no network.
import { type KeyObject, randomUUID, sign } from 'node:crypto'
import { decodeDerSignature } from '../crypto/der-signature.ts'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../internal/clock.ts'
import { createNotes } from '../internal/freeze.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import {
  checkFunction,
  checkNumber,
  checkOptionNames,
  checkOptions,
  checkString,
  checkStrings,
} from '../internal/options.ts'
import type { Issuer, IssuerWithAudience, JwkSet } from '../issuer/issuer.ts'
import { refuseMicrosoftHost } from '../presets/microsoft-hosts.ts'
import type { Principal } from '../principal/principal.ts'
import { readActor, readStrings } from '../principal/read-claims.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'
import { maxAssertionBytes } from './identity.ts'
import type { AssertionKey, AssertionKeys } from './signing-keys.ts'

/** The option `assertion`. */
export interface AssertionOptions {
  /** Its `iss`: any name for this gateway, which the API repeats. */
  readonly issuer: string
  /** Its `aud`: the API. */
  readonly audience: string
  readonly keys: AssertionKeys
  /** How long one is good: it serves requests alike for half of this. Default 30. */
  readonly lifetimeSeconds?: number
}

/** The request that an assertion is bound to. */
export interface AssertedRequest {
  readonly method: string
  /** As sent, undecoded, without the query. */
  readonly path: string
  readonly route: string
}

export interface Assertion {
  sign(auth: TokenByIssuer<unknown>, request: AssertedRequest): Promise<string>
  jwks(): JwkSet
}

export const assertionHeader = 'X-Auth-Assertion'
const type = 'claimcheck-assertion+jwt'
/** Characters, of names and assertions: one caller could fill a memory that counts nothing but its entries. */
const maxRemembered = 8 * 1024 * 1024

interface Remembered extends AssertionKey {
  readonly text: Promise<string>
  /** When it was made, in seconds. */
  readonly now: number
}

/** Reads the option. @throws TypeError for options that can never work. */
export function createAssertion(options: AssertionOptions, clock: Clock): Assertion {
  checkOptionNames('assertion', options, ['issuer', 'audience', 'keys', 'lifetimeSeconds'])
  const { issuer, audience, keys, lifetimeSeconds = 30 } = options
  checkString('assertion.issuer', issuer)
  checkString('assertion.audience', audience)
  checkFunction('assertion.keys.current', keys?.current)
  checkFunction('assertion.keys.jwks', keys?.jwks)
  checkNumber('assertion.lifetimeSeconds', lifetimeSeconds, 1, 300)

  const callers = createNotes<number>()
  let lastCaller = 0
  const remembered = new LRUCache<string, Remembered>({ maxSize: maxRemembered })

  /** Each serves one caller's requests of one method and path until half of its life is over: an API then verifies it once, too. */
  async function signFor(auth: TokenByIssuer<unknown>, request: AssertedRequest): Promise<string> {
    const { kid, privateKey } = keys.current()
    const now = Math.floor(clock.nowMs() / 1000)
    // Made once for each token.
    const known = callers.get(auth.principal)
    const caller = known ?? ++lastCaller
    if (known === undefined) callers.set(auth.principal, caller)
    // Neither a method nor a path holds a blank.
    const name = `${caller} ${auth.expiresAt} ${request.method} ${request.path} ${request.route}`
    const earlier = remembered.get(name)
    // A clock may have been set back, and a key may have come under the kid of another.
    const isRecent = earlier && earlier.now <= now && now < earlier.now + lifetimeSeconds / 2
    if (isRecent && earlier.kid === kid && earlier.privateKey === privateKey) return earlier.text
    const input = `${segment({ alg: 'ES256', typ: type, kid })}.${segment(claimsFor(auth, request, now))}`
    const text = signatureOf(Buffer.from(input), privateKey).then((signature) => `${input}.${signature}`)
    const size = name.length + input.length
    if (input.length < maxAssertionBytes) remembered.set(name, { text, kid, privateKey, now }, { size })
    text.catch(() => remembered.delete(name))
    return text
  }

  function claimsFor({ principal, expiresAt }: TokenByIssuer<unknown>, request: AssertedRequest, now: number): object {
    const { subject, key, kind, tenant, client, scopes, roles, actor, traits } = principal
    return {
      iss: issuer,
      aud: audience,
      sub: subject,
      key,
      kind,
      tenant,
      client_id: client?.id,
      scope: scopes.join(' '),
      roles,
      // Policies refuse by these: without them an impersonated or anonymous user would pass for an ordinary one.
      act: actor && { sub: actor.subject, iss: actor.issuer, traits: actor.traits },
      traits,
      htm: request.method,
      path: request.path,
      route: request.route,
      iat: now,
      // Never longer than the token that it stands for.
      exp: Math.min(now + lifetimeSeconds, expiresAt),
      jti: randomUUID(),
    }
  }

  return { sign: signFor, jwks: () => keys.jwks() }
}

/**
 * On a thread of the pool: the decision server's own thread is what a gateway waits for. With the key alone, as DER: asked for the form
 * of a JWT, Node 24 takes twice as long (measured 63 µs against 28).
 */
async function signatureOf(input: Buffer, key: KeyObject): Promise<string> {
  const der = await new Promise<Buffer>((resolve, reject) => {
    sign('sha256', input, key, (error, signature) => (error ? reject(error) : resolve(signature)))
  })
  return Buffer.from(decodeDerSignature(der, 32)).toString('base64url')
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Options of `gatewayAssertion`. One of `jwks` and `jwksUri` says where the keys are. */
export interface GatewayAssertionOptions {
  /** As the gateway's option `assertion` has it. */
  readonly issuer: string
  readonly audience: string | readonly [string, ...string[]]
  /** `/.well-known/jwks.json` of the decision server. */
  readonly jwksUri?: string
  readonly jwks?: JwkSet
  /** The beginning of the path that the gateway took off on the way, such as `/api`. Default: none. */
  readonly prefix?: string
}

/**
 * Trusts the assertions of a gateway, and takes them from `X-Auth-Assertion` only. Each is good for one method and one path, which are
 * compared for every request, for remembered assertions too. The principal is the one that the gateway verified, with its `key`, `actor`
 * and `traits`, but without permissions, groups and login: policies about these belong to the gateway.
 *
 * Does not refuse a second request of the same method and path within the lifetime. The query is not bound.
 *
 * @example createResourceServer({ issuer: gatewayAssertion({ issuer: 'gateway', audience: 'orders', jwksUri }) })
 * @throws TypeError for options that can never work.
 */
export function gatewayAssertion(options: GatewayAssertionOptions): IssuerWithAudience {
  checkOptions('gatewayAssertion()', arguments, ['issuer', 'audience', 'jwksUri', 'jwks', 'prefix'])
  const { issuer, audience, jwksUri, jwks, prefix = '' } = options
  checkString('issuer', issuer)
  refuseMicrosoftHost('issuer', issuer)
  const audiences: readonly string[] = [audience].flat()
  checkStrings('audience', audiences)
  if ((jwksUri === undefined) === (jwks === undefined)) throw new TypeError('gatewayAssertion() needs jwksUri or jwks.')
  if (prefix !== '' && !/^(?:\/[\w.~-]+)+$/.test(prefix))
    throw new TypeError(`prefix must be like '/api', not '${prefix}'.`)
  return {
    preset: 'gatewayAssertion',
    endpoints: [{ issuer, keys: jwks ? { jwks } : { jwksUri: String(jwksUri) }, insecureAllowHttp: false }],
    audience: audiences,
    tokenHeader: assertionHeader.toLowerCase(),
    algorithms: ['ES256'],
    types: [type],
    requiredClaims: ['sub', 'key', 'kind', 'htm', 'path', 'jti'],
    validateToken: () => undefined,
    validateRequest: createRequestCheck(prefix),
    principal: readPrincipal,
  }
}

function createRequestCheck(prefix: string): NonNullable<Issuer['validateRequest']> {
  return ({ htm, path }, request) => {
    // A target in absolute form is a whole URL (RFC 9112 §3.2), and so is that of a Fetch API request.
    const received = request?.url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
    if (received !== undefined && htm === request?.method && path === prefix + received) return undefined
    return {
      reason: 'token_for_other_resource',
      hint: 'the assertion is for another method or path: a gateway that takes a prefix off needs the option prefix',
    }
  }
}

const kinds: readonly unknown[] = ['user', 'application', 'device']

function readPrincipal(claims: JsonObject, issuer: string): Principal {
  const { sub, key, kind, tenant, client_id: client, scope, act } = claims
  const actor = readActor(claims)
  return {
    kind: kinds.includes(kind) ? (kind as Principal['kind']) : 'unknown',
    key: String(key),
    subject: String(sub),
    issuer,
    ...(typeof tenant === 'string' && { tenant }),
    ...(typeof client === 'string' && { client: { id: client, type: 'unknown' } }),
    scopes: typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : [],
    roles: readStrings(claims, 'roles'),
    permissions: [],
    groups: { values: [], complete: false },
    ...(actor && { actor: { ...actor, traits: traitsIn(act) } }),
    authentication: {},
    traits: traitsIn(claims),
  }
}

/** As the gateway has verified them. */
function traitsIn(claims: unknown): Principal['traits'] {
  return (isJsonObject(claims) ? readStrings(claims, 'traits') : []) as Principal['traits']
}
