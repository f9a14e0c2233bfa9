// The deadline of a request, and its early end. Deadlines are real time: a few of 40 ms.
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type Fetch, fetchJson, type FetchJsonOptions } from '../../src/internal/fetch-json.ts'
import { type Answer, faults } from '../support/key-server.ts'
import { startLoopback } from '../support/loopback.ts'

const timeoutMs = 40

describe('the deadline', () => {
  function get(url: string, changes: Partial<FetchJsonOptions> = {}) {
    return fetchJson(url, {
      fetch,
      timeoutMs,
      maxBytes: 1000,
      signal: new AbortController().signal,
      ...changes,
    })
  }

  /** A byte now and then, for ever. */
  const drip: Answer = (_, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write(' '), 5)
    response.on('close', () => clearInterval(timer))
  }

  /** Never answers and ignores its signal; records the URLs. */
  function createDeafFetch() {
    const urls: string[] = []
    const deaf: Fetch = (url) => {
      urls.push(url)
      return new Promise(() => {})
    }
    return { urls, deaf }
  }

  /** A body that begins and then hangs, and tells when it is cancelled. */
  function createEndlessBody() {
    let cancelled = 0
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{}')),
      cancel: () => void cancelled++,
    })
    return { body, cancelled: () => cancelled }
  }

  describe('the deadline', () => {
    it.each([
      ['no answer', faults.hang],
      ['a good beginning and nothing more', faults.stall],
      ['a drip of bytes', drip],
    ])('ends a request that gets %s, and closes its connection', async (_, answer) => {
      const server = await startLoopback(answer)
      await expect(get(server.url)).rejects.toThrow(`${server.host} did not answer within 40 ms`)
      await expect.poll(server.open, { interval: 1 }).toBe(0)
    })

    it('ends a request whose injected fetch does not listen to its signal', async () => {
      await expect(get('https://a.example/', { fetch: createDeafFetch().deaf })).rejects.toThrow(
        'a.example did not answer within 40 ms',
      )
    })

    it('cancels a body that an injected fetch still reads', async () => {
      const { body, cancelled } = createEndlessBody()
      await expect(get('https://a.example/', { fetch: async () => new Response(body) })).rejects.toThrow('within 40 ms')
      expect(cancelled()).toBe(1)
    })

    it('is not met by an answer that an injected fetch brings later: its body is not read', async () => {
      const { body, cancelled } = createEndlessBody()
      let answer = (_late: Response): void => {}
      const late = new Promise<Response>((resolve) => {
        answer = resolve
      })
      await expect(get('https://a.example/', { fetch: () => late })).rejects.toThrow('within 40 ms')
      answer(new Response(body))
      await expect.poll(cancelled, { interval: 1 }).toBe(1)
    })

    it('keeps quiet when the request fails after it', async () => {
      let fail = (_late: Error): void => {}
      const late = new Promise<Response>((_, reject) => {
        fail = reject
      })
      await expect(get('https://a.example/', { fetch: () => late })).rejects.toThrow('within 40 ms')
      // An unhandled rejection would fail the test run.
      fail(new Error('too late'))
    })
  })

  describe('the signal of close()', () => {
    it.each([
      ['waits for an answer', faults.hang],
      ['reads one', faults.stall],
    ])('ends a request that %s, at once and with the reason of the signal', async (_, answer) => {
      const closing = new AbortController()
      const server = await startLoopback(answer)
      const request = get(server.url, { signal: closing.signal, timeoutMs: 60_000 })
      await expect.poll(server.requests, { interval: 1 }).toBe(1)
      expect(getEventListeners(closing.signal, 'abort')).toHaveLength(1)
      closing.abort(new Error('the verifier was closed'))
      await expect(request).rejects.toThrow(/^the verifier was closed$/)
      await expect.poll(server.open, { interval: 1 }).toBe(0)
    })

    it('ends a request whose injected fetch does not listen', async () => {
      const closing = new AbortController()
      const request = get('https://a.example/', {
        signal: closing.signal,
        fetch: createDeafFetch().deaf,
        timeoutMs: 60_000,
      })
      closing.abort(new Error('closed'))
      await expect(request).rejects.toThrow('closed')
    })

    it('lets no request begin once it has come, and leaves none hanging', async () => {
      const closing = new AbortController()
      closing.abort(new Error('closed before'))
      const { urls, deaf } = createDeafFetch()
      await expect(get('https://a.example/', { signal: closing.signal, fetch: deaf })).rejects.toThrow('closed before')
      expect(urls).toEqual([])
    })

    it('does not disturb an answer that has come', async () => {
      const closing = new AbortController()
      const server = await startLoopback(faults.json({ a: 1 }))
      const { value } = await get(server.url, { signal: closing.signal, timeoutMs: 5000 })
      closing.abort()
      expect(value).toEqual({ a: 1 })
    })
  })
})
