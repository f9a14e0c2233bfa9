// An STS that is down after warm-up: good tokens are accepted for a day, and it is not hammered meanwhile.
import type { Verifier } from 'claimcheck'
import { describe, expect, it, vi } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { type Answer, faults } from '../support/key-server.ts'
import { refusalOf } from '../support/verifiers.ts'
import { hour, isDue, key, minute, newKey, refreshEnded, second, startSts, type TestSts } from './sts.ts'

/** A byte now and then, for as long as anyone listens. */
const drip: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const dripping = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(dripping))
}

type Trouble = readonly [name: string, begin: (sts: TestSts) => unknown, end: (sts: TestSts) => unknown]
const answering = (name: string, answer: Answer): Trouble => [
  name,
  ({ server }) => server.answer('*', answer),
  ({ server }) => server.answer('*', undefined),
]
const troubles: readonly Trouble[] = [
  ['refuses connections', ({ server }) => server.stop(), ({ server }) => server.start()],
  answering('answers 500', faults.status(500)),
  answering('hangs', faults.hang),
  answering('drips', drip),
  answering('resets connections', faults.reset),
]

/** A request with a good token each `everyMs`, for `forMs`; each attempt ends before time goes on. */
async function useFor(sts: TestSts, verifier: Verifier, forMs: number, everyMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += everyMs) {
    await verifier.verifyToken(sts.token())
    await refreshEnded(verifier)
    sts.clock.advanceMs(everyMs)
  }
}

/** Comes again until the keys are fresh: on a busy machine even a good answer may take longer than a short time-out. */
async function untilFresh(sts: TestSts, verifier: Verifier): Promise<void> {
  const isFresh = async (): Promise<boolean> => {
    sts.clock.advanceMs(75 * second)
    await verifier.ready()
    await refreshEnded(verifier)
    return verifier.keys()[0]?.state === 'fresh'
  }
  await expect.poll(isFresh, { interval: 1 }).toBe(true)
}

describe.each(troubles)('an STS that %s for 23 hours', (_, begin, end) => {
  it('turns no good token away, is asked eight times in two minutes, then once a minute, and is taken back', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier({ fetchTimeoutMs: 60 })
    await untilFresh(sts, verifier)
    const startedMs = sts.clock.nowMs()
    await begin(sts)
    sts.clock.advanceMs(10 * minute)
    const before = sts.requests.length
    await useFor(sts, verifier, 2 * minute, second / 2)
    const inTwoMinutes = sts.requests.length - before
    expect(inTwoMinutes).toBeGreaterThanOrEqual(6)
    expect(inTwoMinutes).toBeLessThanOrEqual(8)
    await useFor(sts, verifier, 5 * minute, second)
    expect(sts.requests.length - before - inTwoMinutes).toBeGreaterThanOrEqual(3)
    expect(sts.requests.length - before - inTwoMinutes).toBeLessThanOrEqual(5)
    const restMs = startedMs + 23 * hour - sts.clock.nowMs()
    await useFor(sts, verifier, restMs, Math.ceil(restMs / 6))
    expect(verifier.keys()).toMatchObject([{ state: 'stale', keys: 1, lastFailure: expect.stringMatching(/./) }])
    await end(sts)
    await untilFresh(sts, verifier)
    expect(verifier.keys()).toMatchObject([{ keys: 1, ageMs: 0 }])
  })
})

describe('an outage', () => {
  it('makes no request wait: each is answered while the STS still hangs', async () => {
    const sts = await startSts()
    const { verifyToken, keys } = sts.startVerifier()
    await verifyToken(sts.token())
    sts.server.answer('*', faults.hang)
    sts.clock.advanceMs(10 * minute)
    const before = sts.requests.length
    for (let request = 0; request < 100; request++) {
      await verifyToken(sts.token())
      expect(isDue(keys)).toBe(true) // the refresh is still under way
    }
    expect(sts.requests).toHaveLength(before + 1)
  })

  it('makes the first requests after an idle hour wait for one second, and only them', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    sts.server.answer('*', faults.hang)
    sts.clock.advanceMs(hour)
    const before = sts.requests.length
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      let verified = 0
      const first = [1, 2, 3].map(() => verifyToken(sts.token()).then(() => verified++))
      while (sts.requests.length === before) await everyoneGoesOn() // a poll would move the timers
      vi.advanceTimersByTime(second - 1)
      await everyoneGoesOn()
      expect(verified).toBe(0)
      vi.advanceTimersByTime(1)
      await Promise.all(first)
      await verifyToken(sts.token())
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps the tokens of an unknown key at 503, with the time of the next attempt', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    sts.server.answer('*', faults.status(500))
    const first = await refusalOf(verifyToken(sts.token(newKey)))
    expect(first).toMatchObject({ status: 503, headers: { 'Cache-Control': 'no-store', 'Retry-After': '2' } })
    sts.server.answer('*', undefined)
    sts.server.keys = [key.publicJwk, newKey.publicJwk]
    sts.clock.advanceMs(1250)
    await verifyToken(sts.token(newKey))
  })
})

describe('an STS that is down past the stale window', () => {
  it('makes it 503 with Retry-After, never 401, from the very millisecond; its first answer ends that', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier()
    await verifier.verifyToken(sts.token())
    sts.server.answer('*', faults.status(500))
    sts.clock.advanceMs(24 * hour - 1)
    await verifier.verifyToken(sts.token())
    await refreshEnded(verifier)
    sts.clock.advanceMs(1)
    for (let request = 0; request < 20; request++) {
      for (const signedWith of [key, newKey]) {
        const { reason, status, headers } = await refusalOf(verifier.verifyToken(sts.token(signedWith)))
        expect({ reason, status, retryAfter: headers['Retry-After'] }).toEqual({
          reason: 'keys_unavailable',
          status: 503,
          retryAfter: '1',
        })
      }
      sts.clock.advanceMs(second / 2)
    }
    expect(verifier.keys()).toMatchObject([{ state: 'expired', keys: 0 }])
    sts.server.answer('*', undefined)
    sts.clock.advanceMs(second / 2)
    await verifier.verifyToken(sts.token())
    expect(verifier.keys()).toMatchObject([{ state: 'fresh', keys: 1 }])
  })

  it('is as long as staleSeconds says', async () => {
    const sts = await startSts()
    const { verifyToken } = sts.startVerifier({ keyCache: { staleSeconds: 60, maxFreshSeconds: 60 } })
    await verifyToken(sts.token())
    await sts.server.stop()
    sts.clock.advanceMs(minute - 1)
    await verifyToken(sts.token())
    sts.clock.advanceMs(1)
    expect(await refusalOf(verifyToken(sts.token()))).toMatchObject({ status: 503 })
  })
})
