// What the API must do on every runtime, one after the other: real tokens by real HTTP, of an STS that rotates, stalls and is down.
// Each check throws when it does not hold. A reason for not running one is a result of its own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { badTokenKinds, type TestIssuer } from 'claimcheck/testing'
import { fetchTimeoutMs } from './app.ts'

/** An API on some runtime, and the STS that it trusts. */
export interface Running {
  readonly sts: TestIssuer
  /** `http://127.0.0.1:` and the port of the API. */
  readonly origin: string
  /** Why `claimcheck/testing` does not run there. */
  readonly noTesting?: string | undefined
  /** Why a fetch ends there with the request that began it. */
  readonly noKeepAlive?: string | undefined
}

/** Resolves to the reason for which a part does not hold on this runtime, or to nothing. */
type Check = (api: Running) => Promise<string | undefined | void>

/** No request may wait longer: the deadline of a fetch, a second for a verification that it joins, and what a busy machine takes. */
const patienceMs = fetchTimeoutMs + 3000
const longLived = { lifetimeSeconds: 7 * 24 * 3600 }

export const checks: Readonly<Record<string, Check>> = {
  'real keys by HTTP, every algorithm': verifiesEveryAlgorithm,
  'a guarded route and its challenges': guardsRoute,
  policies: decides,
  'rotation by an unknown kid': followsRotation,
  'requests join one fetch': joinsOneFetch,
  'refresh in the background': refreshesInBackground,
  'a removed key ends': dropsRemovedKey,
  'outage and recovery': outlivesOutage,
  'a client that goes away in a fetch': survivesLostClient,
  'a request that ends before its fetch': survivesEndedRequest,
  'keys a day later': startsAnew,
  'claimcheck/testing': runsTestIssuer,
}

async function verifiesEveryAlgorithm({ sts, origin }: Running): Promise<void> {
  const tokens = sts.kids.map((_, index) => sts.token({}, { algorithm: algorithms[index] ?? 'RS256' }))
  for (const token of tokens) assert.deepEqual(await statusOf(origin, token), 200)
  assert.equal(sts.requests.keys, 1)
}

async function guardsRoute(api: Running): Promise<void> {
  const { sts, origin } = api
  const anonymous = await send(`${origin}/me`)
  assert.equal(anonymous.status, 401)
  assert.equal(anonymous.challenge, 'Bearer realm="api"')
  // The HTTP server of a runtime may refuse a header of that length itself.
  for (const kind of badTokenKinds.filter((one) => one !== 'oversized')) {
    const { status, challenge } = await ask(origin, sts.badToken(kind))
    assert.equal(`${kind} ${status}`, `${kind} 401`)
    assert.match(String(challenge), /^Bearer realm="api", error="invalid_token"/)
  }
  assert.equal(await statusOf(origin, 'a b'), 400)
  await advance(api, 60)
}

async function decides({ sts, origin }: Running): Promise<void> {
  const orders = (token: string) => ask(origin, token, '/orders')
  assert.equal((await orders(sts.token({ scope: 'orders' }))).status, 200)
  const denied = await orders(sts.token({ scope: 'other' }))
  assert.equal(denied.status, 403)
  assert.match(String(denied.challenge), /error="insufficient_scope", .*scope="orders"/)
}

async function followsRotation(api: Running): Promise<void> {
  const { sts, origin } = api
  const { keys } = sts.requests
  sts.rotateKeys()
  const token = sts.token()
  for (let times = 0; times < 3; times++) assert.equal(await statusOf(origin, token), 200)
  assert.equal(sts.requests.keys, keys + 1)
  await advance(api, 60)
}

async function joinsOneFetch(api: Running): Promise<void> {
  const { sts, origin } = api
  const { keys } = sts.requests
  sts.rotateKeys()
  sts.outage('hang', { only: 'keys' })
  await eventsOf(origin)
  const hanging = Array.from({ length: 10 }, async () => statusOf(origin, sts.token()))
  await untilEvents(origin, 'request', 10)
  sts.recover()
  assert.deepEqual(new Set(await Promise.all(hanging)), new Set([200]))
  assert.equal(sts.requests.keys, keys + 1)
  assert.equal(await statusOf(origin, sts.token()), 200)
  await advance(api, 60)
}

async function refreshesInBackground(api: Running): Promise<string | undefined> {
  const { sts, origin, noKeepAlive } = api
  const token = sts.token({}, longLived)
  assert.equal(await statusOf(origin, token), 200)
  // Keys are fresh for ten minutes, and a refresh is due after nine at the latest.
  await advance(api, 9.5 * 60)
  await eventsOf(origin)
  sts.outage('hang', { only: 'keys' })
  // No answer of the STS is waited for.
  assert.equal(await statusOf(origin, token), 200)
  sts.recover()
  if (!noKeepAlive) {
    await untilEvents(origin, 'keys.refreshed', 1)
    return undefined
  }
  // Given up at its deadline by the clock.
  await advance(api, 5)
  assert.equal(await statusOf(origin, token), 200)
  return noKeepAlive
}

async function dropsRemovedKey(api: Running): Promise<void> {
  const { sts, origin } = api
  const token = sts.token({}, longLived)
  assert.equal(await statusOf(origin, token), 200)
  sts.rotateKeys({ keepOld: false })
  // Past twice the ten minutes a request waits for a refresh.
  await advance(api, 21 * 60)
  assert.equal(await statusOf(origin, token), 401)
  assert.equal(await statusOf(origin, sts.token()), 200)
  await advance(api, 60)
}

async function outlivesOutage(api: Running): Promise<void> {
  const { sts, origin } = api
  const known = sts.token({}, longLived)
  assert.equal(await statusOf(origin, known), 200)
  for (const kind of ['refuse', '500', 'html', 'hang'] as const) {
    sts.outage(kind)
    await advance(api, 3600)
    assert.equal(`${kind} ${await statusOf(origin, known)}`, `${kind} 200`)
    sts.rotateKeys()
    const { status, retryAfter } = await ask(origin, sts.token())
    assert.equal(`${kind} ${status} ${Number(retryAfter) > 0}`, `${kind} 503 true`)
    sts.recover()
    await advance(api, 90)
    assert.equal(`${kind} ${await statusOf(origin, sts.token())}`, `${kind} 200`)
  }
}

async function survivesLostClient(api: Running): Promise<void> {
  const { sts, origin } = api
  sts.rotateKeys()
  const token = sts.token()
  const { keys } = sts.requests
  sts.outage('hang', { only: 'keys' })
  const client = get(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } }).on('error', () => {})
  await until(() => sts.requests.keys > keys)
  client.destroy()
  await joinLater(api, token)
}

async function survivesEndedRequest(api: Running): Promise<void> {
  const { sts, origin } = api
  sts.rotateKeys()
  const token = sts.token()
  const { keys } = sts.requests
  sts.outage('hang', { only: 'keys' })
  assert.equal((await ask(origin, token, '/leave')).status, 200)
  await until(() => sts.requests.keys > keys)
  await joinLater(api, token)
}

/** Others join a fetch whose request is over. They get their answer, or a 503 in time, and then their answer. */
async function joinLater(api: Running, token: string): Promise<void> {
  const { sts, origin, noKeepAlive } = api
  await eventsOf(origin)
  const joined = Promise.all([token, sts.token(), sts.token()].map((one) => statusOf(origin, one)))
  await untilEvents(origin, 'request', 3)
  sts.recover()
  const statuses = await joined
  const expected = noKeepAlive ? [200, 503] : [200]
  assert.ok(
    statuses.every((status) => expected.includes(status)),
    String(statuses),
  )
  // Of the back-off of one failure, with its random part.
  await advance(api, 2)
  for (const one of [token, sts.token()]) assert.equal(await statusOf(origin, one), 200)
  await advance(api, 60)
}

async function startsAnew(api: Running): Promise<void> {
  const { sts, origin } = api
  for (let day = 0; day < 2; day++) {
    await advance(api, 25 * 3600)
    sts.rotateKeys({ keepOld: false })
    const statuses = await Promise.all([1, 2, 3, 4].map(() => statusOf(origin, sts.token())))
    assert.deepEqual(statuses, [200, 200, 200, 200])
  }
}

async function runsTestIssuer({ origin, noTesting }: Running): Promise<string | undefined> {
  if (noTesting) return noTesting
  assert.match((await send(`${origin}/testing`)).body, /^AuthError: /)
  return undefined
}

/** The algorithms of the STS, in the order of its kids. */
export const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

/** Lets time pass for the API and the STS. */
async function advance({ sts, origin }: Running, seconds: number): Promise<void> {
  sts.clock.advance({ seconds })
  await send(`${origin}/advance?ms=${seconds * 1000}`)
}

async function eventsOf(origin: string): Promise<readonly unknown[]> {
  return JSON.parse((await send(`${origin}/events`)).body) as unknown[]
}

interface Answer {
  readonly status: number
  readonly challenge: string | undefined
  readonly retryAfter: string | undefined
  readonly body: string
}

async function statusOf(origin: string, token: string): Promise<number> {
  return (await ask(origin, token)).status
}

function ask(origin: string, token: string, path = '/me'): Promise<Answer> {
  return send(`${origin}${path}`, { authorization: `Bearer ${token}` })
}

/** One request, on a connection of its own. Rejects when the answer takes too long, or is a fault of the API. */
async function send(url: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  const request = get(url, { headers, signal: AbortSignal.timeout(patienceMs), agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const { statusCode: status = 0, headers: lines } = response
  const body = await text(response)
  assert.notEqual(status, 500, body)
  return { status, challenge: lines['www-authenticate'], retryAfter: lines['retry-after'], body }
}

/** Waits until the API has told of so many events of this type, 5 s at most. */
async function untilEvents(origin: string, type: string, count: number): Promise<void> {
  let seen = 0
  await until(async () => (seen += (await eventsOf(origin)).filter((one) => one === type).length) >= count)
}

/** Waits until `holds` does, 5 s at most. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 5000; !(await holds()); ) {
    assert.ok(Date.now() < end, 'waited in vain')
    await nextTurn()
  }
}
