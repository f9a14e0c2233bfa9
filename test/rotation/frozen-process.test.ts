// Processes that get no CPU between two requests (Lambda, Cloud Run), and platforms that end a fetch with the request that began it
// (Workers): what a withdrawn key and an outage cost there.
import type { Verifier } from 'claimcheck'
import { createTestIssuer } from 'claimcheck/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { verifierFor } from '../testing/verifier.ts'
import { answerTo } from '../support/verifiers.ts'

const day = { exp: 9_999_999_999 }

/** Whether it has settled once all promise callbacks that are due have run. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), everyoneGoesOn().then(() => false)])
}

interface Frozen {
  readonly sts: ReturnType<typeof createTestIssuer>
  readonly verifier: Verifier
  /** How many fetches have begun. */
  fetches(): number
  /** One request. While it waits the STS answers; when it has its answer the process is frozen, and fetches under way never end. */
  request(token: string): Promise<string>
  /** One request during which the STS does not answer, so that it waits its second. */
  requestInVain(token: string): Promise<string>
}

async function createFrozen(): Promise<Frozen> {
  const sts = createTestIssuer()
  let underWay: (() => void)[] = []
  let fetches = 0
  // Deaf to its signal: in a frozen process nothing aborts it either.
  const fetch = (url: string) => {
    fetches++
    return new Promise<Response>((resolve) => underWay.push(() => resolve(sts.fetch(url, {}))))
  }
  const verifier = verifierFor(sts, sts.issuer, { fetch })

  async function request(token: string): Promise<string> {
    const answer = answerTo(verifier, token)
    while (!(await isSettled(answer))) for (const end of underWay.splice(0)) end()
    underWay = []
    return answer
  }

  async function requestInVain(token: string): Promise<string> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const answer = answerTo(verifier, token)
    while (!(await isSettled(answer))) vi.advanceTimersByTime(100)
    vi.useRealTimers()
    underWay = []
    return answer
  }

  expect(await request(sts.token(day))).toBe('verified')
  return { sts, verifier, fetches: () => fetches, request, requestInVain }
}

describe('a process that is frozen after each request', () => {
  it.each([
    { everySeconds: 120 },
    { everySeconds: 61 },
    { everySeconds: 30 },
    { everySeconds: 599 },
    { everySeconds: 3600 },
  ])('refuses a withdrawn key after twice its time, with a request each $everySeconds s', async ({ everySeconds }) => {
    const { sts, request } = await createFrozen()
    const withdrawn = sts.token(day)
    expect(await request(withdrawn)).toBe('verified')
    sts.rotateKeys({ keepOld: false })
    for (let seconds = everySeconds; seconds <= 24 * 3600; seconds += everySeconds) {
      sts.clock.advance({ seconds: everySeconds })
      const answer = await request(withdrawn)
      if (seconds >= 2 * 600) return expect(answer).toBe('401 key_not_found')
      expect(answer).toBe('verified')
    }
  })

  it('takes a second longer at most, and the five of a fetch that was under way then, at any pace', async () => {
    for (let everySeconds = 1; everySeconds < 20; everySeconds++) {
      const { sts, request } = await createFrozen()
      const withdrawn = sts.token(day)
      const startMs = sts.clock.nowMs()
      sts.rotateKeys({ keepOld: false })
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      while ((await answerInTime(request(withdrawn))) === 'verified') sts.clock.advance({ seconds: everySeconds })
      vi.useRealTimers()
      expect((sts.clock.nowMs() - startMs) / 1000).toBeLessThan(2 * 600 + 5 + 1 + everySeconds)
    }
  })

  it('tries again when the back-off since the fetch was over has passed, not since that was seen', async () => {
    const { sts, fetches, request, requestInVain } = await createFrozen()
    const withdrawn = sts.token(day)
    expect(await request(withdrawn)).toBe('verified')
    sts.rotateKeys({ keepOld: false })
    sts.clock.advance({ minutes: 20 })
    for (let attempts = 0; attempts < 10; attempts++) {
      const before = fetches()
      expect(await requestInVain(withdrawn)).toBe('verified')
      expect(fetches()).toBe(before + 1)
      sts.clock.advance({ seconds: 80 })
    }
    expect(await request(withdrawn)).toBe('401 key_not_found')
  })

  it('has good tokens verified all day, and tries again and again, though no background refresh ever ends', async () => {
    const { sts, request, fetches } = await createFrozen()
    const before = fetches()
    for (let requests = 0; requests < 24 * 30; requests++) {
      sts.clock.advance({ minutes: 2 })
      expect(await request(sts.token())).toBe('verified')
    }
    expect(fetches() - before).toBeGreaterThan(24)
  })
})

/** Runs the timers of a request that waits for an answer that never comes. */
async function answerInTime(answer: Promise<string>): Promise<string> {
  await everyoneGoesOn()
  while (!(await isSettled(answer))) vi.advanceTimersByTime(100)
  return answer
}

describe('a fetch that dies with the request that began it', () => {
  it('makes no later request hang: the next begins its own when the time of the first is over by the clock', async () => {
    const sts = createTestIssuer()
    let isDead = true
    const fetch = (url: string) => (isDead ? new Promise<Response>(() => {}) : sts.fetch(url, {}))
    const { verifyToken } = verifierFor(sts, sts.issuer, { fetch })
    // Its timers die with it, too.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    void verifyToken(sts.token()).catch(() => {})
    await everyoneGoesOn()
    vi.useRealTimers()
    isDead = false
    sts.clock.advance({ seconds: 6 })
    expect((await verifyToken(sts.token())).issuer).toBe(sts.issuer)
  })

  it('is over after five seconds, unless the options say otherwise', async () => {
    const sts = createTestIssuer()
    let fetches = 0
    const fetch = () => {
      fetches++
      return new Promise<Response>(() => {})
    }
    const { verifyToken } = verifierFor(sts, sts.issuer, { fetch })
    const request = async () => {
      void verifyToken(sts.token()).catch(() => {})
      await everyoneGoesOn()
      return fetches
    }
    expect(await request()).toBe(1)
    sts.clock.advance({ milliseconds: 4999 })
    expect(await request()).toBe(1)
    sts.clock.advance({ milliseconds: 1 })
    await request()
    // After a failure the next attempt is a second away.
    sts.clock.advance({ seconds: 1 })
    expect(await request()).toBe(2)
  })

  it('makes no later request with the very same token hang: it waits a second for the first, and then verifies it', async () => {
    const sts = createTestIssuer()
    let isDead = true
    const fetch = (url: string) => (isDead ? new Promise<Response>(() => {}) : sts.fetch(url, {}))
    const { verifyToken } = verifierFor(sts, sts.issuer, { fetch })
    const token = sts.token()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    void verifyToken(token).catch(() => {})
    await everyoneGoesOn()
    vi.clearAllTimers()
    isDead = false
    sts.clock.advance({ seconds: 6 })
    const verified = [1, 2, 3].map(() => verifyToken(token))
    await everyoneGoesOn()
    vi.advanceTimersByTime(1000)
    vi.useRealTimers()
    for (const one of verified) expect((await one).issuer).toBe(sts.issuer)
    expect(sts.requests.keys).toBe(1)
  })

  it('makes a request that joins it wait until its time is over, by a timer of its own: 503', async () => {
    const sts = createTestIssuer()
    const { verifyToken } = verifierFor(sts, sts.issuer, { fetch: () => new Promise(() => {}), fetchTimeoutMs: 60_000 })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    void verifyToken(sts.token()).catch(() => {})
    await everyoneGoesOn()
    vi.clearAllTimers()
    sts.clock.advance({ seconds: 50 })
    let answer: unknown
    void verifyToken(sts.token()).catch((error: unknown) => (answer = error))
    await everyoneGoesOn()
    vi.advanceTimersByTime(9_999)
    await everyoneGoesOn()
    expect(answer).toBeUndefined()
    vi.advanceTimersByTime(1)
    await everyoneGoesOn()
    expect(answer).toMatchObject({ reason: 'keys_unavailable', status: 503 })
  })
})
