// What a remembered token keeps, and what a hit and a miss allocate. Needs --expose-gc and a young generation that is larger than
// all that is allocated between two readings, so that the growth of the heap is what was allocated (see README.md).
import { type Candidate, createClaimcheck, createFastJwt, createJose, type Setting } from '../candidates.ts'
import { readManyTokens } from '../fixture.ts'
import { type Figure, figure } from '../harness.ts'

const remembered = 10_000
const hits = 20_000
const misses = 2000
/** Counts, not times: one process gives nearly the same as the next. */
const readings = 1

type Make = () => Candidate

export async function memory(setting: Setting, folder: string): Promise<Figure[]> {
  const es256: Setting = { ...setting, algorithm: 'ES256' }
  const many = readManyTokens(folder, remembered)
  const caching: Make[] = [() => createClaimcheck(es256), () => createFastJwt(es256, remembered)]
  const figures: Figure[] = []
  for (const make of caching) {
    const kept = []
    const allocated = []
    await fill(make(), many.slice(0, 3000)) // compiles the code
    for (let reading = 0; reading < readings; reading++) {
      const { candidate, bytes } = await retained(make, many)
      kept.push(bytes / 1000)
      allocated.push((await allocation(candidate, many, hits)) / 1000)
    }
    const { name } = make()
    figures.push(figure('memory', name, kept), figure('allocation-hit', name, allocated))
  }
  const rs256 = setting.fixture.pools.RS256
  const all: Make[] = [
    () => createClaimcheck(setting),
    () => createFastJwt(setting, remembered),
    () => createFastJwt(setting),
    () => createJose(setting).local,
  ]
  for (const make of all) {
    await fill(make(), rs256)
    const each = []
    for (let reading = 0; reading < readings; reading++) {
      const candidate = make()
      await candidate.verify((rs256[0] as Buffer).toString('latin1')) // its keys are there
      each.push((await allocation(candidate, rs256.slice(1), misses - 1)) / 1000)
    }
    figures.push(figure('allocation-miss', make().name, each))
  }
  return figures
}

/** The heap before there is a candidate, and after it has seen each token once. */
async function retained(make: Make, tokens: readonly Buffer[]): Promise<{ candidate: Candidate; bytes: number }> {
  const before = await settledBytes()
  const candidate = make()
  await fill(candidate, tokens)
  return { candidate, bytes: ((await settledBytes()) - before) / tokens.length }
}

/** Bytes for each call, above those of the token's string and of the caller's own `await`. */
async function allocation(
  candidate: Pick<Candidate, 'verify'>,
  tokens: readonly Buffer[],
  calls: number,
): Promise<number> {
  const own = await grown(candidate.verify, tokens, calls)
  const isAsync = candidate.verify((tokens[0] as Buffer).toString('latin1')) instanceof Promise
  const nothing = Promise.resolve()
  return (own - (await grown((token) => (isAsync ? nothing : token.length), tokens, calls))) / calls
}

async function grown(verify: Candidate['verify'], tokens: readonly Buffer[], calls: number): Promise<number> {
  await settledBytes()
  const before = process.memoryUsage()
  for (let call = 0; call < calls; call++) {
    const pending = verify((tokens[call % tokens.length] as Buffer).toString('latin1'))
    if (pending instanceof Promise) await pending
  }
  const after = process.memoryUsage()
  return after.heapUsed + after.external - before.heapUsed - before.external
}

async function fill(candidate: Candidate, tokens: readonly Buffer[]): Promise<void> {
  for (const token of tokens) await candidate.verify(token.toString('latin1'))
}

async function settledBytes(): Promise<number> {
  const { gc } = globalThis
  if (!gc) throw new Error('The memory measure needs --expose-gc.')
  for (let time = 0; time < 3; time++) {
    gc()
    // What hangs on finalizers goes with a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
