// `npm run fleet`: 1000 key caches, started within one second, against one STS for 24 simulated hours with two rotations and an
// outage of two hours. Shows how their fetches spread, and fails when a verification fails, when routine fetches come in waves, or
// when a rotation costs a cache more than one fetch. Clock, network and chance are all in memory: every run is the same.
import { setImmediate } from 'node:timers/promises'
import { readKeyCacheOptions } from '../src/jwks/settings.ts'
import { createRemoteKeys } from '../src/jwks/remote.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const fleetSize = 1000
/** Between two requests to one cache. */
const maxGapSeconds = 30
/** So long after the first rotation tokens of the old key arrive. */
const tokenLifetimeSeconds = 5 * minute
/** The first keeps the old key in the set for an hour, the second drops it at once; a new key signs at once. */
const rotations = [6 * hour, 18 * hour]
const outage = { from: 12 * hour, to: 14 * hour }
const maxPeakToMean = 8

/** Why a cache fetched: time came, a token had a kid that it did not know, or its last attempt had failed. */
type Cause = 'routine' | 'rotation' | 'retry'

interface Member {
  /** Looks for the key of one token, and tells whether it was found. */
  finds(kid: string): Promise<boolean>
  /** How many fetches it took since the last rotation, until a token of the new key found it. */
  fetchesForRotation(): number | undefined
  /** Counts anew from here. */
  rotate(): void
}

const startedAt = performance.now()
const random = createRandom(20_260_101)
const epochMs = Date.UTC(2026, 0, 1)
/** Since the start of the simulation. */
let nowSeconds = 0
let loadsUnderWay = 0
/** By the second in which they began. */
const fetches: Record<Cause, Uint32Array> = {
  routine: new Uint32Array(day),
  rotation: new Uint32Array(day),
  retry: new Uint32Array(day),
}
const jwksOf = await createKeySets()
const settings = readKeyCacheOptions()
const fleet = Array.from({ length: fleetSize }, createMember)

const { found, missed, fetchesPerRotation } = await simulate()
drawCurve()
const passed = report()
console.log(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s. ${passed ? 'All held.' : 'NOT ALL HELD.'}`)
if (!passed) process.exitCode = 1

async function simulate() {
  const tally = { found: 0, missed: 0, fetchesPerRotation: [] as number[][] }
  const due: Member[][] = Array.from({ length: day }, () => [])
  due[0]?.push(...fleet)
  for (nowSeconds = 0; nowSeconds < day; nowSeconds++) {
    if (rotations.includes(nowSeconds)) for (const member of fleet) member.rotate()
    const members = due[nowSeconds] ?? []
    for (const isFound of await Promise.all(members.map((member) => member.finds(kidOfToken())))) {
      if (isFound) tally.found++
      else tally.missed++
    }
    // What nobody waits for belongs to the second in which it began, too.
    while (isAnyLoading()) await setImmediate()
    for (const member of members) due[nowSeconds + 1 + Math.floor(random() * maxGapSeconds)]?.push(member)
    due[nowSeconds] = []
    if (rotations.includes(nowSeconds - 10 * minute)) tally.fetchesPerRotation.push(fleet.map(forRotation))
  }
  return tally
}

function forRotation(member: Member): number {
  return member.fetchesForRotation() ?? 0
}

/** A cache as a verifier has it, in its own process as it were: only the STS and the clock are shared. */
function createMember(): Member {
  let cause: Cause = 'routine'
  let isLoading = false
  let fetched = 0
  let fetchedForRotation: number | undefined

  async function fetch(): Promise<Response> {
    if (!isLoading) loadsUnderWay++
    isLoading = true
    count(cause)
    fetched++
    cause = 'routine'
    if (nowSeconds < outage.from || nowSeconds >= outage.to) return new Response(jwksOf(nowSeconds))
    cause = 'retry'
    throw new TypeError('fetch failed')
  }

  const keys = createRemoteKeys({
    issuer: 'https://sts.example.com',
    algorithms: ['RS256'],
    location: {
      jwksUri: async () => 'https://sts.example.com/jwks',
      rediscover: async (uri) => uri,
      isFailing: () => false,
    },
    settings,
    network: {
      fetch,
      fetchTimeoutMs: 5000,
      clock: { nowMs: () => epochMs + nowSeconds * 1000 },
      random,
      signal: new AbortController().signal,
      keepAlive: () => {},
      emit({ type }) {
        if (type === 'keys.unknown_kid') cause = 'rotation'
        if (type !== 'keys.refreshed' && type !== 'keys.refresh_failed') return
        isLoading = false
        loadsUnderWay--
      },
    },
  })
  async function finds(kid: string): Promise<boolean> {
    try {
      const key = await keys.findKey({ alg: 'RS256', kid })
      if (key && kid === newestKid()) fetchedForRotation ??= fetched
      return key !== undefined
    } catch {
      return false
    }
  }

  return {
    finds,
    fetchesForRotation: () => fetchedForRotation,
    rotate() {
      fetched = 0
      fetchedForRotation = undefined
    },
  }
}

function isAnyLoading(): boolean {
  return loadsUnderWay > 0
}

function count(cause: Cause): void {
  const counts = fetches[cause]
  counts[nowSeconds] = (counts[nowSeconds] ?? 0) + 1
}

/** The kid of a token that some client sends now. */
function kidOfToken(): string {
  const [first = 0] = rotations
  const isOld = nowSeconds >= first && nowSeconds < first + tokenLifetimeSeconds && random() < 0.5
  return isOld ? 'key-0' : newestKid()
}

function newestKid(): string {
  return `key-${rotations.filter((seconds) => seconds <= nowSeconds).length}`
}

async function createKeySets(): Promise<(seconds: number) => string> {
  const [key0, key1, key2] = await Promise.all(['key-0', 'key-1', 'key-2'].map(createPublicKey))
  const [first = 0, second = 0] = rotations
  const sets = [[key0], [key1, key0], [key1], [key2]].map((keys) => JSON.stringify({ keys }))
  const begins = [0, first, first + hour, second]
  return (seconds) => sets[begins.findLastIndex((begin) => begin <= seconds)] ?? ''
}

/** RSA, because importing EC keys, 200 000 times, would take most of the run. */
async function createPublicKey(kid: string): Promise<object> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 }
  const publicExponent = new Uint8Array([1, 0, 1])
  const pair = await crypto.subtle.generateKey({ ...algorithm, publicExponent }, true, ['sign', 'verify'])
  const { kty, n, e } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { kty, n, e, kid, alg: 'RS256', use: 'sig' }
}

/** Two panels of twelve hours, a column for each ten minutes. */
function drawCurve(): void {
  const step = 250
  const rows = 12
  const columns = Array.from({ length: day / (10 * minute) }, (_, column) => {
    const [from, to] = [column * 10 * minute, (column + 1) * 10 * minute]
    const sumOf = (cause: Cause): number => sum(fetches[cause].subarray(from, to))
    return { routine: sumOf('routine'), rotation: sumOf('rotation'), retry: sumOf('retry') }
  })
  console.log(`Fetches of ${fleetSize} caches per 10 minutes: # routine, R for a rotation, x after a failure, ^ higher`)
  for (const panel of [columns.slice(0, 72), columns.slice(72)]) {
    console.log()
    for (let row = rows; row >= 1; row--) {
      const line = panel.map(({ routine, rotation, retry }) => {
        const level = (row - 0.5) * step
        if (row === rows && routine + rotation + retry > rows * step) return '^'
        if (level <= routine) return '#'
        if (level <= routine + rotation) return 'R'
        return level <= routine + rotation + retry ? 'x' : ' '
      })
      console.log(`${String(row % 2 ? '' : row * step).padStart(5)} |${line.join('').trimEnd()}`)
    }
    const firstHour = panel[0] === columns[0] ? 0 : 12
    const hours = Array.from({ length: 12 }, (_, index) => `${firstHour + index} h`.padEnd(6))
    console.log(`      +${'-'.repeat(72)}\n       ${hours.join('').trimEnd()}`)
  }
}

/** Prints the numbers, and tells whether all is as it must be. */
function report(): boolean {
  const routine = fetches.routine.subarray(hour)
  const mean = sum(routine) / routine.length
  const peak = Math.max(...routine)
  const attempts = sum(fetches.retry.subarray(outage.from, outage.to))
  const recovery = fetches.retry.subarray(outage.to)
  const checks = [
    { what: `${found} of ${found + missed} look-ups found their key`, holds: missed === 0 && found > 0 },
    {
      what: `routine fetches from the second hour on: mean ${mean.toFixed(2)} a second, peak ${peak}, which is ${(peak / mean).toFixed(1)} × the mean`,
      holds: peak < maxPeakToMean * mean,
    },
    ...rotations.map((seconds, index) => checkRotation(seconds, fetchesPerRotation[index] ?? [])),
  ]
  console.log()
  for (const { what, holds } of checks) console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`)
  const perMinute = attempts / fleetSize / ((outage.to - outage.from) / minute)
  console.log(
    `       outage: ${perMinute.toFixed(2)} attempts a minute by each cache; after it at most ${Math.max(...recovery)} a second`,
  )
  return checks.every(({ holds }) => holds)
}

/** One fetch brings a cache the new key, and it makes no other because of it. */
function checkRotation(seconds: number, fetchesPerCache: readonly number[]): { what: string; holds: boolean } {
  const [least, most] = [Math.min(...fetchesPerCache), Math.max(...fetchesPerCache)]
  const causedByKid = sum(fetches.rotation.subarray(seconds, seconds + hour))
  const each = least === most ? least : `${least} to ${most}`
  return {
    what: `rotation at ${seconds / hour} h: ${each} fetch by each cache, ${causedByKid} of them because of the unknown kid`,
    holds: least === 1 && most === 1 && causedByKid <= fleetSize,
  }
}

function sum(numbers: Uint32Array): number {
  return numbers.reduce((total, each) => total + each, 0)
}

/** mulberry32: small, seeded, and even enough for this. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
