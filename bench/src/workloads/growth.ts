// Whether work grows with what a verifier holds: with the tokens that it remembers, and with the issuers that it trusts.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { type Candidate, createClaimcheck, type Setting } from '../candidates.ts'
import { createSigner, jwkOf, readManyTokens, signToken } from '../fixture.ts'
import { bothRatios, type Figure, measureRounds, type Task } from '../harness.ts'
import { audience } from '../names.ts'
import { createTask } from '../tasks.ts'

export async function growth(setting: Setting, folder: string): Promise<Figure[]> {
  const many = readManyTokens(folder, 100_000)
  const tasks: Task[] = []
  for (const count of [100, 1000, 100_000]) {
    const tokenCache = { maxTokens: count, maxBytes: 1024 ** 3 }
    const candidate = { ...createClaimcheck(setting, { tokenCache }), name: `${count} tokens` }
    const pool = shuffled(many.slice(0, count))
    for (const token of pool) await candidate.verify(token.toString('latin1'))
    tasks.push(await createTask(candidate, { pool }))
  }
  const tokens = await measureRounds(tasks, 9)
  return [...bothRatios('growth-tokens', tokens, '100 tokens'), ...(await growthOfIssuers())]
}

/** New tokens, spread over all issuers, each of which has a key of its own. */
async function growthOfIssuers(): Promise<Figure[]> {
  const tasks: Task[] = []
  for (const count of [1, 10, 100]) {
    const { candidate, pool } = withIssuers(count)
    tasks.push(await createTask(candidate, { pool }))
  }
  return bothRatios('growth-issuers', await measureRounds(tasks, 15), '1 issuer')
}

function withIssuers(count: number): { candidate: Candidate; pool: Buffer[] } {
  const issuers = Array.from({ length: count }, (_, number) => ({
    issuer: `https://sts.example.com/tenant-${String(number).padStart(3, '0')}/v2.0`,
    signer: createSigner('ES256'),
  }))
  const { verifyToken } = createVerifier({
    audience,
    issuer: issuers.map(({ issuer, signer }) => oidc({ issuer, jwks: { keys: [jwkOf(signer)] } })),
    tokenCache: false,
  })
  const pool = Array.from({ length: 1000 }, (_, number) => {
    const { issuer, signer } = issuers[number % count] as (typeof issuers)[number]
    return Buffer.from(signToken(signer, { claims: { iss: issuer } }))
  })
  return { candidate: { name: count === 1 ? '1 issuer' : `${count} issuers`, verify: verifyToken }, pool }
}

/** Always the same order, but not that in which they were made, in which neighbours share cache lines. */
function shuffled(tokens: readonly Buffer[]): Buffer[] {
  const list = [...tokens]
  let seed = 1
  for (let last = list.length - 1; last > 0; last--) {
    seed = (seed * 48_271) % 2_147_483_647
    const other = seed % (last + 1)
    ;[list[last], list[other]] = [list[other] as Buffer, list[last] as Buffer]
  }
  return list
}
