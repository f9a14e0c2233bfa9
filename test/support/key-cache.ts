// A key cache whose loads end when the test says so, and whose look-ups can be asked how they stand.
import { AuthError, type ClaimcheckEvent } from 'claimcheck'
import { createKeyCache } from '../../src/jwks/cache.ts'
import type { LoadedKeys } from '../../src/jwks/key-set.ts'
import { type KeyCacheOptions, readKeyCacheOptions } from '../../src/jwks/settings.ts'
import type { VerificationKey } from '../../src/jwks/key-source.ts'
import { createTestClock, type TestClock } from './clock.ts'

export interface TestKeyCache {
  readonly clock: TestClock
  readonly events: ClaimcheckEvent[]
  /** How many loads have begun. */
  loads(): number
  /** Ends the load under way with a set of these kids, and lets everyone who waited for it go on. */
  succeed(kids: readonly string[], changes?: Partial<LoadedKeys>): Promise<void>
  fail(error?: unknown): Promise<void>
  find(kid?: string): Promise<VerificationKey | undefined>
  /** The look-up after a signature that the key `a`, of this material, did not make. */
  findOther(material: string): Promise<VerificationKey | undefined>
  ready(): Promise<void>
}

export const keyCacheIssuer = 'https://sts.example.com'

interface CacheOptions {
  readonly random?: () => number
  readonly clock?: TestClock
  readonly settings?: KeyCacheOptions
}

/** `random` is 0 unless told: then refreshes are due at half of the fresh time, and back-off is not stretched. */
export function createTestKeyCache({
  random = () => 0,
  clock = createTestClock(),
  settings,
}: CacheOptions = {}): TestKeyCache {
  const events: ClaimcheckEvent[] = []
  const loads: { resolve(loaded: LoadedKeys): void; reject(error: unknown): void }[] = []
  const load = () => new Promise<LoadedKeys>((resolve, reject) => loads.push({ resolve, reject }))
  const emit = (event: ClaimcheckEvent): void => void events.push(event)
  const { findKey, findReplacement, ready } = createKeyCache({
    issuer: keyCacheIssuer,
    load,
    settings: readKeyCacheOptions(settings),
    network: { fetchTimeoutMs: 5000, clock, random, emit, keepAlive: () => {} },
  })
  const find = async (kid?: string) => findKey({ alg: 'ES256', ...(kid !== undefined && { kid }) })
  return {
    clock,
    events,
    loads: () => loads.length,
    async succeed(kids, changes = {}) {
      await everyoneGoesOn()
      loads.at(-1)?.resolve({ keys: kids.map((kid) => keyNamed(kid)), skipped: 0, jwks: { keys: [] }, ...changes })
      await everyoneGoesOn()
    },
    async fail(error = new Error('no answer')) {
      await everyoneGoesOn()
      loads.at(-1)?.reject(error)
      await everyoneGoesOn()
    },
    find: (kid) => observed(find(kid)),
    findOther: (material) =>
      observed((async () => findReplacement({ alg: 'ES256', kid: 'a' }, keyNamed('a', material)))()),
    ready: () => observed(ready()),
  }
}

/** A cache that holds these kids, loaded just now. */
export async function createWarmKeyCache(
  kids: readonly string[],
  { changes, ...options }: CacheOptions & { readonly changes?: Partial<LoadedKeys> } = {},
): Promise<TestKeyCache> {
  const cache = createTestKeyCache(options)
  const ready = cache.ready()
  await cache.succeed(kids, changes)
  await ready
  cache.events.length = 0
  return cache
}

/** How a look-up stands now: the kid of the key found, `absent` (a 401), `503 after …` its `Retry-After`, or `waiting`. */
export async function stateOf(lookup: Promise<VerificationKey | undefined> | undefined): Promise<string> {
  const settled = lookup?.then(
    (key) => (key ? (key.kid ?? 'a key without kid') : 'absent'),
    (error: unknown) => {
      if (!(error instanceof AuthError) || error.reason !== 'keys_unavailable') throw error
      return `503 after ${error.headers['Retry-After']}`
    },
  )
  return Promise.race([settled ?? 'no look-up', everyoneGoesOn().then(() => 'waiting')])
}

/** A test may ask only later how a look-up went; until then its rejection is no mistake. */
function observed<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  return work
}

/** Runs all promise callbacks that are due. No time passes. */
export function everyoneGoesOn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A key that could verify nothing: the cache never looks inside. A kid of '' stands for none. */
export function keyNamed(kid: string, material?: string): VerificationKey {
  return {
    ...(kid !== '' && { kid }),
    ...(material !== undefined && { material }),
    algorithms: ['ES256'],
    key: undefined as never,
  }
}
