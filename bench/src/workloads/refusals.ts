// Tokens that are refused, one after the other: what a stranger can make an API spend.
import { type Candidate, createClaimcheck, createPeers, type Setting } from '../candidates.ts'
import { type Figure, measureRounds, ratios } from '../harness.ts'
import { raw, rawTask } from '../raw.ts'
import { createTask } from '../tasks.ts'

const joseRemote = 'jose, remote keys'

export async function refusals(setting: Setting): Promise<Figure[]> {
  const { pools } = setting.fixture
  const figures: Figure[] = []
  for (const kind of ['expired', 'unknownKid', 'garbage'] as const) {
    const rounds = await measure(setting, pools[kind])
    figures.push(...ratios(kind, rounds, { baseline: joseRemote, by: 'main' }))
  }
  const pool = pools.forged
  const rawForged = rawTask(setting.fixture, { algorithm: 'RS256', pool, operations: 1200 })
  return [...figures, ...ratios('forged', await measure(setting, pool, [rawForged]), { baseline: raw, by: 'main' })]
}

async function measure(
  setting: Setting,
  pool: readonly Buffer[],
  others: Parameters<typeof measureRounds>[0] = [],
): ReturnType<typeof measureRounds> {
  const tasks = [...others]
  for (const candidate of [createClaimcheck(setting), ...createPeers(setting).filter(isLocal)]) {
    // In a flood of unknown kids the budget for fetches is spent; and every key set was loaded before.
    await candidate.verify((setting.fixture.pools.RS256[0] as Buffer).toString('latin1'))
    tasks.push(await createTask(candidate, { pool, good: false }))
  }
  return measureRounds(tasks, 8)
}

/** Of the others a refusal takes a framework's request or a fetch, which is no matter of microseconds. */
function isLocal({ name }: Candidate): boolean {
  return /^(jose|aws|fast-jwt, static|hono)/.test(name)
}
