// GET one JSON object or a text over the network, or POST one object to get another, with bounds on everything that a broken or
// hostile server can stretch.
import { type JsonObject, parseJsonObject } from './json.ts'
import { printable } from './printable.ts'

export interface FetchJsonOptions {
  readonly fetch: Fetch
  /** Milliseconds for the whole answer, its last byte included. */
  readonly timeoutMs: number
  /** Ends the request as `timeoutMs` does: the deadline of several requests together. */
  readonly deadline?: AbortSignal
  readonly maxBytes: number
  /** Ends the request early, for `close()`. */
  readonly signal: AbortSignal
  /** Whether to try once more, within the same deadline, when the connection breaks or the server says that it is busy or in trouble. */
  readonly retry?: boolean
  /** Sent by POST, as JSON. Without it the request is a GET. */
  readonly body?: JsonObject
  /** More header lines of the request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The JSON object, and what the answer said of its own age. */
export interface FetchedJson {
  readonly value: JsonObject
  readonly contentType: string
  readonly cacheControl: string
}

/** The text, and what the answer said of its own age. */
export interface FetchedText {
  readonly text: string
  readonly cacheControl: string
}

/** An answer that is not the JSON object asked for. A server that answers at all is not "gone". */
export interface HttpStatusError extends Error {
  readonly httpStatus: number
}

/**
 * Fetches `url` once: follows no redirect, accepts only status 200, stops reading past `maxBytes`. The object must be UTF-8 and repeat
 * no member name, because two parsers would read it in two ways (RFC 7517 §4, RFC 8259 §4).
 *
 * @throws Error whose message names the host and what was wrong, never the body.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<FetchedJson> {
  const { body, contentType, cacheControl } = await fetchBody(url, 'application/json', options)
  return { value: parseBody(new URL(url).host, body), contentType, cacheControl }
}

/** Fetches `url` by the rules of `fetchJson`, for an answer that decides: it must be sent as `application/json`. */
export async function fetchStrictJson(url: string, options: FetchJsonOptions): Promise<JsonObject> {
  const { value, contentType } = await fetchJson(url, options)
  if (!/^application\/json *(;|$)/i.test(contentType))
    throw new Error(`${new URL(url).host} sent '${printable(contentType)}', not application/json`)
  return value
}

/** Fetches a text by the rules of `fetchJson`; bytes that are no UTF-8 become U+FFFD. */
export async function fetchText(url: string, options: FetchJsonOptions): Promise<FetchedText> {
  const { body, cacheControl } = await fetchBody(url, '*/*', options)
  return { text: new TextDecoder().decode(body), cacheControl }
}

interface FetchedBody {
  readonly body: Uint8Array
  readonly contentType: string
  readonly cacheControl: string
}

async function fetchBody(url: string, accept: string, options: FetchJsonOptions): Promise<FetchedBody> {
  const { host } = new URL(url)
  options.signal.throwIfAborted()
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const { deadline = timeout } = options
  // Not AbortSignal.any: the signal of `close()` lives long and would remember every request that it could have ended.
  const ending = new AbortController()
  const tooLate = () => new Error(`${host} did not answer within ${options.timeoutMs} ms`)
  if (deadline.aborted) throw tooLate()
  const end = () => ending.abort(options.signal.aborted ? options.signal.reason : tooLate())
  const stopListening = [timeout, deadline, options.signal].map((signal) => onAbort(signal, end))
  try {
    return await untilAborted(fetchPatiently(url, accept, ending.signal, options), ending.signal)
  } finally {
    for (const stop of stopListening) stop()
  }
}

async function fetchPatiently(
  url: string,
  accept: string,
  signal: AbortSignal,
  options: FetchJsonOptions,
): Promise<FetchedBody> {
  try {
    return await fetchOnce(url, accept, signal, options)
  } catch (error) {
    if (!options.retry || signal.aborted || !isTransient(error)) throw error
    return fetchOnce(url, accept, signal, options)
  }
}

async function fetchOnce(
  url: string,
  accept: string,
  signal: AbortSignal,
  options: FetchJsonOptions,
): Promise<FetchedBody> {
  const { host } = new URL(url)
  const response = await connected(host, ask(options.fetch, url, requestOf(accept, signal, options)))
  // An injected fetch may not have listened to its signal: then nobody waits for this answer any more.
  if (response.status !== 200 || response.redirected || signal.aborted) {
    await response.body?.cancel()
    throw statusError(host, response.status)
  }
  return {
    body: await readBody(host, response, options.maxBytes, signal),
    contentType: response.headers.get('content-type') ?? '',
    cacheControl: response.headers.get('cache-control') ?? '',
  }
}

/** `async`, so that a `fetch` that throws synchronously is a failed connection like any other. */
async function ask(fetch: Fetch, url: string, request: RequestInit): Promise<Response> {
  return fetch(url, request)
}

function requestOf(accept: string, signal: AbortSignal, { body, headers }: FetchJsonOptions): RequestInit {
  const common = { redirect: 'manual', signal } as const
  const lines = { accept, ...headers }
  if (body === undefined) return { ...common, headers: lines }
  const posted = { ...lines, 'content-type': 'application/json' }
  return { ...common, method: 'POST', headers: posted, body: JSON.stringify(body) }
}

/** The platform's message is "fetch failed"; an operator needs the host, and the code that it hides in `cause`. */
async function connected<T>(host: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
    const reason: unknown = cause instanceof Error ? ('code' in cause ? cause.code : cause.message) : cause
    const failure = new Error(`the connection to ${host} failed (${printable(reason)})`, { cause: error })
    throw Object.assign(failure, { connection: 'failed' })
  }
}

/** Settles with `work`, or rejects when `signal` aborts: an injected fetch may not listen to its signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    work.then(resolve, reject)
  })
}

/** True when the server answered, with a status that says "not here". */
export function isHttpStatusError(error: unknown): error is HttpStatusError {
  return error instanceof Error && 'httpStatus' in error
}

function isTransient(error: unknown): boolean {
  if (!isHttpStatusError(error)) return error instanceof Error && 'connection' in error
  return error.httpStatus >= 500 || error.httpStatus === 408 || error.httpStatus === 429
}

function statusError(host: string, httpStatus: number): HttpStatusError {
  return Object.assign(new Error(`${host} answered ${httpStatus}`), { httpStatus })
}

async function readBody(host: string, response: Response, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  const cancel = () => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const read = await connected(host, reader.read())
    if (read.done) return joined(chunks, size)
    const { value } = read
    size += value.byteLength
    if (size > maxBytes) {
      cancel()
      throw new Error(`${host} sent more than ${maxBytes} bytes`)
    }
    chunks.push(value)
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

function parseBody(host: string, body: Uint8Array): JsonObject {
  const value = parseJsonObject(tryDecode(body))
  if (value) return value
  const failure = new Error(`${host} did not send a JSON object in which no name is repeated`)
  // With its status, since the server is there: some servers answer every unknown address with a page.
  throw Object.assign(failure, { httpStatus: 200 })
}

function tryDecode(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}

// The `fetch` that metadata, keys and decision points are asked with.

/** A `fetch`: the platform's, or one that the application gives. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The platform's `fetch` at the time of the call, so that mocks, monitoring wrappers and proxies that are set later count. */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init)

// Many listeners to one AbortSignal, as one: when it gets more than ten, Node 20 warns of a leak.

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `listener`, which must not throw, when `signal` aborts, until the function that it returns is called. Leaves nothing on the
 * signal then. Of a signal that has aborted already it hears nothing.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? new Set()
  listenersOf.set(signal, listeners)
  if (listeners.size === 0) signal.addEventListener('abort', callAll)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) signal.removeEventListener('abort', callAll)
  }
}

function callAll(this: AbortSignal): void {
  for (const listener of listenersOf.get(this) ?? []) listener()
}
