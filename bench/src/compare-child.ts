// Two builds of claimcheck in one process, batch by batch in turn: node compare-child.js <folder of the fixture> <dist> <dist>.
// Prints the nanoseconds of each kind of token with the first and with the second.
import { existsSync } from 'node:fs'
import { readFixture } from './fixture.ts'
import { audience, issuer } from './names.ts'

type Verify = (token: string) => Promise<unknown>

/** With verifiers of its own, to which every token is new. */
const passes = 8
const batchSize = 100

const [folder = '', ...dists] = process.argv.slice(2)
const { jwks, pools } = readFixture(folder)
const tokens = Object.entries(pools).map(
  ([kind, pool]) => [kind, pool.map((token) => token.toString('latin1'))] as const,
)
const times = new Map<string, number[][]>()
let turns = 0
for (let pass = 0; pass < passes; pass++) {
  const verifiers = await Promise.all(dists.map(createVerifier))
  for (const [kind, each] of tokens) for (const batch of batchesOf(each)) await inTurn(kind, batch, verifiers)
  const known = (tokens[0]?.[1] ?? []).slice(0, 2 * batchSize)
  for (let round = 0; round < 50; round++) await inTurn('known', known, verifiers)
}
console.log(JSON.stringify(Object.fromEntries([...times].map(([kind, each]) => [kind, each.map(medianWhenWarm)]))))
process.exit(0)

/** Its keys are there. */
async function createVerifier(dist: string): Promise<Verify> {
  const presets = existsSync(`${dist}/presets/index.js`) ? 'presets' : 'issuers'
  const core = (await import(`${dist}/index.js`)) as typeof import('claimcheck')
  const { oidc } = (await import(`${dist}/${presets}/index.js`)) as typeof import('claimcheck/issuers')
  const answer = JSON.stringify(jwks)
  const fetch = async (): Promise<Response> => new Response(answer, { headers: { 'content-type': 'application/json' } })
  const { ready, verifyToken } = core.createVerifier({
    issuer: oidc({ issuer, audience, jwksUri: `${issuer}/keys` }),
    fetch,
  })
  await ready()
  return verifyToken
}

function batchesOf(pool: readonly string[]): string[][] {
  return Array.from({ length: Math.floor(pool.length / batchSize) }, (_, at) =>
    pool.slice(at * batchSize, (at + 1) * batchSize),
  )
}

async function inTurn(kind: string, batch: readonly string[], verifiers: readonly Verify[]): Promise<void> {
  const taken = times.get(kind) ?? verifiers.map(() => [])
  times.set(kind, taken)
  turns++
  for (let turn = 0; turn < verifiers.length; turn++) {
    const which = (turn + turns) % verifiers.length
    taken[which]?.push(await nanosecondsOf(verifiers[which] as Verify, batch))
  }
}

async function nanosecondsOf(verify: Verify, batch: readonly string[]): Promise<number> {
  const start = process.hrtime.bigint()
  for (const token of batch) await verify(token).catch(() => {})
  return Number(process.hrtime.bigint() - start) / batch.length
}

function medianWhenWarm(all: readonly number[]): number {
  const warm = all.slice(all.length >> 2).toSorted((a, b) => a - b)
  return warm[warm.length >> 1] as number
}
