// Tokens that nobody has verified before, one after the other, against OpenSSL alone.
import { createClaimcheck, createFastJwt, createPeers, type Setting } from '../candidates.ts'
import { bothRatios, type Figure, measureRounds } from '../harness.ts'
import { raw, rawTask } from '../raw.ts'
import { createTask } from '../tasks.ts'

/** Without a token cache: everything is checked each time. */
export async function fresh(setting: Setting): Promise<Figure[]> {
  const { fixture, algorithm } = setting
  const pool = fixture.pools[algorithm]
  const tasks = [rawTask(fixture, { algorithm, pool, operations: 1200 })]
  for (const candidate of [createClaimcheck(setting, { tokenCache: false }), ...createPeers(setting)]) {
    tasks.push(await createTask(candidate, { pool }))
  }
  return bothRatios(`new-${algorithm}`, await measureRounds(tasks, 8), raw)
}

/** With a token cache that is full and smaller than the pool: never a hit, and each new token drives an old one out. */
export async function freshCached(setting: Setting): Promise<Figure[]> {
  const { fixture, algorithm } = setting
  const pool = fixture.pools[algorithm]
  const size = pool.length / 2
  const tasks = [
    rawTask(fixture, { algorithm, pool, operations: 1200 }),
    await createTask(createClaimcheck(setting, { tokenCache: { maxTokens: size } }), { pool }),
    await createTask(createFastJwt(setting, size), { pool }),
  ]
  return bothRatios(`new-cached-${algorithm}`, await measureRounds(tasks, 8), raw)
}
