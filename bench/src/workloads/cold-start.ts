// The first request of a new process, many processes, one candidate after the other: import, then keys and one verification.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Setting } from '../candidates.ts'
import { type Figure, figure } from '../harness.ts'
import type { coldStarts } from '../cold-child.ts'

const candidates: readonly (keyof typeof coldStarts)[] = [
  'jose, remote keys',
  'claimcheck',
  'oauth4webapi',
  'fast-jwt, get-jwks',
  'express-oauth2-jwt-bearer',
  'express-jwt, jwks-rsa',
  'hono/jwk, jwks_uri',
]
const processes = 5
const child = fileURLToPath(new URL('cold-child.js', import.meta.url))

interface ColdStart {
  readonly importMillis: number
  readonly totalMillis: number
}

export async function coldStart({ keysUrl, fixture }: Setting): Promise<Figure[]> {
  const token = (fixture.pools.RS256[0] as Buffer).toString('latin1')
  const starts = new Map<string, ColdStart[]>(candidates.map((name) => [name, []]))
  for (let round = -1; round < processes; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      const name = candidates[(turn + round + 1) % candidates.length] as keyof typeof coldStarts
      const { stdout } = await promisify(execFile)(process.execPath, [child, name, keysUrl, token])
      // The first of each only brings its files into the system's cache.
      if (round >= 0) starts.get(name)?.push(JSON.parse(stdout) as ColdStart)
    }
  }
  return [...against('import', starts, 'importMillis'), ...against('start', starts, 'totalMillis')]
}

function against(row: string, starts: ReadonlyMap<string, readonly ColdStart[]>, by: keyof ColdStart): Figure[] {
  const base = starts.get('jose, remote keys') ?? []
  return [...starts].map(([name, each]) => {
    const values = each.map((start, round) => start[by] / (base[round] as ColdStart)[by])
    const sorted = each.map((start) => start[by]).toSorted((a, b) => a - b)
    return figure(row, name, values, { absolute: sorted[sorted.length >> 1] as number })
  })
}
