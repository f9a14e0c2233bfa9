// Ten thousand made-up kids in ten seconds: what they cost the STS, the bearers of good tokens, and a real rotation.
import type { AuthError } from 'claimcheck'
import { expect, it } from 'vitest'
import { faults } from '../support/key-server.ts'
import { refusalOf } from '../support/verifiers.ts'
import { isDue, key, newKey, second, startSts, type TestSts } from './sts.ts'

type Verify = (token: string) => Promise<unknown>

let unknownKids = 0

/** Sends `count` tokens with unknown kids, one each `everyMs`. Returns the number of each status. */
async function flood(
  sts: TestSts,
  verifyToken: Verify,
  count: number,
  everyMs: number,
): Promise<Record<number, number>> {
  const answers: Record<number, number> = {}
  for (let index = 0; index < count; index++) {
    const token = sts.unknownKidToken(`unknown-${++unknownKids}`)
    const { status } = (await verifyToken(token).catch((error: AuthError) => error)) as AuthError
    answers[status] = (answers[status] ?? 0) + 1
    sts.clock.advanceMs(everyMs)
  }
  return answers
}

/** Whether the token of the new key gets in. If not, its bearer must be told to come again within ten seconds. */
async function isAccepted(verifyToken: Verify, token: string): Promise<boolean> {
  const error = await verifyToken(token).then(
    () => undefined,
    (reason: AuthError) => reason,
  )
  if (!error) return true
  expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
  expect(Number(error.headers['Retry-After'])).toBeLessThanOrEqual(10)
  return false
}

it('makes at most six fetches of 10 000 kids in ten seconds, and lets a real rotation through ten seconds later', async () => {
  const sts = await startSts()
  const { verifyToken, keys } = sts.startVerifier()
  await verifyToken(sts.token())
  const before = sts.requests.length
  // The first three get a fetch each and a certain answer; the rest are indeterminate.
  expect(await flood(sts, verifyToken, 9_999, 1)).toEqual({ 401: 3, 503: 9_996 })
  expect(sts.requests.length - before).toBe(3)
  sts.server.keys = [key.publicJwk, newKey.publicJwk]
  const firstUseMs = sts.clock.nowMs()
  while (!(await isAccepted(verifyToken, sts.token(newKey)))) {
    await flood(sts, verifyToken, 10, 50)
    await verifyToken(sts.token())
  }
  expect(sts.clock.nowMs() - firstUseMs).toBeLessThanOrEqual(10 * second)
  expect(keys()).toMatchObject([{ state: 'fresh', keys: 2 }])
})

it('delays a rotation by ten seconds at most, though an unknown kid takes each fetch just before it', async () => {
  const sts = await startSts()
  const { verifyToken } = sts.startVerifier()
  await verifyToken(sts.token())
  await flood(sts, verifyToken, 10_000, 1)
  expect(await flood(sts, verifyToken, 1, 0)).toEqual({ 401: 1 })
  sts.server.keys = [newKey.publicJwk]
  const before = sts.requests.length
  expect(await isAccepted(verifyToken, sts.token(newKey))).toBe(false)
  expect(await flood(sts, verifyToken, 99, 100)).toEqual({ 503: 99 })
  sts.clock.advanceMs(100)
  expect(await isAccepted(verifyToken, sts.token(newKey))).toBe(true)
  expect(sts.requests.length - before).toBe(1)
})

it('gives a token with a known kid no fetch and no wait, not even while the fetch for an unknown one hangs', async () => {
  const sts = await startSts()
  const { verifyToken } = sts.startVerifier()
  await verifyToken(sts.token())
  let release = (): void => {}
  sts.server.answer('/jwks', (request, response) => {
    release = () => faults.json({ keys: sts.server.keys })(request, response)
  })
  const waiting = Array.from({ length: 100 }, (_, index) => refusalOf(verifyToken(sts.unknownKidToken(`${index}`))))
  await expect.poll(() => sts.server.count(), { interval: 1 }).toBe(2)
  const before = sts.requests.length
  for (let request = 0; request < 100; request++) await verifyToken(sts.token())
  expect(sts.requests.length).toBe(before)
  release()
  for (const error of await Promise.all(waiting)) expect(error.reason).toBe('key_not_found')
  expect(sts.requests.length).toBe(before)
})

it('fetches for unknown kids in the pace of the back-off while the STS fails: 503 for each of them', async () => {
  const sts = await startSts()
  const { verifyToken, keys } = sts.startVerifier()
  await verifyToken(sts.token())
  sts.server.answer('*', faults.status(500))
  const before = sts.requests.length
  expect(await flood(sts, verifyToken, 1000, 10)).toEqual({ 503: 1000 })
  // A try and its retry, then tries after 1, 2 and 4 seconds, or up to a quarter later.
  expect(sts.requests.length - before).toBe(5)
  expect(isDue(keys)).toBe(false)
})
