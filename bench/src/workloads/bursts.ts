// 64 new tokens at once: what verifying them takes from the thread that has other requests to serve.
import { createClaimcheck, createPeers, type Setting } from '../candidates.ts'
import { type Figure, measureRounds, ratios } from '../harness.ts'
import { raw, rawTask } from '../raw.ts'
import { createTask } from '../tasks.ts'

export async function bursts(setting: Setting): Promise<Figure[]> {
  const { fixture, algorithm } = setting
  const pool = fixture.pools[algorithm]
  const tasks = [rawTask(fixture, { algorithm, pool, operations: 1280 })]
  // Of ES256 get-jwks blocks the thread for milliseconds a token; that it does is seen one after the other.
  const peers = createPeers(setting).filter(({ name }) => algorithm === 'RS256' || name !== 'fast-jwt, get-jwks')
  for (const candidate of [createClaimcheck(setting, { tokenCache: false }), ...peers]) {
    tasks.push(await createTask(candidate, { pool, atOnce: 64 }))
  }
  return ratios(`burst-${algorithm}`, await measureRounds(tasks, 8), { baseline: raw, by: 'main' })
}
