// Tokens that were verified before, two thousand of them in turn, so that no entry is warm in the processor by chance.
import { createClaimcheck, createFastJwt, createPeers, type Setting } from '../candidates.ts'
import { bothRatios, type Figure, measureRounds, ratios } from '../harness.ts'
import { createTask, type Load } from '../tasks.ts'

export async function known(setting: Setting): Promise<Figure[]> {
  const pool = setting.fixture.pools.RS256
  const remembering = [createClaimcheck(setting), createFastJwt(setting, 4 * pool.length)]
  for (const { verify } of remembering) for (const token of pool) await verify(token.toString('latin1'))

  const inTurn = await measure(remembering, { pool })
  // jose at its best: many at once, and only what it takes from the main thread.
  const peers = createPeers(setting).filter(({ name }) => !name.includes('get-jwks'))
  const atOnce = await measure([...remembering, ...peers], { pool, atOnce: 64 })
  return [
    ...bothRatios('known', inTurn, 'fast-jwt, static key, its cache'),
    ...ratios('known-jose', atOnce, { baseline: 'jose, local keys', by: 'main', inverted: true }),
  ]
}

async function measure(candidates: Parameters<typeof createTask>[0][], load: Load): ReturnType<typeof measureRounds> {
  const tasks = []
  for (const candidate of candidates) tasks.push(await createTask(candidate, load))
  return measureRounds(tasks, 8)
}
