// The answers of a test issuer to requests for its documents, also during outages.
import { checkOneOf } from './check-one-of.ts'

/**
 * `refuse`: no connection · `500` · `hang`: no answer until `recover()`, or the client gives up · `drip`: the right document,
 * one byte after the other, but never the last · `html`: a page with status 200, as proxies and login walls send it.
 */
export type OutageKind = 'refuse' | '500' | 'hang' | 'drip' | 'html'

export type StsPart = 'metadata' | 'keys'

const kinds: readonly OutageKind[] = ['refuse', '500', 'hang', 'drip', 'html']
const parts: readonly StsPart[] = ['metadata', 'keys']

export interface StsDocument {
  readonly part: StsPart
  body(): unknown
}

export interface StsAnswers {
  /** @throws Error when the connection fails, or `signal` aborts. */
  answer(url: string, signal: AbortSignal): Promise<Response>
  /** The number of requests for each part. */
  readonly requests: { metadata: number; keys: number; other: number }
  /** @throws TypeError for a kind or part that does not exist: a test of it would pass for another reason. */
  outage(kind: OutageKind, only?: StsPart): void
  recover(): void
  /** Breaks off the requests that hang. */
  drop(): void
}

interface Hanging {
  go(): void
  breakOff(error: unknown): void
}

/** `find` knows the documents; everything else is 404. */
export function createStsAnswers(find: (url: string) => StsDocument | undefined): StsAnswers {
  const requests = { metadata: 0, keys: 0, other: 0 }
  const hanging = new Set<Hanging>()
  let outage: { readonly kind: OutageKind; readonly only?: StsPart | undefined } | undefined

  async function answer(url: string, signal: AbortSignal): Promise<Response> {
    const document = find(url)
    requests[document?.part ?? 'other']++
    return document ? answerWith(document, signal) : new Response('not found', { status: 404 })
  }

  async function answerWith(document: StsDocument, signal: AbortSignal): Promise<Response> {
    if (!outage || (outage.only ?? document.part) !== document.part) return Response.json(document.body())
    if (outage.kind !== 'hang') return fault(outage.kind, document, signal)
    await untilReleased(signal)
    // By now there may be another outage.
    return answerWith(document, signal)
  }

  async function untilReleased(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    let waiting: Hanging | undefined
    const abort = (): void => waiting?.breakOff(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      await new Promise<void>((go, breakOff) => hanging.add((waiting = { go, breakOff })))
    } finally {
      signal.removeEventListener('abort', abort)
      if (waiting) hanging.delete(waiting)
    }
  }

  return {
    answer,
    requests,
    outage(kind, only) {
      checkOneOf('An outage', kind, kinds)
      if (only !== undefined) checkOneOf('only', only, parts)
      outage = { kind, only }
    },
    recover() {
      outage = undefined
      for (const { go } of hanging) go()
    },
    drop() {
      for (const { breakOff } of hanging) breakOff(connectionFailed('ECONNRESET'))
    },
  }
}

function fault(kind: Exclude<OutageKind, 'hang'>, document: StsDocument, signal: AbortSignal): Response {
  if (kind === '500') return new Response('{"error":"server_error"}', { status: 500 })
  if (kind === 'html') {
    const html = '<!doctype html><title>Maintenance</title>'
    return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8' } })
  }
  if (kind === 'drip') {
    const bytes = new TextEncoder().encode(JSON.stringify(document.body()))
    return new Response(drip(bytes, signal), { headers: { 'content-type': 'application/json' } })
  }
  throw connectionFailed('ECONNREFUSED')
}

/** As `fetch` rejects when the network does not work. */
function connectionFailed(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}

function drip(bytes: Uint8Array, signal: AbortSignal): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Without a timer: the end never comes, however long the client waits.
      if (sent === bytes.length - 1) await givenUp(signal)
      controller.enqueue(bytes.subarray(sent, ++sent))
    },
  })
}

/** Rejects when the client gives up. */
function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(signal.reason as Error)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}
