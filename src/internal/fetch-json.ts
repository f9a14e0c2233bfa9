// Gets one JSON object or text over the network, or posts one object to get another. Time, size and redirects have bounds,
// since a server may be broken or hostile.
import { type EndSignal, onAbort } from './end-signal.ts'
import { explainFailure } from './connection-failure.ts'
import { type JsonObject, parseJsonObject, printable } from './json.ts'
import { checkPrototype } from './options.ts'
import { withoutLogin } from './urls.ts'

export interface FetchJsonOptions {
  readonly fetch: Fetch
  /** Milliseconds for the whole answer, its last byte included. */
  readonly timeoutMs: number
  /** Ends the request as `timeoutMs` does: the common deadline of several requests. */
  readonly deadline?: AbortSignal
  readonly maxBytes: number
  /** Ends the request early, for `close()`. */
  readonly signal: EndSignal
  /** Whether to try once more within the deadline, when the connection breaks or the server is busy or in trouble. */
  readonly retry?: boolean
  /** Sent by POST, as JSON. Without it the request is a GET. */
  readonly body?: JsonObject
  /** More header lines of the request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The JSON object, and two headers of the answer. */
export interface FetchedJson {
  readonly value: JsonObject
  readonly contentType: string
  readonly cacheControl: string
}

/** An answer other than the JSON object asked for. A server that sends one is not "gone". */
export interface HttpStatusError extends Error {
  readonly httpStatus: number
}

/**
 * Fetches `url` once: follows no redirect, accepts only status 200, stops reading past `maxBytes`. The object must be UTF-8 and repeat
 * no member name: two parsers would read it in two ways (RFC 7517 §4, RFC 8259 §4).
 *
 * @throws Error whose message names the host and the fault, never the body.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<FetchedJson> {
  const { body, contentType, cacheControl } = await fetchBody(url, 'application/json', options)
  return { value: parseBody(new URL(url).host, body, contentType), contentType, cacheControl }
}

/** Fetches `url` by the rules of `fetchJson`, for an answer that decides: it must be sent as `application/json`. */
export async function fetchStrictJson(url: string, options: FetchJsonOptions): Promise<JsonObject> {
  const { value, contentType } = await fetchJson(url, options)
  if (!/^application\/json *(;|$)/i.test(contentType))
    throw new Error(`${new URL(url).host} sent '${printable(contentType)}', not application/json`)
  return value
}

/** Fetches a text by the rules of `fetchJson`. Bytes that are no UTF-8 become U+FFFD. */
export async function fetchText(
  url: string,
  options: FetchJsonOptions,
): Promise<{ readonly text: string; readonly cacheControl: string }> {
  const { body, cacheControl } = await fetchBody(url, '*/*', options)
  return { text: new TextDecoder().decode(body), cacheControl }
}

interface FetchedBody extends Omit<FetchedJson, 'value'> {
  readonly body: Uint8Array
}

async function fetchBody(url: string, accept: string, options: FetchJsonOptions): Promise<FetchedBody> {
  const { host } = new URL(url)
  if (options.signal.aborted) throw options.signal.reason
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const { deadline = timeout } = options
  const tooLate = () => new Error(`${host} did not answer within ${options.timeoutMs} ms`)
  if (deadline.aborted) throw tooLate()
  // Not AbortSignal.any: the signal of `close()` lives long and would remember every request that it could have ended.
  const ending = new AbortController()
  const end = () => ending.abort(options.signal.aborted ? options.signal.reason : tooLate())
  const stopListening = [timeout, deadline, options.signal].map((signal) => onAbort(signal, end))
  const request = requestOf(accept, ending.signal, options)
  try {
    return await untilAborted(fetchWithRetry(url, request, options), ending.signal)
  } finally {
    for (const stop of stopListening) stop()
  }
}

type AbortableRequest = RequestInit & { readonly signal: AbortSignal }

function requestOf(accept: string, signal: AbortSignal, { body, headers }: FetchJsonOptions): AbortableRequest {
  const common = { redirect: 'manual', signal, headers: { accept, ...headers } } as const
  if (body === undefined) return common
  const posted = { ...common.headers, 'content-type': 'application/json' }
  return { ...common, method: 'POST', headers: posted, body: JSON.stringify(body) }
}

async function fetchWithRetry(url: string, request: AbortableRequest, options: FetchJsonOptions): Promise<FetchedBody> {
  try {
    return await fetchOnce(url, request, options)
  } catch (error) {
    if (!options.retry || request.signal.aborted || !isTransient(error)) throw error
    return fetchOnce(url, request, options)
  }
}

async function fetchOnce(
  url: string,
  request: AbortableRequest,
  { fetch, maxBytes }: FetchJsonOptions,
): Promise<FetchedBody> {
  const { host } = new URL(url)
  // The platform's fetch would take its socket, or its certificate authorities, from there.
  checkPrototype(host)
  const response = await connected(host, () => fetch(url, request))
  // An injected fetch may ignore its signal: then this answer comes too late.
  if (response.status !== 200 || response.redirected || request.signal.aborted) {
    await response.body?.cancel()
    throw statusError(`${host} answered ${response.status}${meaningOf(response)}`, response.status)
  }
  const reader = response.body?.getReader()
  const body = reader ? await readBody(reader, { host, maxBytes, signal: request.signal }) : new Uint8Array()
  checkPrototype(host)
  return {
    body,
    contentType: response.headers.get('content-type') ?? '',
    cacheControl: response.headers.get('cache-control') ?? '',
  }
}

/**
 * What the operator may do about a status. A redirect is not followed, since a document could then come from anywhere. A log must not hold
 * a login, or the state and tickets that login pages put into a query.
 */
function meaningOf({ status, headers }: Response): string {
  if (status >= 500) return ': the server itself failed'
  const location = status >= 300 && status < 400 ? headers.get('location') : null
  if (location === null) return ''
  const address = withoutLogin(location).replace(/[?#].*$/s, '?...')
  return `, a redirect to ${printable(address, 120)}: it is not followed. Configure the issuer of that address`
}

/** Names the host and the code of a failure: the platform's message is "fetch failed", and hides the code in `cause`. */
async function connected<T>(host: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
    const reason: unknown = cause instanceof Error ? ('code' in cause ? cause.code : cause.message) : cause
    const failure = new Error(`the connection to ${host} failed (${printable(reason)})${explainFailure(reason)}`, {
      cause: error,
    })
    throw Object.assign(failure, { connection: 'failed' })
  }
}

/** Settles with `work`, or rejects when `signal` aborts: an injected fetch may ignore its signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    work.then(resolve, reject)
  })
}

/** True when the server answered, but not with the object. */
export function isHttpStatusError(error: unknown): error is HttpStatusError {
  return error instanceof Error && 'httpStatus' in error
}

function isTransient(error: unknown): boolean {
  if (!isHttpStatusError(error)) return error instanceof Error && 'connection' in error
  return error.httpStatus >= 500 || error.httpStatus === 408 || error.httpStatus === 429
}

function statusError(message: string, httpStatus: number): HttpStatusError {
  return Object.assign(new Error(message), { httpStatus })
}

async function readBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { host, maxBytes, signal }: { readonly host: string; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const cancel = () => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const read = await connected(host, () => reader.read())
    if (read.done) return joined(chunks, size)
    size += read.value.byteLength
    if (size > maxBytes) {
      cancel()
      throw new Error(`${host} sent more than ${maxBytes} bytes`)
    }
    chunks.push(read.value)
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

function parseBody(host: string, body: Uint8Array, contentType: string): JsonObject {
  let value: JsonObject | undefined
  try {
    value = parseJsonObject(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {}
  if (value) return value
  // With its status, since the server is there: some servers answer every unknown address with a page.
  if (/^text\/html\b/i.test(contentType))
    throw statusError(
      `${host} sent a page (text/html), not JSON: does a proxy or a login page answer in its place?`,
      200,
    )
  throw statusError(`${host} did not send a JSON object in which no name is repeated`, 200)
}

/** A `fetch`: the platform's, or the application's own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Calls the platform's `fetch` as it is at the time of the call, so that later mocks, monitoring and proxies count. */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init)
