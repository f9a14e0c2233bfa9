// One GET and everything that may go wrong with it, against real loopback servers.
import { getEventListeners } from 'node:events'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Fetch, fetchJson, type FetchJsonOptions, isHttpStatusError } from '../../src/internal/fetch-json.ts'
import { type Answer, faults } from '../support/key-server.ts'
import { startLoopback } from '../support/loopback.ts'

const open = new AbortController().signal

describe('fetchJson', () => {
  function get(url: string, changes: Partial<FetchJsonOptions> = {}) {
    return fetchJson(url, { fetch, timeoutMs: 5000, maxBytes: 1000, signal: open, ...changes })
  }

  /** The error of one request to a server that answers so. */
  async function failureOf(
    answer: Answer,
    changes: Partial<FetchJsonOptions> = {},
  ): Promise<{ error: Error; host: string }> {
    const { url, host } = await startLoopback(answer)
    const error: unknown = await get(url, changes).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    return { error: error as Error, host }
  }

  describe('a good answer', () => {
    it('is its JSON object and what it says of itself', async () => {
      const headers = { 'content-type': 'application/jwk-set+json', 'cache-control': 'max-age=60, public' }
      const { url } = await startLoopback(faults.json({ keys: [] }, headers))
      expect(await get(url)).toEqual({
        value: { keys: [] },
        contentType: 'application/jwk-set+json',
        cacheControl: 'max-age=60, public',
      })
    })

    it('may lack headers', async () => {
      const { url } = await startLoopback(faults.text('{}'))
      expect(await get(url)).toEqual({ value: {}, contentType: '', cacheControl: '' })
    })

    it('is asked for with GET, as JSON, without a credential or a cookie', async () => {
      const seen: Record<string, unknown>[] = []
      const { url } = await startLoopback((request, response) => {
        seen.push({ method: request.method, ...request.headers })
        faults.text('{}')(request, response)
      })
      await get(`${url}.well-known/x?y=1`)
      expect(seen).toMatchObject([{ method: 'GET', accept: 'application/json' }])
      expect(Object.keys(seen[0] ?? {})).not.toEqual(expect.arrayContaining(['authorization']))
      expect(Object.keys(seen[0] ?? {})).not.toEqual(expect.arrayContaining(['cookie']))
    })

    it('is asked for with POST where there is something to send, which no header line can pass off as something else', async () => {
      const seen: Record<string, unknown>[] = []
      const { url } = await startLoopback((request, response) => {
        request.setEncoding('utf8').on('data', (sent) => {
          seen.push({ method: request.method, sent, ...request.headers })
          faults.text('{"decision":true}')(request, response)
        })
      })
      const headers = { authorization: 'Bearer pdp', 'content-type': 'text/plain' }
      expect((await get(url, { body: { a: [1] }, headers })).value).toEqual({ decision: true })
      expect(seen).toMatchObject([
        { method: 'POST', sent: '{"a":[1]}', 'content-type': 'application/json', authorization: 'Bearer pdp' },
      ])
    })

    it('may come in pieces and be split inside a character', async () => {
      const body = Buffer.from('{"name":"Zoë"}')
      const { url } = await startLoopback((_, response) => {
        response.write(body.subarray(0, 12), () => setImmediate(() => response.end(body.subarray(12))))
      })
      expect((await get(url)).value).toEqual({ name: 'Zoë' })
    })
  })

  describe('an answer with another status', () => {
    it.each([201, 204, 206, 304, 400, 401, 404, 408, 429, 500, 503])(
      'fails, and names the host and status %i',
      async (status) => {
        const { error, host } = await failureOf(faults.status(status))
        expect(error.message).toBe(`${host} answered ${status}${status < 500 ? '' : ': the server itself failed'}`)
        expect(error).toMatchObject({ httpStatus: status })
        expect(isHttpStatusError(error)).toBe(true)
      },
    )

    it.each([301, 302, 303, 307, 308])('is not followed anywhere, not with %i either', async (status) => {
      const canary = await startLoopback(faults.json({}))
      for (const location of [canary.url, `http://localhost:${new URL(canary.url).port}/`, '/elsewhere']) {
        const { error, host } = await failureOf(faults.status(status, { location }))
        expect(error.message).toBe(
          `${host} answered ${status}, a redirect to ${location}: it is not followed. Configure the issuer of that address`,
        )
      }
      expect(canary.requests()).toBe(0)
    })

    it.each([
      ['https://sso.example.com/login?ticket=secret#secret', 'https://sso.example.com/login?'],
      ['https://bot:secret@sts.example.com/keys', 'https://sts.example.com/keys'],
      ['//bot:secret@sts.example.com/keys', 'sts.example.com/keys'],
      ['/login?state=secret', '/login?'],
    ])('that leads to %s is told without what may be secret', async (location, told) => {
      const { error } = await failureOf(faults.status(302, { location }))
      expect(error.message).toContain(told)
      expect(error.message).not.toContain('secret')
    })

    it('gives its connection back, read or not', async () => {
      const endless: Answer = (_, response) => void response.writeHead(500).write('x'.repeat(100_000))
      const server = await startLoopback(endless)
      await expect(get(server.url)).rejects.toThrow('answered 500')
      await expect.poll(server.open, { interval: 1 }).toBe(0)
    })

    it('is also one that an injected fetch followed on its own', async () => {
      const { url } = await startLoopback((request, response) =>
        request.url === '/'
          ? faults.status(302, { location: '/moved' })(request, response)
          : faults.text('{}')(request, response),
      )
      const following: Fetch = (to, init) => fetch(to, { ...init, redirect: 'follow' })
      await expect(get(url, { fetch: following })).rejects.toThrow('answered 200')
    })
  })

  describe('a body', () => {
    it.each(['', 'null', '"text"', '[]', '[{}]', '42', '{', '{"a":1}}', '<!doctype html><title>Sign in</title>'])(
      'that is no JSON object fails, and is not quoted: %s',
      async (body) => {
        const { error, host } = await failureOf(faults.text(body))
        expect(error.message).toBe(`${host} did not send a JSON object in which no name is repeated`)
        // The server is there, and this is its way to say "not here": another address may do.
        expect(isHttpStatusError(error) && error.httpStatus).toBe(200)
      },
    )

    it.each(['{"a":1,"a":2}', '{"keys":[{"kid":"a","kid":"b"}]}', String.raw`{"a":1,"\u0061":2}`])(
      'that repeats a member name fails, since two parsers would read it in two ways: %s',
      async (body) => {
        const { error, host } = await failureOf(faults.text(body))
        expect(error.message).toBe(`${host} did not send a JSON object in which no name is repeated`)
        expect(isHttpStatusError(error) && error.httpStatus).toBe(200)
      },
    )

    it('that is not there at all fails like an empty one', async () => {
      await expect(get('https://a.example/', { fetch: async () => new Response(null) })).rejects.toThrow(
        'a.example did not send a JSON object',
      )
    })

    it('may be as long as allowed, and not one byte longer', async () => {
      const json = `{"a":"${'x'.repeat(992)}"}`
      expect(json).toHaveLength(1000)
      const { url } = await startLoopback(faults.text(json))
      expect((await get(url)).value.a).toHaveLength(992)
      const { error, host } = await failureOf(faults.text(`${json} `))
      expect(error.message).toBe(`${host} sent more than 1000 bytes`)
    })

    it('is counted in all its pieces, whatever Content-Length says', async () => {
      const { error } = await failureOf((_, response) => {
        for (let piece = 0; piece < 11; piece++) response.write('x'.repeat(91))
        response.end()
      })
      expect(error.message).toContain('sent more than 1000 bytes')
    })

    it('that never ends is cut off where it is too long, and its connection closed', async () => {
      let sent = 0
      const server = await startLoopback((_, response) => {
        const send = () => {
          while (response.writable && response.write(Buffer.alloc(1000, ' '))) sent += 1000
        }
        response.on('drain', send)
        send()
      })
      await expect(get(server.url)).rejects.toThrow('sent more than 1000 bytes')
      await expect.poll(server.open, { interval: 1 }).toBe(0)
      expect(sent).toBeLessThan(20_000_000)
    })

    it('is counted as it is unpacked: a gzip bomb is not', async () => {
      const bomb = gzipSync(Buffer.alloc(20_000_000, ' '))
      expect(bomb.byteLength).toBeLessThan(30_000)
      let unpacked = 0
      const counting: Fetch = async (url, init) => {
        const response = await fetch(url, init)
        const count = new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            unpacked += chunk.byteLength
            controller.enqueue(chunk)
          },
        })
        return new Response(response.body?.pipeThrough(count) ?? null)
      }
      const answer: Answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
      const { error } = await failureOf(answer, { fetch: counting, maxBytes: 512 * 1024 })
      expect(error.message).toContain('sent more than 524288 bytes')
      expect(unpacked).toBeLessThan(2_000_000)
    })

    it('that is not what its Content-Encoding says fails', async () => {
      const { error, host } = await failureOf(faults.text('{}', { 'content-encoding': 'gzip' }))
      expect(error.message).toMatch(`the connection to ${host} failed (Z_DATA_ERROR)`)
    })
  })

  describe('a connection', () => {
    it('that is refused fails with the host and the reason, and keeps the error of the platform', async () => {
      const server = await startLoopback(faults.hang)
      await server.stop()
      await expect(get(server.url)).rejects.toMatchObject({
        message: `the connection to ${server.host} failed (ECONNREFUSED): no server listens there`,
        cause: { message: 'fetch failed' },
      })
    })

    it('that is reset fails, before the answer and in the middle of it', async () => {
      for (const begin of ['', '{"keys":[']) {
        const { error, host } = await failureOf((_, response) => {
          if (begin) response.write(begin, () => response.destroy())
          else response.destroy()
        })
        expect(error.message).toBe(`the connection to ${host} failed (UND_ERR_SOCKET)`)
      }
    })

    it.each([
      [new Error('proxy says no'), 'proxy says no'],
      [new Error('outer', { cause: new Error('inner\nline') }), 'inner?line'],
      [Object.assign(new Error('x'), { code: 'EPROXY' }), 'EPROXY'],
      ['a string', 'a string'],
      [undefined, 'undefined'],
    ])('of an injected fetch that rejects with %s fails as (%s)', async (reason, words) => {
      const rejecting: Fetch = () => Promise.reject(reason)
      await expect(get('https://a.example:8443/x', { fetch: rejecting })).rejects.toThrow(
        `the connection to a.example:8443 failed (${words})`,
      )
    })
  })

  describe('an address', () => {
    it('that is none is refused before any request', async () => {
      let requests = 0
      const counting: Fetch = async () => new Response(`${++requests}`)
      await expect(get('keys', { fetch: counting })).rejects.toThrow(TypeError)
      expect(requests).toBe(0)
    })
  })

  it('leaves no listener on the long-lived signal, however a request ends', async () => {
    const { signal } = new AbortController()
    const good = await startLoopback(faults.json({}))
    const bad = await startLoopback(faults.status(500))
    await get(good.url, { signal })
    await get(bad.url, { signal }).catch(() => {})
    await get(bad.url, { signal, timeoutMs: 1, fetch: () => new Promise(() => {}) }).catch(() => {})
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
