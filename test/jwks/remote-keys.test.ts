// A JWK Set at an address: what it may do to us, over real HTTP, and how long its answer is believed.
import { gzipSync } from 'node:zlib'
import type { ClaimcheckEvent, KeyQuery } from 'claimcheck'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readKeyCacheOptions } from '../../src/jwks/settings.ts'
import { createRemoteKeys, type RemoteKeysOptions } from '../../src/jwks/remote.ts'
import { createTestClock, type TestClock } from '../support/clock.ts'
import { newKeyPair } from '../support/key-pairs.ts'
import { type Answer, faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { startLoopback } from '../support/loopback.ts'
import { keyFor } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const good = keyFor('ES256').publicJwk
const query = { alg: 'ES256', kid: 'ES256' }
const maxBytes = 512 * 1024

let server: KeyServer
let clock: TestClock
let closing: AbortController
let events: ClaimcheckEvent[]

beforeEach(async () => {
  server = await startKeyServer({ keys: [good] })
  clock = createTestClock()
  closing = new AbortController()
  events = []
})
afterEach(() => server.stop())

function createKeys({ network, ...options }: Partial<Omit<RemoteKeysOptions, 'network'>> & { network?: object } = {}) {
  const emit = (event: ClaimcheckEvent) => void events.push(event)
  const common = {
    fetch,
    fetchTimeoutMs: 5000,
    clock,
    random: () => 0,
    emit,
    signal: closing.signal,
    keepAlive: () => {},
  }
  const keys = createRemoteKeys({
    issuer: server.issuer,
    algorithms: ['ES256'],
    location: locationAt(async () => `${server.issuer}/jwks`),
    settings: readKeyCacheOptions(),
    ...options,
    network: { ...common, ...network },
  })
  // A refusal may come at once; here all of them are rejections.
  return { ...keys, findKey: async (query: KeyQuery) => keys.findKey(query) }
}

/** An address without metadata. */
function locationAt(jwksUri: () => Promise<string>) {
  return { jwksUri, rediscover: async (uri: string) => uri, isFailing: () => false }
}

/** The reason that the operator gets to see when the keys could not be had. */
async function reasonOf(answer: Answer, fetchTimeoutMs = 5000): Promise<string> {
  server.answer('/jwks', answer)
  const error = await refusalOf(createKeys({ network: { fetchTimeoutMs } }).findKey(query))
  expect({ reason: error.reason, headers: error.headers }).toEqual({
    reason: 'keys_unavailable',
    headers: { 'Cache-Control': 'no-store', 'Retry-After': '1' },
  })
  expect(events).toMatchObject([{ type: 'keys.refresh_failed', serving: false }])
  return (events[0] as { reason: string }).reason.replaceAll(new URL(server.issuer).host, 'sts')
}

function padded(bytes: number): string {
  const json = JSON.stringify({ keys: [good] })
  return json + ' '.repeat(bytes - json.length)
}

describe('a JWK Set', () => {
  it('is fetched when the first key is looked for, and kept', async () => {
    const keys = createKeys()
    expect(server.count()).toBe(0)
    const found = await keys.findKey(query)
    expect(found).toMatchObject({ kid: 'ES256', algorithms: ['ES256'] })
    expect(await keys.findKey(query)).toBe(found)
    expect(server.count()).toBe(1)
    expect(events).toEqual([{ type: 'keys.refreshed', issuer: server.issuer, keys: 1, skipped: 0 }])
  })

  it('is fetched once for a thousand concurrent first requests', async () => {
    const keys = createKeys()
    const found = await Promise.all(Array.from({ length: 1000 }, () => keys.findKey(query)))
    expect(new Set(found).size).toBe(1)
    expect(server.count()).toBe(1)
  })

  it('serves its good keys though others in it are broken', async () => {
    const { d } = newKeyPair('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    server.keys = [
      { kty: 'EC' },
      { kty: 'oct', k: 'c2VjcmV0' },
      { ...good, kid: 'private', d },
      { ...good, crv: 'P-999' },
      good,
    ]
    expect(await createKeys().findKey(query)).toMatchObject({ kid: 'ES256' })
    expect(events).toMatchObject([{ type: 'keys.refreshed', keys: 1, skipped: 4 }])
  })

  it('[OWN-JWKS-3] may have 512 KiB and not one byte more', async () => {
    server.answer('/jwks', faults.text(padded(maxBytes)))
    expect(await createKeys().findKey(query)).toMatchObject({ kid: 'ES256' })
    events.length = 0
    expect(await reasonOf(faults.text(padded(maxBytes + 1)))).toBe('sts sent more than 524288 bytes')
  })
})

describe('a 503 that says for the operator why, and never a 401, is the answer when the server', () => {
  const bomb = gzipSync(Buffer.alloc(20 * maxBytes, ' '))
  it.each<[string, Answer, string]>([
    ['answers 500', faults.status(500), 'sts answered 500: the server itself failed'],
    ['answers 204', faults.status(204), 'sts answered 204'],
    ['resets the connection', faults.reset, 'the connection to sts failed (UND_ERR_SOCKET)'],
    [
      'sends a page',
      faults.text('<html>', { 'content-type': 'text/html' }),
      'sts sent a page (text/html), not JSON: does a proxy or a login page answer in its place?',
    ],
    ['sends no set', faults.json({ issuer: 'x' }), 'the answer is not a JWK Set'],
    ['sends an empty set', faults.json({ keys: [] }), 'the JWK Set has no usable key'],
    ['sends 5000 keys', faults.json({ keys: Array(5000).fill({ kty: 'EC' }) }), 'the JWK Set has more than 1000 keys'],
    ['sends private keys', faults.json({ keys: [{ ...good, d: good.x }] }), 'the JWK Set has no usable key'],
    [
      'sends 50 MB',
      (_, response) => void response.end(Buffer.alloc(50_000_000, ' ')),
      'sts sent more than 524288 bytes',
    ],
    [
      'sends 10 MB, packed small',
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      'sts sent more than 524288 bytes',
    ],
  ])('[OWN-JWKS-3] %s', async (_, answer, reason) => {
    expect(await reasonOf(answer)).toBe(reason)
  })

  it.each<[string, Answer]>([
    ['hangs', faults.hang],
    ['stalls', faults.stall],
  ])('[OWN-JWKS-3] %s', async (_, answer) => {
    expect(await reasonOf(answer, 40)).toBe('sts did not answer within 40 ms')
  })

  it('[OWN-JWKS-2] is gone', async () => {
    await server.stop()
    expect(await reasonOf(faults.hang)).toBe('the connection to sts failed (ECONNREFUSED): no server listens there')
  })

  it('[OWN-JWKS-3] redirects: the other address sees nothing', async () => {
    const canary = await startLoopback(faults.json({ keys: [good] }))
    expect(await reasonOf(faults.status(302, { location: canary.url }))).toMatch(
      /^sts answered 302, a redirect to http:/,
    )
    expect(canary.requests()).toBe(0)
  })

  it('cannot be reached because an injected fetch never settles', async () => {
    const keys = createKeys({ network: { fetch: () => new Promise(() => {}), fetchTimeoutMs: 40 } })
    expect(await refusalOf(keys.findKey(query))).toMatchObject({ status: 503 })
  })
})

describe('an answer that is no good', () => {
  it.each<[string, Answer]>([
    ['an empty set', faults.json({ keys: [] })],
    ['a set without one usable key', faults.json({ keys: [{ kty: 'oct', k: 'AA' }] })],
    ['a page', faults.text('<html>')],
    ['an error', faults.status(404)],
  ])('never replaces keys that work: %s', async (_, answer) => {
    const keys = createKeys()
    const found = await keys.findKey(query)
    server.answer('/jwks', answer)
    clock.advanceMs(60 * 60 * 1000)
    expect(await keys.findKey(query)).toBe(found)
    expect(server.count()).toBe(2)
    expect(events.at(-1)).toMatchObject({ type: 'keys.refresh_failed', serving: true })
  })
})

describe('the address of the keys', () => {
  it('that cannot be found out is a 503, and nothing is fetched', async () => {
    const location = locationAt(() => Promise.reject(new Error('no metadata')))
    const error = await refusalOf(createKeys({ location }).findKey(query))
    expect(error.details.cause).toEqual(new Error('no metadata'))
    expect(server.requests).toEqual([])
  })

  it.each([404, 410, 302, 403])('is looked up again at once when it answers %i', async (status) => {
    server.answer('/old', faults.status(status))
    const requests: string[] = []
    const rediscover = async (uri: string) => {
      requests.push(uri)
      return `${server.issuer}/jwks`
    }
    const keys = createKeys({ location: { ...locationAt(async () => `${server.issuer}/old`), rediscover } })
    expect((await keys.findKey(query))?.kid).toBe('ES256')
    expect(requests).toEqual([`${server.issuer}/old`])
    expect(server.requests).toEqual(['/old', '/jwks'])
  })

  it('that is still the same is not asked twice', async () => {
    server.answer('/jwks', faults.status(404))
    expect(await refusalOf(createKeys().findKey(query))).toMatchObject({ status: 503 })
    expect(server.count()).toBe(1)
  })

  it.each([
    ['answers 500', faults.status(500)],
    ['resets the connection', faults.reset],
    ['sends a page', faults.text('<html>')],
  ])('is not looked up again when it %s: the metadata would say no more', async (_, answer) => {
    server.answer('/jwks', answer)
    const rediscover = () => Promise.reject(new Error('was asked'))
    const keys = createKeys({ location: { ...locationAt(async () => `${server.issuer}/jwks`), rediscover } })
    const error = await refusalOf(keys.findKey(query))
    expect(error.details.cause).not.toMatchObject({ message: 'was asked' })
  })
})

describe('a blip', () => {
  it.each([
    ['500', faults.status(500), 2],
    ['503', faults.status(503), 2],
    ['429', faults.status(429), 2],
    ['408', faults.status(408), 2],
    ['a broken connection', faults.reset, 2],
    ['499', faults.status(499), 1],
    ['404', faults.status(404), 1],
    ['no JSON', faults.text('<html>'), 1],
  ])('is answered by one more try, and only a blip is: %s', async (_, answer, requests) => {
    server.answer('/jwks', answer)
    await refusalOf(createKeys().findKey(query))
    expect(server.count()).toBe(requests)
  })

  it('is not noticed', async () => {
    server.answer('/jwks', (request, response) => {
      server.answer('/jwks', undefined)
      faults.reset(request, response)
    })
    expect((await createKeys().findKey(query))?.kid).toBe('ES256')
    expect(events.map(({ type }) => type)).toEqual(['keys.refreshed'])
  })

  it('comes once: in an outage each attempt is one request, until it is over', async () => {
    const keys = createKeys()
    const attempt = async (answer: Answer | undefined) => {
      server.answer('/jwks', answer)
      const before = server.count()
      clock.advanceMs(61 * 60_000)
      await keys.findKey(query).catch(() => {})
      await expect.poll(() => events.length, { interval: 1 }).toBeGreaterThan(0)
      events.length = 0
      return server.count() - before
    }
    expect(await attempt(faults.status(500))).toBe(2)
    expect(await attempt(faults.status(500))).toBe(1)
    expect(await attempt(undefined)).toBe(1)
    expect(await attempt(faults.status(500))).toBe(2)
  })

  it('gets no second deadline: a server that hangs is asked once', async () => {
    server.answer('/jwks', faults.hang)
    await refusalOf(createKeys({ network: { fetchTimeoutMs: 40 } }).findKey(query))
    expect(server.count()).toBe(1)
  })
})

describe('close()', () => {
  it('ends a fetch under way: a request that waits for it gets a 503', async () => {
    server.answer('/jwks', faults.hang)
    const lookup = refusalOf(createKeys().findKey(query))
    await expect.poll(server.count, { interval: 1 }).toBe(1)
    closing.abort(new Error('the verifier was closed'))
    expect(await lookup).toMatchObject({ status: 503, details: { cause: { message: 'the verifier was closed' } } })
  })

  it('lets no fetch begin after it, and takes no key away', async () => {
    const keys = createKeys()
    const found = await keys.findKey(query)
    closing.abort(new Error('the verifier was closed'))
    clock.advanceMs(60 * 60 * 1000)
    expect(await keys.findKey(query)).toBe(found)
    expect(server.count()).toBe(1)
  })
})

describe('Cache-Control', () => {
  it.each([
    [undefined, 600],
    ['max-age=120', 120],
    ['MAX-AGE=120', 120],
    ['public, max-age=120, must-revalidate', 120],
    ['max-age = 120', 120],
    ['max-age="120"', 120],
    ['max-age=0', 60],
    ['max-age=-1', 600],
    ['max-age=soon', 600],
    ['s-maxage=120', 600],
    ['xmax-age=120', 600],
    ['max-age=3600', 3600],
    ['max-age=31536000', 3600],
    ['no-store', 60],
    ['No-Store', 60],
    ['no-store, max-age=3600', 60],
    ['max-age=3600, no-cache', 60],
    ['no-stored, max-age=120', 120],
    ['casino-cache, max-age=120', 120],
  ])('%s makes keys fresh for %i seconds', async (cacheControl, seconds) => {
    let fetches = 0
    const headers = cacheControl === undefined ? {} : { 'cache-control': cacheControl }
    const fetch = async () => {
      fetches++
      return Response.json({ keys: [good] }, { headers })
    }
    const keys = createKeys({ network: { fetch } })
    await keys.findKey(query)
    // By chance 0 the refresh begins at half of the time.
    clock.advanceMs(seconds * 500 - 1)
    await keys.findKey(query)
    expect(fetches).toBe(1)
    clock.advanceMs(1)
    await keys.findKey(query)
    expect(fetches).toBe(2)
  })
})
