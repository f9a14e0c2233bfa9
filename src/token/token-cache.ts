// Tokens that were verified, remembered by their digest: neither a token nor a piece of one rests in memory.
import { digest } from '#engine'
import { LRUCache } from 'lru-cache'
import { after, type Eventually, isPromise } from '../internal/eventually.ts'
import { checkNumber, checkOptionNames } from '../internal/options.ts'
import { maxTokenLength } from './parse-token.ts'

/** How many verified tokens are remembered. */
export interface TokenCacheOptions {
  /** At most so many. Default 10 000. */
  readonly maxTokens?: number
  /** At most so many bytes, roughly. Default 32 MiB. A token with its claims and its principal takes 2 kB or so. */
  readonly maxBytes?: number
}

export interface RememberedToken {
  /** Whether requests may share it. */
  readonly shared: boolean
  /** Whether it may be remembered, too. */
  readonly lasting: boolean
}

export interface TokenCacheParts<E extends RememberedToken> {
  /** Verifies a token that is not known, in full; what it throws or rejects with is remembered by nobody. */
  readonly verify: (token: string) => Eventually<E>
  /** Whether what was verified earlier still holds; if not, it is verified in full again. May throw. */
  readonly recheck: (entry: E) => Eventually<boolean>
  /** Throws the error of one request for another that waited for the same verification. */
  readonly refuseAgain: (error: unknown) => never
}

const defaultMaxTokens = 10_000
/** So long after a verification has begun, others join it. */
const maxJoinMs = 10_000
const defaultMaxBytes = 32 * 1024 * 1024
/** What an entry takes besides its claims, which as objects take about what the token takes as text. */
const entryBytes = 700

/** Reads the option. @throws TypeError for values that make no cache. */
export function readTokenCacheOptions(options: TokenCacheOptions = {}): Required<TokenCacheOptions> {
  checkOptionNames('tokenCache', options, ['maxTokens', 'maxBytes'])
  const { maxTokens = defaultMaxTokens, maxBytes = defaultMaxBytes } = options
  checkNumber('tokenCache.maxTokens', maxTokens, 1, 1_000_000)
  checkNumber('tokenCache.maxBytes', maxBytes, 64 * 1024, 4 * 1024 ** 3)
  return { maxTokens: Math.floor(maxTokens), maxBytes: Math.floor(maxBytes) }
}

/**
 * Returns a function that verifies each token once and remembers it until the token or its key ends. Only verified tokens
 * enter, so no number of refused ones drives anything out. A new token that arrives many times at once is verified once.
 */
export function createTokenCache<E extends RememberedToken>(
  { verify, recheck, refuseAgain }: TokenCacheParts<E>,
  { maxTokens, maxBytes }: Required<TokenCacheOptions>,
): (token: string) => Eventually<E> {
  const entries = new LRUCache<string, E>({ max: maxTokens, maxSize: maxBytes })
  const underWay = new Map<string, Promise<E>>()

  function verifyOnce(name: string, token: string): Eventually<E> {
    const joined = underWay.get(name)
    if (joined) return joined.then((entry) => join(name, token, entry), refuseAgain)
    const verified = verify(token)
    if (!isPromise(verified)) return remember(name, token, verified)
    // A function of the application's that never answers must cost the requests that wait for it, and not the token for ever.
    const leave = (): void => void (underWay.get(name) === flight && underWay.delete(name))
    const timer = setTimeout(leave, maxJoinMs)
    timer.unref?.()
    const flight = verified
      .then((entry) => remember(name, token, entry))
      .finally(() => {
        clearTimeout(timer)
        leave()
      })
    underWay.set(name, flight)
    return flight
  }

  function remember(name: string, token: string, entry: E): E {
    if (entry.shared && entry.lasting) entries.set(name, entry, { size: token.length + entryBytes })
    return entry
  }

  /** For who came while another waited: its time or tenant may have ended in between, and what is not shared is made anew. */
  function join(name: string, token: string, entry: E): Eventually<E> {
    return entry.shared ? recall(name, token, entry) : verify(token)
  }

  function recall(name: string, token: string, entry: E): Eventually<E> {
    const holds = recheck(entry)
    return holds === true ? entry : recallLater(holds, name, token, entry)
  }

  function recallLater(holds: Eventually<boolean>, name: string, token: string, entry: E): Eventually<E> {
    return after(holds, (held) => (held ? entry : renew(name, token, entry)))
  }

  function renew(name: string, token: string, entry: E): Eventually<E> {
    // Another request may have put a newer one in its place meanwhile.
    if (entries.get(name) === entry) entries.delete(name)
    return verifyOnce(name, token)
  }

  function find(name: string, token: string): Eventually<E> {
    const entry = entries.get(name)
    return entry ? recall(name, token, entry) : verifyOnce(name, token)
  }

  return function lookUp(token) {
    // What is no token is not worth a digest.
    if (typeof token !== 'string' || token.length > maxTokenLength) return verify(token)
    const name = digest(token) as Eventually<string>
    return isPromise(name) ? findLater(name, token) : find(name, token)
  }

  async function findLater(name: Promise<string>, token: string): Promise<E> {
    return find(await name, token)
  }
}
