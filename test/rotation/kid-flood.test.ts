// Keys that are fetched one by one (AWS ALB), and made-up kids, each of which would cost a fetch: what a flood of them costs others.
import { createVerifier, type KeySnapshot, type KeyStore, type Verifier } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { publicPemOf } from '../support/certificates.ts'
import { createTestClock, now, type TestClock } from '../support/clock.ts'
import { createKey, type TestKey } from '../support/tokens.ts'
import { answerTo } from '../support/verifiers.ts'
import { fixtureOf } from '../support/sts-fixture.ts'

const fixture = fixtureOf('awsAlb')

const hourSeconds = 3600
const address = 'https://public-keys.auth.elb.eu-west-1.amazonaws.com/'

interface Alb {
  readonly clock: TestClock
  /** Publishes a key under a new kid. */
  publish(): TestKey
  withdraw(key: TestKey): void
  /** From now on nothing is answered. */
  goDown(): void
  /** The requested kids and their times. */
  readonly requests: { readonly kid: string; readonly atMs: number }[]
  startVerifier(keyStore?: KeyStore): Verifier
}

let kids = 0

function newKid(): string {
  return `00000000-0000-4000-8000-${String(++kids).padStart(12, '0')}`
}

function createAlb(): Alb {
  const clock = createTestClock()
  const pems = new Map<string, string>()
  const requests: { kid: string; atMs: number }[] = []
  let isDown = false
  const fetch = async (url: string): Promise<Response> => {
    const kid = url.slice(address.length)
    requests.push({ kid, atMs: clock.nowMs() })
    if (isDown) throw new TypeError('fetch failed')
    const pem = pems.get(kid)
    return pem === undefined ? new Response('AccessDenied', { status: 403 }) : new Response(pem)
  }
  return {
    clock,
    requests,
    publish() {
      const key = createKey('ES256', { kid: newKid() })
      pems.set(key.kid, publicPemOf(key))
      return key
    },
    withdraw: ({ kid }) => void pems.delete(kid),
    goDown: () => void (isDown = true),
    startVerifier: (keyStore) =>
      createVerifier({ issuer: fixture.makeIssuer({}), clock, fetch, ...(keyStore && { keyStore }) }),
  }
}

let tokens = 0

const headerOf = (kid: string) => ({ alg: 'ES256', kid, ...fixture.header, exp: now + 48 * hourSeconds })

function tokenBy(key: TestKey): string {
  return fixture.sign?.(headerOf(key.kid), { sub: `user-${++tokens}` }, key) ?? ''
}

const anyKey = createKey('ES256')
const [, ...madeUpRest] = tokenBy({ ...anyKey, kid: newKid() }).split('.')

/** Its signature is never looked at, so it is that of another token. */
function madeUp(): string {
  const header = Buffer.from(JSON.stringify(headerOf(newKid()))).toString('base64')
  return [header.replaceAll('+', '-').replaceAll('/', '_'), ...madeUpRest].join('.')
}

/** The most requests within any second. */
function mostInASecond(requests: Alb['requests']): number {
  const inTheNext = ({ atMs }: { readonly atMs: number }): number =>
    requests.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1000).length
  return Math.max(0, ...requests.map(inTheNext))
}

describe('twenty made-up kids a second', () => {
  it('for 300 seconds keep out no real user: a new kid is served within 10 s, a known one always, for 5 fetches a second', {
    timeout: 30_000,
  }, async () => {
    const alb = createAlb()
    const verifier = alb.startVerifier()
    const known = alb.publish()
    expect(await answerTo(verifier, tokenBy(known))).toBe('verified')
    const answers = new Set<string>()
    let newcomer = { key: alb.publish(), sinceMs: alb.clock.nowMs(), isServed: false }
    const delaysMs: number[] = []
    for (let request = 0; request < 300 * 20; request++) {
      answers.add(await answerTo(verifier, madeUp()))
      // The bearer of a new kid comes once a second, each time at another moment of it.
      if (request % 20 === Math.floor(request / 20) % 20) {
        expect(await answerTo(verifier, tokenBy(known))).toBe('verified')
        const answer = await answerTo(verifier, tokenBy(newcomer.key))
        if (newcomer.isServed) expect(answer).toBe('verified')
        else expect(answer).toMatch(/^verified$|^503 keys_unavailable$/)
        if (answer === 'verified' && !newcomer.isServed) {
          newcomer.isServed = true
          delaysMs.push(alb.clock.nowMs() - newcomer.sinceMs)
        }
      }
      if (request % 400 === 399) {
        expect(newcomer.isServed).toBe(true)
        newcomer = { key: alb.publish(), sinceMs: alb.clock.nowMs(), isServed: false }
      }
      alb.clock.advanceMs(50)
    }
    expect(answers).toEqual(new Set(['401 key_not_found', '503 keys_unavailable']))
    expect(delaysMs).toHaveLength(15)
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(10_000)
    expect(mostInASecond(alb.requests)).toBeLessThanOrEqual(5)
  })

  it('of which each is sent twice keep a new kid out no longer', async () => {
    const alb = createAlb()
    const verifier = alb.startVerifier()
    const floodFor = async (ms: number): Promise<void> => {
      for (let passedMs = 0; passedMs < ms; passedMs += 100) {
        const token = madeUp()
        for (const again of [token, token]) await answerTo(verifier, again)
        alb.clock.advanceMs(100)
      }
    }
    await floodFor(20_000)
    const real = alb.publish()
    const sinceMs = alb.clock.nowMs()
    while ((await answerTo(verifier, tokenBy(real))) !== 'verified') await floodFor(1000)
    expect(alb.clock.nowMs() - sinceMs).toBeLessThanOrEqual(10_000)
    expect(mostInASecond(alb.requests)).toBeLessThanOrEqual(5)
  })

  it('push no known key out, not even while nothing is answered', async () => {
    const alb = createAlb()
    const verifier = alb.startVerifier()
    const known = alb.publish()
    expect(await answerTo(verifier, tokenBy(known))).toBe('verified')
    alb.goDown()
    for (let request = 0; request < 60 * 20; request++) {
      expect(await answerTo(verifier, madeUp())).toBe('503 keys_unavailable')
      alb.clock.advanceMs(50)
    }
    expect(await answerTo(verifier, tokenBy(known))).toBe('verified')
    expect(mostInASecond(alb.requests)).toBeLessThanOrEqual(5)
  })

  it('write nothing to the key store, and read no more from it than they may fetch', async () => {
    const alb = createAlb()
    let reads = 0
    const saved: string[] = []
    const keyStore = { load: async () => void reads++, save: async (name: string) => void saved.push(name) }
    const verifier = alb.startVerifier(keyStore)
    for (let request = 0; request < 200; request++) {
      await answerTo(verifier, madeUp())
      alb.clock.advanceMs(50)
    }
    expect(reads).toBeLessThanOrEqual(5 * 10 + 5)
    expect(saved).toEqual([])
  })
})

describe('forged signatures under known kids', () => {
  it('share the budgets of one issuer, however many kids there are', async () => {
    const alb = createAlb()
    const verifier = alb.startVerifier()
    const known = Array.from({ length: 4 }, alb.publish)
    for (const key of known) expect(await answerTo(verifier, tokenBy(key))).toBe('verified')
    const fetches = alb.requests.length
    const answers: string[] = []
    for (let forgery = 0; forgery < 100; forgery++)
      answers.push(await answerTo(verifier, tokenBy({ ...anyKey, kid: known[forgery % 4]?.kid ?? '' })))
    expect(alb.requests.length - fetches).toBe(3)
    expect(answers.filter((answer) => answer === '503 keys_unavailable')).toHaveLength(60)
    expect(answers.filter((answer) => answer === '401 signature_invalid')).toHaveLength(40)
  })
})

describe('a known kid', () => {
  function createStore() {
    const kept = new Map<string, KeySnapshot>()
    return {
      kept,
      load: async (name: string) => kept.get(name),
      save: async (name: string, snapshot: KeySnapshot) => void kept.set(name, snapshot),
    }
  }

  it('outlives the process in the key store: a start during an outage verifies', async () => {
    const alb = createAlb()
    const store = createStore()
    const [one, two] = [alb.publish(), alb.publish()]
    const first = alb.startVerifier(store)
    for (const key of [one, two]) expect(await answerTo(first, tokenBy(key))).toBe('verified')
    alb.goDown()
    alb.clock.advanceMs(23 * hourSeconds * 1000)
    const second = alb.startVerifier(store)
    for (const key of [one, two]) expect(await answerTo(second, tokenBy(key))).toBe('verified')
    expect(await answerTo(second, tokenBy({ ...anyKey, kid: one.kid }))).toBe('503 keys_unavailable')
    expect(await answerTo(alb.startVerifier(), tokenBy(one))).toBe('503 keys_unavailable')
    alb.clock.advanceMs(hourSeconds * 1000)
    expect(await answerTo(alb.startVerifier(store), tokenBy(one))).toBe('503 keys_unavailable')
  })

  it('that the STS has withdrawn is taken from no store, in this process or a later one', async () => {
    const alb = createAlb()
    const store = createStore()
    const key = alb.publish()
    const verifier = alb.startVerifier(store)
    expect(await answerTo(verifier, tokenBy(key))).toBe('verified')
    alb.withdraw(key)
    alb.clock.advanceMs(20 * 60_000)
    expect(await answerTo(verifier, tokenBy(key))).toBe('401 key_not_found')
    alb.clock.advanceMs(60_000)
    expect(await answerTo(verifier, tokenBy(key))).toBe('401 key_not_found')
    alb.goDown()
    expect(await answerTo(alb.startVerifier(store), tokenBy(key))).toBe('503 keys_unavailable')
  })

  it('that was withdrawn while no process ran is refused by the first that starts, where its key is overdue', async () => {
    const alb = createAlb()
    const store = createStore()
    const key = alb.publish()
    expect(await answerTo(alb.startVerifier(store), tokenBy(key))).toBe('verified')
    alb.withdraw(key)
    alb.clock.advanceMs(hourSeconds * 1000)
    expect(await answerTo(alb.startVerifier(store), tokenBy(key))).toBe('401 key_not_found')
  })

  it('has its snapshot taken from no other address', async () => {
    const alb = createAlb()
    const store = createStore()
    const key = alb.publish()
    expect(await answerTo(alb.startVerifier(store), tokenBy(key))).toBe('verified')
    const [[name, snapshot] = []] = store.kept
    expect(snapshot).toMatchObject({ source: `${address}{kid}`, jwks: { keys: [{ kid: key.kid }] } })
    store.kept.set(name ?? '', { ...(snapshot as KeySnapshot), source: 'https://evil.example/{kid}' })
    alb.goDown()
    expect(await answerTo(alb.startVerifier(store), tokenBy(key))).toBe('503 keys_unavailable')
  })
})
