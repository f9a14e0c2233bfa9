// The order of checks for a token, from top to bottom. A remembered token, and a token that is refused without a key, is answered in
// place. Everything else is `verifyInFull`, whose awaited lines are the checks that may wait.
//
// Two rules for the next check:
// - What depends on the request (the header that the token came in, later its proof of possession) belongs in `checkRequest`. It is asked
//   for each request, for new and remembered tokens alike. Among the prechecks it would be a hole: a remembered token skips them.
// - A refusal by `checkRequest` refuses its own request, and none of those that joined the same verification.
import { copyOf, isAuthError, type ValidationError } from '../errors/auth-error.ts'
import { checkUnpolluted } from '../errors/polluted-error.ts'
import { checkBearer, type Credential } from '../http/credentials.ts'
import type { JsonObject } from '../internal/json.ts'
import { type Answer, askYesOrNo, isPromise, type MaybePromise } from '../internal/maybe-promise.ts'
import { checkTenant, checkTokenHeader, keyNotFound, toUnverifiedToken } from '../issuer/checks.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'
import type { VerificationKey } from '../jwks/key-source.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import { applySchema, type StandardSchema, type TypedClaims } from '../jwt/schema.ts'
import { createPrechecks, type PrecheckParts } from './prechecks.ts'
import type { Outcome, Report } from './report.ts'
import type { ResolvePrincipal } from './resolve-principal.ts'
import { type CacheEntry, createEntries, createTokenCache, type Flight } from './token-cache.ts'
import { createVerifiedToken, type TokenByIssuer } from './verified-token.ts'
import { createKeyLookup, type NamedToken } from './verify-signature.ts'
import { unwatched, type Watch } from './watch.ts'

export interface VerificationParts<C> extends PrecheckParts {
  readonly schema?: StandardSchema | undefined
  readonly isRevoked?: IsRevoked<C> | undefined
  readonly resolvePrincipal: ResolvePrincipal
  readonly report: Report
}

export type IsRevoked<C> = (auth: TokenByIssuer<C>) => boolean | PromiseLike<boolean>

/** Verifies a credential: in place where nothing is waited for. Never throws or rejects. */
export type Verify<C> = (credential: Credential) => MaybePromise<Outcome<TokenByIssuer<C>>>

type Token = Pick<ParsedToken, 'header' | 'claims'>

/** @param watch Sees the checks run. For `claimcheck explain` alone. */
export function createVerifyToken<C>(parts: VerificationParts<C>, watch: Watch = unwatched): Verify<C> {
  const { settings, schema } = parts
  const { refuse, unavailable, report } = parts.report
  const prechecks = createPrechecks(parts, watch)
  const cache = createTokenCache<CacheEntry>(settings, parts.clock)
  const createEntry = createEntries(settings)
  const checks = watch({
    tenant: checkTenant,
    ...createKeyLookup(unavailable),
    schema: applySchema,
    principal: parts.resolvePrincipal,
    request: checkRequest,
    revocation: parts.isRevoked,
  })

  function verify(credential: Credential): MaybePromise<Outcome<TokenByIssuer<C>>> {
    const name = cache.nameOf(credential.token)
    return isPromise(name)
      ? name.then(
          (later) => verifyDigested(later, credential),
          (error: unknown) => report(error, credential.request),
        )
      : verifyDigested(name, credential)
  }

  /** `name` is that of the token in the cache. A token that cannot be remembered has none. */
  function verifyDigested(name: string | undefined, credential: Credential): MaybePromise<Outcome<TokenByIssuer<C>>> {
    try {
      checkUnpolluted()
      const entry = entryOf(name, credential)
      if (isPromise(entry)) return finishLater(entry, credential)
      if (isAuthError(entry)) return report(entry, credential.request)
      const auth = checks.request(entry, credential)
      return isPromise(auth) ? finishLater(entry, credential, auth) : auth
    } catch (error) {
      return report(error, credential.request)
    }
  }

  async function finishLater(
    entry: MaybePromise<Outcome<CacheEntry>>,
    credential: Credential,
    asked?: Promise<TokenByIssuer<C>>,
  ): Promise<Outcome<TokenByIssuer<C>>> {
    try {
      const verified = await entry
      if (isAuthError(verified)) return report(verified, credential.request)
      const auth = asked ?? checks.request(verified, credential)
      const allowed = isPromise(auth) ? await auth : auth
      checkUnpolluted()
      // The token may have ended while its keys, the schema or `isRevoked` were waited for.
      checkTimesOf(verified)
      return allowed
    } catch (error) {
      return report(error, credential.request)
    }
  }

  /** A remembered entry that still holds, or a new one. */
  function entryOf(name: string | undefined, credential: Credential): MaybePromise<Outcome<CacheEntry>> {
    const entry = cache.get(name)
    if (!entry) return verifyOnce(name, credential)
    const holds = revalidate(entry)
    return holds === true ? entry : unlessOutdated(entry, holds, name, credential)
  }

  async function unlessOutdated(
    entry: CacheEntry,
    holds: MaybePromise<boolean>,
    name: string | undefined,
    credential: Credential,
  ): Promise<Outcome<CacheEntry>> {
    if (await holds) return entry
    cache.drop(name, entry)
    return verifyOnce(name, credential)
  }

  /** Requests with one new token verify it once. */
  function verifyOnce(name: string | undefined, credential: Credential): MaybePromise<Outcome<CacheEntry>> {
    const joined = cache.join(name)
    return joined ? joinLater(joined, name, credential) : verifyAlone(name, credential)
  }

  function verifyAlone(name: string | undefined, credential: Credential): MaybePromise<Outcome<CacheEntry>> {
    const checked = prechecks.check(credential)
    if ('refusal' in checked) return refuse(checked.refusal, checked.parsed)
    const { parsed, trusted } = checked
    const since = trusted.keys.loadsBegun?.(parsed.header)
    const named = findAllowedKey(parsed, trusted)
    // A flood of made-up kids ends here, in place.
    if (isAuthError(named)) return named
    const token = { parsed, trusted, named, since }
    if (name === undefined) return verifyInFull(token)
    const flight = cache.begin(name, credential.token)
    return cache.share(flight, verifyInFull(token, flight))
  }

  async function joinLater(
    joined: Promise<Outcome<CacheEntry> | undefined>,
    name: string | undefined,
    credential: Credential,
  ): Promise<Outcome<CacheEntry>> {
    const entry = await joined.catch(throwCopy)
    if (isAuthError(entry)) return copyOf(entry)
    // To join again and again, one after the other, would cost the last of many a second for each.
    if (!entry) return cache.get(name) ? entryOf(name, credential) : verifyAlone(name, credential)
    if (entry.isShareable) return unlessOutdated(entry, revalidate(entry), name, credential)
    return verifyAlone(undefined, credential)
  }

  /**
   * The checks that may wait, in their order. A refusal is returned; what could not be found out is returned or thrown. Awaits promises
   * alone: to await a value costs a quarter of a kilobyte, and most tokens wait for nothing here.
   */
  async function verifyInFull(token: NamedToken, flight?: Flight<CacheEntry>): Promise<Outcome<CacheEntry>> {
    try {
      const { parsed, trusted } = token
      const named = isPromise(token.named) ? await token.named : token.named
      if (isAuthError(named)) return named
      if (!named) return refuse(keyNotFound(trusted), parsed)
      const foreignKey = trusted.profile.checkKey?.(named, toUnverifiedToken(parsed, trusted))
      if (foreignKey) return refuse(foreignKey, parsed)
      const signer = checks.verifySignature(token, named)
      const key = isPromise(signer) ? await signer : signer
      if (isAuthError(key)) return key
      if (!key) return refuse({ reason: 'signature_invalid', hint: foreignSignature }, parsed)
      const read = readClaims(parsed, trusted)
      const typed = isPromise(read) ? await read : read
      if ('reason' in typed) return refuse(typed, parsed, true)
      // What is read of a polluted prototype would be remembered.
      checkUnpolluted()
      const found = checks.principal(parsed, trusted)
      const resolved = isPromise(found) ? await found : found
      checkUnpolluted()
      const entry = createEntry(token, key, { typed, resolved })
      flight?.succeed(entry)
      return entry
    } finally {
      flight?.end()
    }
  }

  /** What may have changed since a token was verified: the time, its tenant, its key. `false`: the key. Throws a refusal. */
  function revalidate(entry: CacheEntry): MaybePromise<boolean> {
    const { trusted, key } = entry
    checkTimesOf(entry)
    const found = findAllowedKey(entry.rawClaims ?? entry, trusted)
    if (found === key) return true
    return isPromise(found) ? found.then((later) => isSameKey(later, key)) : isSameKey(found, key)
  }

  /** The key that `token` names, of an issuer whose tenant may use this API: a made-up tenant causes no fetch. Throws a refusal. */
  function findAllowedKey(token: Token, trusted: TrustedIssuer): MaybePromise<Outcome<VerificationKey | undefined>> {
    const allowed = checkTenantOf(token, trusted)
    return isPromise(allowed) ? allowed.then(() => checks.findKey(token, trusted)) : checks.findKey(token, trusted)
  }

  /** Each request is asked this, for new and remembered tokens alike. Throws or rejects with a refusal. */
  function checkRequest(entry: CacheEntry, { token, header, request }: Credential): MaybePromise<TokenByIssuer<C>> {
    const { trusted } = entry
    const misplaced =
      checkTokenHeader(trusted.profile, header) ??
      (trusted.profile.base64Padding && header === 'authorization' ? checkBearer(token) : undefined) ??
      trusted.profile.validateRequest?.((entry.rawClaims ?? entry).claims, request)
    if (misplaced) throw refuse(misplaced, entry, true)
    const auth = createVerifiedToken<C>(entry, token)
    return checks.revocation ? unlessRevoked(auth, checks.revocation) : auth
  }

  function checkTimesOf(entry: CacheEntry): void {
    const untimely = prechecks.checkTimes(entry)
    if (untimely) throw refuse(untimely, entry, true)
  }

  function checkTenantOf(token: Token, trusted: TrustedIssuer): MaybePromise<void> {
    if (!trusted.profile.isTenantAllowed) return undefined
    const refusal = checks.tenant(trusted.profile, toUnverifiedToken(token, trusted))
    return isPromise(refusal) ? refusal.then((later) => throwRefusal(later, token)) : throwRefusal(refusal, token)
  }

  function throwRefusal(refusal: ValidationError | undefined, token: Token): void {
    if (refusal) throw refuse(refusal, token)
  }

  function readClaims(
    { claims, bytes }: ParsedToken,
    { profile }: TrustedIssuer,
  ): MaybePromise<TypedClaims | ValidationError> {
    const own = profile.claims ?? schema
    return own ? checks.schema(own, claims) : { claims, shared: true, bytes }
  }

  function unlessRevoked(auth: TokenByIssuer<C>, ask: IsRevoked<C>): MaybePromise<TokenByIssuer<C>> {
    const answer = askYesOrNo('isRevoked', () => ask(auth))
    return isPromise(answer) ? answer.then((later) => orThrow(later, auth)) : orThrow(answer, auth)
  }

  function orThrow(isRevokedNow: Answer, auth: TokenByIssuer<C>): TokenByIssuer<C> {
    if (isRevokedNow === false) return auth
    const token = { header: auth.header, claims: auth.claims as JsonObject }
    if (isRevokedNow === true) throw refuse({ reason: 'token_revoked' }, token, true)
    // A check that could not be made is not a check that passed.
    throw refuse({ reason: 'revocation_unavailable', details: { cause: isRevokedNow.cause } }, token, true)
  }

  return verify
}

const foreignSignature =
  'the key of this kid did not make the signature: is the token of another STS with this issuer, such as an emulator, or was it changed?'

/** @throws AuthError where the key could not be found out. */
function isSameKey(found: Outcome<VerificationKey | undefined>, key: VerificationKey): boolean {
  if (isAuthError(found)) throw found
  return found === key
}

/** Each request has an error of its own: a change to one does not show on another. */
function throwCopy(error: unknown): never {
  throw isAuthError(error) ? copyOf(error) : error
}
