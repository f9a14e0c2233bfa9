// Ten thousand made-up kids in ten seconds: what they cost the STS, the bearers of good tokens, and a real rotation.
import { type AuthError, createVerifier } from 'claimcheck'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { createTestClock, type TestClock } from '../support/clock.ts'
import { faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, encode, goodClaims, keyFor } from '../support/tokens.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const known = keyFor('ES256')
const rotated = createKey('ES256', { kid: 'rotated' })

let server: KeyServer
let clock: TestClock
let verifyToken: (token: string) => Promise<unknown>

beforeEach(async () => {
  server = await startKeyServer({ keys: [known.publicJwk] })
  clock = createTestClock()
  verifyToken = createVerifier({ issuer: server.issuer, audience, clock }).verifyToken
})
afterEach(() => server.stop())

function goodToken(key = known): string {
  return createToken({ key, claims: { iss: server.issuer } })
}

let payload = ''
/** Plausible in everything but its kid. Its signature is never looked at, so it is none. */
function strangerToken(kid: string): string {
  return `${encode(JSON.stringify({ alg: 'ES256', kid, typ: 'at+jwt' }))}.${payload}.AAAA`
}

/** One stranger a millisecond. Returns how many got which status. */
async function flood(name: string, count: number): Promise<Record<number, number>> {
  payload = encode(JSON.stringify(goodClaims({ iss: server.issuer })))
  const answers: Record<number, number> = {}
  for (let index = 0; index < count; index++) {
    const { status } = (await verifyToken(strangerToken(`${name}-${index}`)).catch(
      (error: AuthError) => error,
    )) as AuthError
    answers[status] = (answers[status] ?? 0) + 1
    clock.advanceMs(1)
  }
  return answers
}

it('[OWN-JWKS-1] makes at most four fetches of 10 000 kids in ten seconds, and then six a minute', async () => {
  await verifyToken(goodToken())
  // The first three each got a fetch of their own and a certain answer; nobody knows about the rest.
  expect(await flood('first', 10_000)).toEqual({ 401: 3, 503: 9_997 })
  expect(server.count()).toBe(1 + 3)
  for (let second = 0; second < 60; second++) {
    await flood(`later-${second}`, 1)
    clock.advanceMs(999)
  }
  expect(server.count()).toBe(1 + 3 + 6)
  expect(server.requests.filter((path) => path !== '/jwks')).toHaveLength(2) // the metadata, asked for once
})

it('[OWN-JWKS-1] delays a real rotation by ten seconds at most, while the flood goes on: 503, never 401', async () => {
  await verifyToken(goodToken())
  // The worst moment for a rotation is just after a stranger has spent the only fetch of these ten seconds.
  await flood('before', 10)
  clock.advanceMs(10_000)
  await flood('again', 10)
  server.keys = [rotated.publicJwk]
  const fetches = server.count()
  let waitedMs = 0
  while (!(await isAccepted(goodToken(rotated)))) {
    await flood(`during-${waitedMs}`, 500)
    waitedMs += 500
  }
  expect(waitedMs).toBe(10_000)
  expect(server.count()).toBe(fetches + 1)
  expect(await refusalOf(verifyToken(goodToken(known)))).toMatchObject({ status: 503 })
  clock.advanceMs(10_000)
  await expectInvalidToken(verifyToken(goodToken(known)), 'key_not_found')
})

/** Whether the token gets in. If not, it must be told to come again within ten seconds. */
async function isAccepted(token: string): Promise<boolean> {
  const error = await verifyToken(token).then(
    () => undefined,
    (reason: AuthError) => reason,
  )
  if (!error) return true
  expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
  expect(Number(error.headers['Retry-After'])).toBeLessThanOrEqual(10)
  return false
}

it('[OWN-JWKS-1] finds the key of a rotation at once when nobody has spent the budget, with one fetch for all', async () => {
  await verifyToken(goodToken())
  server.keys = [known.publicJwk, rotated.publicJwk]
  clock.advanceMs(1)
  await Promise.all(Array.from({ length: 100 }, () => verifyToken(goodToken(rotated))))
  expect(server.count()).toBe(2)
})

it('[OWN-JWKS-1] delays no token with a known kid, not even while a fetch for a stranger hangs', async () => {
  await verifyToken(goodToken())
  let release = () => {}
  server.answer('/jwks', (request, response) => {
    release = () => faults.json({ keys: server.keys })(request, response)
  })
  payload = encode(JSON.stringify(goodClaims({ iss: server.issuer })))
  const strangers = Array.from({ length: 100 }, (_, index) => refusalOf(verifyToken(strangerToken(`${index}`))))
  await expect.poll(server.count, { interval: 1 }).toBe(2)
  for (let request = 0; request < 10; request++) await verifyToken(goodToken())
  expect(server.count()).toBe(2)
  server.answer('/jwks', undefined)
  release()
  for (const error of await Promise.all(strangers)) expect(error.reason).toBe('key_not_found')
  // Those that were seen after the fetch had begun need one that began later, all of them the same.
  expect(server.count()).toBeLessThanOrEqual(3)
})

it('[OWN-JWKS-1] asks nothing of the STS for tokens that cannot be good whatever their key', async () => {
  const implausible: Record<string, unknown>[] = [
    { iss: 'https://else.example' },
    { aud: 'other' },
    { exp: 1 },
    { cnf: {} },
  ]
  for (const changes of implausible) {
    payload = encode(JSON.stringify(goodClaims({ iss: server.issuer, ...changes })))
    expect(await refusalOf(verifyToken(strangerToken('x')))).toMatchObject({ status: 401 })
  }
  expect(server.requests).toEqual([])
})

it('[OWN-JWKS-1] repeating one made-up kid gets a 401 each time, for one fetch in ten seconds', async () => {
  await verifyToken(goodToken())
  payload = encode(JSON.stringify(goodClaims({ iss: server.issuer })))
  for (let request = 0; request < 1000; request++) {
    await expectInvalidToken(verifyToken(strangerToken('same')), 'key_not_found')
    clock.advanceMs(10)
  }
  expect(server.count()).toBe(2)
  await expectInvalidToken(verifyToken(strangerToken('same')), 'key_not_found')
  expect(server.count()).toBe(3)
})

it('[OWN-JWKS-1] against one issuer costs another nothing: its rotation is found at once', async () => {
  const other = await startKeyServer({ keys: [known.publicJwk] })
  onTestFinished(() => other.stop())
  verifyToken = createVerifier({ issuer: [server.issuer, other.issuer], audience, clock }).verifyToken
  const tokenOfOther = (key: typeof known) => createToken({ key, claims: { iss: other.issuer } })
  await verifyToken(tokenOfOther(known))
  expect(await flood('stranger', 100)).toMatchObject({ 503: expect.any(Number) })
  // Forgeries under the known kid have a budget of their own, and spend none of the other issuer's either.
  const forger = createKey('ES256', { kid: known.kid })
  for (let count = 0; count < 100; count++) await refusalOf(verifyToken(goodToken(forger)))
  const replaced = createKey('ES256', { kid: known.kid })
  other.keys = [rotated.publicJwk, known.publicJwk]
  await verifyToken(tokenOfOther(rotated))
  other.keys = [rotated.publicJwk, replaced.publicJwk]
  await verifyToken(tokenOfOther(replaced))
})
