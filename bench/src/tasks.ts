// How a candidate is asked: each request brings a string of its own, made from bytes within the time that is measured.
import type { Candidate } from './candidates.ts'
import type { Task } from './harness.ts'

/** Long enough for a kernel that counts a thread's CPU in ticks of 4 ms, short enough for many rounds. */
const batchMillis = 50
/** Until compilers have settled: after 150 ms tokens still took a sixth longer than after a second. */
const warmUpMillis = 1000

export interface Load {
  readonly pool: readonly Buffer[]
  /** How many at once, of good tokens; 1 is one after the other. */
  readonly atOnce?: number
  /** Whether every token must be accepted, or every one refused. */
  readonly good?: boolean
}

/** Makes the task of one candidate, as long as it takes. Fails when the candidate does not answer as it must. */
export async function createTask({ name, verify }: Candidate, { pool, atOnce = 1, good = true }: Load): Promise<Task> {
  await checkAnswers({ name, verify }, pool, good)
  let at = 0
  const next = (): string => (pool[at++ % pool.length] as Buffer).toString('latin1')

  async function inTurn(operations: number): Promise<void> {
    for (let done = 0; done < operations; done++) {
      try {
        const pending = verify(next())
        if (pending instanceof Promise) await pending
      } catch (error) {
        if (good) throw error
      }
    }
  }

  async function inBursts(operations: number): Promise<void> {
    for (let done = 0; done < operations; done += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, () => verify(next())))
    }
  }

  const run = atOnce === 1 ? inTurn : inBursts
  const operations = await operationsInBatch(run, atOnce)
  return { candidate: name, operations, run: async () => run(operations) }
}

/** Only of compiled code is a batch as long as it should be: the slow start of each candidate is measured elsewhere. */
async function operationsInBatch(run: (operations: number) => Promise<void>, atOnce: number): Promise<number> {
  const probe = Math.max(atOnce, 32)
  const each: number[] = []
  for (const start = performance.now(); performance.now() - start < warmUpMillis; ) {
    const before = performance.now()
    await run(probe)
    each.push((performance.now() - before) / probe)
  }
  // The quickest: others were interrupted.
  const wanted = Math.min(20_000, batchMillis / Math.min(...each))
  return Math.max(atOnce, Math.round(wanted / atOnce) * atOnce)
}

/** A candidate that lets through what it should refuse is not measured, nor one that refuses everything. */
async function checkAnswers(
  { name, verify }: Pick<Candidate, 'name' | 'verify'>,
  pool: readonly Buffer[],
  good: boolean,
): Promise<void> {
  const token = (pool[0] as Buffer).toString('latin1')
  const answer = await answered(verify, token)
  if (good && !JSON.stringify(answer.accepted ?? '').includes(subjectOf(token))) {
    throw new Error(`${name} refuses a good token.`, { cause: answer.refused })
  }
  if (!good && !answer.refused) throw new Error(`${name} accepts a token that is none.`)
  // Not the last character, of which base64url leaves some bits unused.
  const at = token.length - 40
  const forged = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
  if (!(await answered(verify, forged)).refused) throw new Error(`${name} accepts a forged token.`)
}

async function answered(
  verify: Candidate['verify'],
  token: string,
): Promise<{ readonly accepted?: unknown; readonly refused?: unknown }> {
  try {
    return { accepted: await verify(token) }
  } catch (error) {
    return { refused: error ?? 'for nothing' }
  }
}

function subjectOf(token: string): string {
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }
  return sub
}
