// Who fetches: the application's fetch, Node's own, or node:http until that is loaded.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, globalAgent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { fetchJson } from '../../src/internal/fetch-json.ts'
import { certificateOf } from '../support/certificates.ts'
import { type Answer, faults } from '../support/key-server.ts'
import { startLoopback } from '../support/loopback.ts'
import { runInNewProcess } from '../support/new-process.ts'
import { overHttp } from '../support/over-http.ts'
import { createToken, keyFor } from '../support/tokens.ts'

const keys = { keys: [keyFor('ES256').publicJwk] }

function get(url: string, fetch = overHttp) {
  return fetchJson(url, { fetch, timeoutMs: 5000, maxBytes: 1000, signal: new AbortController().signal, retry: true })
}

/** What a process prints that verifies its first token with the keys at `jwksUri`, in the state that `before` names. */
function inNewProcess(before: string, jwksUri: string, env = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const token = createToken({ claims: { iss: new URL(jwksUri).origin, iat: now, exp: now + 300 } })
  return runInNewProcess('fetch-in-new-process.ts', [before, jwksUri, token], env)
}

/** A server with a certificate for `name`, and the environment of who takes that for an authority's. */
async function startHttps(answer: Answer, name = 'localhost'): Promise<{ url: string; env: object }> {
  const key = keyFor('ES256')
  const cert = certificateOf(key, { name, lastYear: 2049 })
  const server = createServer({ key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }), cert }, answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const folder = await mkdtemp(join(tmpdir(), 'claimcheck-'))
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await rm(folder, { recursive: true })
  })
  await writeFile(join(folder, 'ca.pem'), cert)
  const { port } = server.address() as AddressInfo
  return { url: `https://localhost:${port}/`, env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') } }
}

describe('a new process', () => {
  it('gets its first keys without loading fetch', async () => {
    const { url } = await startLoopback(faults.json(keys))
    expect(await inNewProcess('nothing special', url)).toBe('alice, nobody else, not loaded')
  })

  it.each([
    'a replaced fetch',
    'a fetch that pretends to be what it wraps',
    'a proxy of fetch',
    'a fetch of another realm',
  ])('that has %s gets them by that', async (state) => {
    const { url } = await startLoopback(faults.json(keys))
    expect(await inNewProcess(state, url)).toBe('alice, the replaced fetch, loaded')
  })

  it.each([1, 2])(
    'that has a dispatcher of version %i gets them by fetch: there may be no other way out',
    async (version) => {
      const modes: unknown[] = []
      const { url } = await startLoopback((request, response) => {
        modes.push(request.headers['sec-fetch-mode'])
        faults.json(keys)(request, response)
      })
      const printed = await inNewProcess(`a dispatcher, version ${version}`, url)
      // A Node asks the one of its own version, and where that is another goes by itself: but by fetch, which says so.
      expect(modes).toEqual(printed.startsWith('alice') ? ['cors'] : [])
    },
  )

  it('gets them over https from whom its certificate authorities vouch for', async () => {
    const protocols: unknown[] = []
    const { url, env } = await startHttps((request, response) => {
      protocols.push((request.socket as TLSSocket).alpnProtocol)
      faults.json(keys)(request, response)
    })
    expect(await inNewProcess('nothing special', url, env)).toBe('alice, nobody else, not loaded')
    expect(protocols).toEqual(['http/1.1'])
    expect(await inNewProcess('nothing special', url)).toBe('keys_unavailable, nobody else, not loaded')
  })

  it('gets none from another host than its certificate names, whatever an earlier connection was allowed', async () => {
    const { url, env } = await startHttps(faults.json(keys, { connection: 'close' }), 'somebody')
    for (const state of ['nothing special', 'a connection that nobody verified'])
      expect(await inNewProcess(state, url, env)).toBe('keys_unavailable, nobody else, not loaded')
  })

  it('reads an answer strictly, whatever the application allows its own requests', async () => {
    const body = JSON.stringify(keys)
    const twoLengths = `content-length: ${body.length}\r\ntransfer-encoding: chunked`
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const { url } = await startLoopback(({ socket }) =>
      socket.end(`HTTP/1.1 200 OK\r\n${twoLengths}\r\n\r\n${chunked}`),
    )
    const env = { NODE_OPTIONS: '--insecure-http-parser' }
    expect(await inNewProcess('nothing special', url, env)).toBe('keys_unavailable, nobody else, not loaded')
  })
})

describe('node:http in place of fetch', () => {
  it('takes no certificate that nobody vouches for, whatever the application allows its own requests', async () => {
    const { url } = await startHttps(faults.json(keys))
    const { rejectUnauthorized } = globalAgent.options
    onTestFinished(() => void (globalAgent.options.rejectUnauthorized = rejectUnauthorized))
    globalAgent.options.rejectUnauthorized = false
    await expect(get(url)).rejects.toThrow('(DEPTH_ZERO_SELF_SIGNED_CERT)')
  })

  it('says who it is, and takes no encoding', async () => {
    const seen: unknown[] = []
    const { url } = await startLoopback((request, response) => {
      seen.push(request.headers)
      faults.json({})(request, response)
    })
    await get(url)
    expect(seen).toMatchObject([{ 'user-agent': 'node', 'accept-encoding': 'identity' }])
  })

  it('leaves an answer that is encoded all the same to fetch, and its connection to nobody', async () => {
    const server = await startLoopback((request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      if (request.headers['accept-encoding'] === 'identity') response.write('never read')
      else response.end(gzipSync('{"keys":[]}'))
    })
    expect((await get(server.url)).value).toEqual({ keys: [] })
    expect(server.requests()).toBe(2)
    await expect.poll(server.open, { interval: 1 }).toBe(0)
  })

  it.each(['identity', 'IDENTITY', ''])('asks once for what comes as "%s"', async (encoding) => {
    const { url, requests } = await startLoopback(faults.json({}, { 'content-encoding': encoding }))
    expect((await get(url)).value).toEqual({})
    expect(requests()).toBe(1)
  })

  it('asks once for what is not there, however it is encoded', async () => {
    const { url, requests } = await startLoopback(faults.status(404, { 'content-encoding': 'gzip' }))
    await expect(get(url)).rejects.toThrow('answered 404')
    expect(requests()).toBe(1)
  })

  it('reads all lines of a header', async () => {
    const { url } = await startLoopback(faults.json({}, { 'content-type': ['application/json', 'text/html'] }))
    expect(await get(url)).toMatchObject({ contentType: (await get(url, globalThis.fetch)).contentType })
  })

  it('does not wait for the deadline when the server changes the protocol', async () => {
    const { url } = await startLoopback(({ socket }) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
    )
    await expect(get(url)).rejects.toThrow('(closed without an answer)')
  })

  it.each([
    ['http://127.0.0.1:6000/', undefined],
    ['http://127.0.0.1:10080/', undefined],
    ['http://127.0.0.1:25/', undefined],
    ['http://alice@127.0.0.1:32768/', undefined],
    ['http://:secret@127.0.0.1:32768/', undefined],
    ['http://127.0.0.1:32768/', '{}'],
  ])('leaves %s with the body %s to fetch', async (url, body) => {
    vi.stubGlobal('fetch', async () => Response.json({ by: 'fetch' }))
    const request = { redirect: 'manual', signal: new AbortController().signal, headers: {}, body } as RequestInit
    expect(await (await overHttp(url, request)).json()).toEqual({ by: 'fetch' })
  })

  it('leaves everything to fetch where there is no node:http', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    vi.stubGlobal('fetch', async () => Response.json({ by: 'fetch' }))
    expect((await get('https://a.example/keys')).value).toEqual({ by: 'fetch' })
  })

  it('uses a connection again, and a new one when that has died', async () => {
    const sockets = new Set<unknown>()
    let answers = 0
    const { url } = await startLoopback(({ socket }, response) => {
      // In the end every connection dies when it is used again.
      if (++answers > 4 && sockets.has(socket)) return void socket.destroy()
      sockets.add(socket)
      faults.json({})(undefined as never, response)
    })
    await Promise.all([get(url), get(url)])
    expect(sockets.size).toBe(2)
    await get(url)
    await get(url)
    expect(sockets.size).toBe(2)
    await get(url)
    expect(sockets.size).toBe(3)
  })
})
