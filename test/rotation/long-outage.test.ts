// An STS that is down for a day, and an API with a hundred requests a second: how many of them wait, and for how long.
import { createTestIssuer } from 'claimcheck/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { verifierFor } from '../testing/verifier.ts'

const requestsPerSecond = 100
const daySeconds = 86_400
/** While requests wait, one stands for those of so many milliseconds; between two attempts, one for many. */
const stepMs = 100

const outages = {
  hangs: () => new Promise<Response>(() => {}),
  'refuses connections': () => Promise.reject(new Error('ECONNREFUSED')),
}

it.each(['hangs', 'refuses connections'] as const)(
  'an STS that %s for 24 hours makes at most 2 of 100 requests wait, none longer than a second',
  { timeout: 60_000 },
  async (name) => {
    const sts = createTestIssuer()
    let isDown = false
    const fetch = (url: string) => (isDown ? outages[name]() : sts.fetch(url, {}))
    const { verifyToken, keys, events } = verifierFor(sts, sts.issuer, { fetch })
    const token = sts.token({ exp: 9_999_999_999 })
    await verifyToken(token)
    isDown = true
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const endMs = sts.clock.nowMs() + daySeconds * 1000
    const waitsMs: number[] = []
    let waiting = 0
    let refused = 0

    /** Whether it was answered at once. */
    async function request(): Promise<boolean> {
      const startMs = sts.clock.nowMs()
      let isAnswered = false
      waiting++
      void verifyToken(token)
        .catch(() => refused++)
        .finally(() => {
          isAnswered = true
          waiting--
          const waitedMs = sts.clock.nowMs() - startMs
          if (waitedMs > 0) waitsMs.push(waitedMs)
        })
      await everyoneGoesOn()
      return isAnswered
    }

    for (;;) {
      const isAtOnce = await request()
      const untilDueMs = keys()[0]?.nextRefreshInMs || 500
      const passMs = isAtOnce && waiting === 0 ? Math.min(untilDueMs, 10_000) : stepMs
      if (sts.clock.nowMs() + passMs >= endMs) break
      sts.clock.advance({ milliseconds: passMs })
      vi.advanceTimersByTime(passMs)
    }
    expect(refused).toBe(0)
    expect(keys()).toMatchObject([{ state: 'stale', keys: 1 }])
    // An attempt each minute or so, all day.
    const attempts = events.filter(({ type }) => type === 'keys.refresh_failed').length
    expect(attempts).toBeGreaterThan(daySeconds / 90)
    const waited = waitsMs.length * (stepMs / 1000) * requestsPerSecond
    if (name === 'hangs') expect(waited).toBeGreaterThan(attempts * 90)
    expect(waited / (daySeconds * requestsPerSecond)).toBeLessThanOrEqual(0.02)
    expect(Math.max(0, ...waitsMs)).toBeLessThanOrEqual(1000)
  },
)
