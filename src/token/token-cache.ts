// Tokens that were verified, remembered by their digest: neither a token nor a piece of one rests in memory.
import { digest } from '#engine'
import { LRUCache } from 'lru-cache'
import { AuthError } from '../errors.ts'
import { after, type Eventually, isPromise } from '../internal/eventually.ts'
import { checkNumber, checkOptionNames } from '../internal/options.ts'
import { within } from '../internal/within.ts'

/** How many verified tokens are remembered. */
export interface TokenCacheOptions {
  /** At most so many. Default 10 000. */
  readonly maxTokens?: number
  /**
   * At most so many bytes, estimated from the text of each token and from the members and items of its claims. Default 32 MiB. A token
   * with twenty claims counts as 3 kB.
   */
  readonly maxBytes?: number
}

/** A token as it came. */
export interface SentToken {
  readonly token: string
  /** The request header that it came in, where that is known. */
  readonly header: string | undefined
}

export interface RememberedToken {
  /** Whether requests may share it. */
  readonly shared: boolean
  /** Whether it may be remembered, too. */
  readonly lasting: boolean
  /** About how much memory it takes, besides the token's text. */
  readonly bytes: number
}

export interface TokenCacheParts<E extends RememberedToken> {
  /** Verifies a token that is not known, in full. A refusal is remembered by nobody. */
  readonly verify: (sent: SentToken) => Eventually<E | AuthError>
  /** Whether what was verified earlier still holds, or why it is refused now. What does not hold is verified in full again. */
  readonly recheck: (entry: E) => Eventually<boolean | AuthError>
  /** What is longer is no token, and not worth a digest. */
  readonly maxTokenBytes: number
  /** The refusal of one request for another that waited for the same verification. */
  readonly refuseAgain: (error: AuthError) => AuthError
}

const defaultMaxTokens = 10_000
/** So long others wait for the verification of a token that has begun before. */
const maxJoinMs = 1000
const defaultMaxBytes = 32 * 1024 * 1024
/** What an entry takes besides the text of its token and what is counted of its header, claims and principal. */
const entryBytes = 250

/** Reads the option. @throws TypeError for values that make no cache. */
export function readTokenCacheOptions(options: TokenCacheOptions = {}): Required<TokenCacheOptions> {
  checkOptionNames('tokenCache', options, ['maxTokens', 'maxBytes'])
  const { maxTokens = defaultMaxTokens, maxBytes = defaultMaxBytes } = options
  checkNumber('tokenCache.maxTokens', maxTokens, 1, 1_000_000)
  checkNumber('tokenCache.maxBytes', maxBytes, 64 * 1024, 4 * 1024 ** 3)
  return { maxTokens, maxBytes }
}

/**
 * Returns a function that verifies each token once and remembers it until the token or its key ends. Only verified tokens
 * enter, so no number of refused ones drives anything out. A new token that arrives many times at once is verified once.
 */
export function createTokenCache<E extends RememberedToken>(
  { verify, recheck, refuseAgain, maxTokenBytes }: TokenCacheParts<E>,
  { maxTokens, maxBytes }: Required<TokenCacheOptions>,
): (sent: SentToken) => Eventually<E | AuthError> {
  const entries = new LRUCache<string, E>({ max: maxTokens, maxSize: maxBytes })
  const underWay = new Map<string, Promise<E | AuthError>>()

  function verifyOnce(name: string, sent: SentToken): Eventually<E | AuthError> {
    const joined = underWay.get(name)
    return joined ? joinFlight(name, sent, joined) : begin(name, sent)
  }

  function begin(name: string, sent: SentToken): Eventually<E | AuthError> {
    const verified = verify(sent)
    if (!isPromise(verified)) return remember(name, sent, verified)
    // A function of the application's that never answers must cost the requests that wait for it, and not the token for ever.
    const leave = (): void => void (underWay.get(name) === flight && underWay.delete(name))
    const timer = setTimeout(leave, maxJoinMs)
    timer.unref?.()
    const flight = verified
      .then((outcome) => remember(name, sent, outcome))
      .finally(() => {
        clearTimeout(timer)
        leave()
      })
    underWay.set(name, flight)
    return flight
  }

  function remember(name: string, sent: SentToken, outcome: E | AuthError): E | AuthError {
    if (outcome instanceof AuthError) return outcome
    if (outcome.shared && outcome.lasting)
      entries.set(name, outcome, { size: entryBytes + sent.token.length + outcome.bytes })
    return outcome
  }

  /** Each caller has a timer of its own: on some platforms a verification ends, timers included, with the request that began it. */
  async function joinFlight(name: string, sent: SentToken, flight: Promise<E | AuthError>): Promise<E | AuthError> {
    const outcome = await within(flight, maxJoinMs, () => undefined)
    if (outcome) return join(name, sent, outcome)
    // On its own: to join again and again, one after the other, would cost the last of many a second for each.
    return entries.has(name) ? find(name, sent) : begin(name, sent)
  }

  /** For who came while another waited: its time or tenant may have ended in between, and what is not shared is made anew. */
  function join(name: string, sent: SentToken, outcome: E | AuthError): Eventually<E | AuthError> {
    if (outcome instanceof AuthError) return refuseAgain(outcome)
    return outcome.shared ? recall(name, sent, outcome) : verify(sent)
  }

  function recall(name: string, sent: SentToken, entry: E): Eventually<E | AuthError> {
    const holds = recheck(entry)
    return holds === true ? entry : recallLater(holds, name, sent, entry)
  }

  function recallLater(
    holds: Eventually<boolean | AuthError>,
    name: string,
    sent: SentToken,
    entry: E,
  ): Eventually<E | AuthError> {
    return after(holds, (held) => {
      if (held instanceof AuthError) return held
      return held ? entry : renew(name, sent, entry)
    })
  }

  function renew(name: string, sent: SentToken, entry: E): Eventually<E | AuthError> {
    // Another request may have put a newer one in its place meanwhile.
    if (entries.get(name) === entry) entries.delete(name)
    return verifyOnce(name, sent)
  }

  function find(name: string, sent: SentToken): Eventually<E | AuthError> {
    const entry = entries.get(name)
    return entry ? recall(name, sent, entry) : verifyOnce(name, sent)
  }

  return function lookUp(sent) {
    const { token } = sent
    if (typeof token !== 'string' || token.length > maxTokenBytes) return verify(sent)
    const name = digest(token) as Eventually<string>
    return isPromise(name) ? findLater(name, sent) : find(name, sent)
  }

  async function findLater(name: Promise<string>, sent: SentToken): Promise<E | AuthError> {
    return find(await name, sent)
  }
}
