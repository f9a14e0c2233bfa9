// A policy decision point on the network: bounded in time and size, over https, without redirects. What goes wrong is never
// its "no".
import { type Fetch, platformFetch } from '../../internal/fetch.ts'
import { fetchStrictJson } from '../../internal/fetch-json.ts'
import type { JsonObject } from '../../internal/json.ts'
import { checkFunction, checkNumber, checkString } from '../../internal/options.ts'
import { hasLogin, isSecureEnough, parseUrl } from '../../internal/urls.ts'

/** How a policy decision point is reached. */
export interface DecisionPointOptions {
  /** How long one answer may take, in milliseconds, its last byte included. Default 1000. */
  readonly timeoutMs?: number
  /** More header lines of each request, such as the `Authorization` that it wants. Never the caller's token. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the platform's `fetch`, read at each call. */
  readonly fetch?: Fetch
}

/** Posts a question and resolves to the answer. Rejects when there is none. */
export type Ask = (url: string, body: JsonObject, signal: AbortSignal | undefined) => Promise<JsonObject>

const maxBytes = 1_048_576

export const decisionPointOptionNames = ['timeoutMs', 'headers', 'fetch'] as const

/** @throws TypeError for options that can never work. */
export function createAsk(options: DecisionPointOptions): Ask {
  const { timeoutMs = 1000, headers = {}, fetch = platformFetch } = options
  checkNumber('timeoutMs', timeoutMs, 1, 60_000)
  checkFunction('fetch', fetch)
  const sent = readHeaders(headers)
  return async (url, body, signal = new AbortController().signal) => {
    // Asking twice changes nothing at a decision point, so a broken connection is tried once more.
    return fetchStrictJson(url, { fetch, timeoutMs, maxBytes, signal, retry: true, body, headers: sent })
  }
}

/** @throws TypeError without what it is about: a credential stands among these. */
function readHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers(headers))
  } catch {
    throw new TypeError(
      'headers must be header lines by name, such as { authorization: … }: no name or value may hold a line break.',
    )
  }
}

/** `address` itself. @throws TypeError when it is no https URL, or plain http beyond this machine. */
export function checkedAddress(name: string, address: unknown): string {
  checkString(name, address)
  const url = parseUrl(address)
  if (url && isSecureEnough(url, false) && !hasLogin(url) && url.hash === '') return address
  throw new TypeError(`${name} must be an https URL (plain http is for this machine only), not '${address}'.`)
}
