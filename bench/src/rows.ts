// The measures, with what must hold (gate) and what the evidence says is possible (goal).

export interface Row {
  readonly id: string
  readonly measure: string
  readonly gate: number
  readonly goal: number
  /** What the number is: `×` of a baseline, or kilobytes. */
  readonly unit: '×' | 'kB'
  /** Whether more is better. */
  readonly atLeast?: boolean
  /** The Node version that is judged, when not both are. */
  readonly judged?: NodeVersion
  /** Which candidate is ours, where it is not `claimcheck`. */
  readonly ours?: string
  readonly workload: string
}

export type NodeVersion = '20' | '24'

const off = 'claimcheck, cache off'

export const libraryRows: readonly Row[] = [
  row('known', 'known', 'known token, against fast-jwt’s cache hit', 0.6, 0.45),
  { ...row('known', 'known-jose', 'known token, how many times less main thread than jose', 10, 15), atLeast: true },
  { ...row('new-RS256', 'new-RS256', 'new RS256 token, cache off, against `crypto.verify`', 1.6, 1.35), ours: off },
  { ...row('new-ES256', 'new-ES256', 'new ES256 token, cache off, against `crypto.verify`', 1.25, 1.1), ours: off },
  row('new-cached', 'new-cached-RS256', 'new RS256 token, cache on, against `crypto.verify`', 1.8, 1.5),
  {
    ...row(
      'burst-RS256',
      'burst-RS256',
      '64 new RS256 tokens at once, main thread, against `crypto.verify`',
      0.85,
      0.6,
    ),
    ours: off,
  },
  {
    ...row(
      'burst-ES256',
      'burst-ES256',
      '64 new ES256 tokens at once, main thread, against `crypto.verify`',
      0.45,
      0.3,
    ),
    ours: off,
  },
  row('refusals', 'expired', 'expired token, main thread, against jose', 0.2, 0.1),
  row('refusals', 'unknownKid', 'unknown kid, main thread, against jose', 0.4, 0.3),
  row('refusals', 'garbage', 'garbage, main thread, against jose', 0.45, 0.3),
  row('refusals', 'forged', 'forged signature, main thread, against `crypto.verify`', 1.8, 1.4),
  { ...row('memory', 'memory', 'memory for each remembered token', 2.2, 1.7), unit: 'kB' },
  { ...row('memory', 'allocation-hit', 'allocation for each hit, above the token’s string', 0.6, 0.3), unit: 'kB' },
  { ...row('memory', 'allocation-miss', 'allocation for each new token, above its string', 10, 7), unit: 'kB' },
  row('cold-start', 'import', 'import, against jose', 0.35, 0.15),
  row('cold-start', 'start', 'import, keys and first verification, against jose', 0.6, 0.4),
  {
    ...row('growth', 'growth-tokens', 'hit among 100 000 remembered tokens, against 100', 3, 3),
    ours: '100000 tokens',
  },
  { ...row('growth', 'growth-issuers', 'new token with 100 issuers, against 1', 1.1, 1.1), ours: '100 issuers' },
]

export const httpRows: readonly Row[] = [
  {
    ...row('http', 'fastify', 'Fastify route, known tokens, throughput against the route unprotected', 0.7, 0.85),
    atLeast: true,
  },
  {
    ...row('http', 'express', 'Express 5 route, known tokens, throughput against the route unprotected', 0.75, 0.85),
    atLeast: true,
    judged: '24',
  },
  {
    ...row('http', 'hono', 'Hono route, known tokens, throughput against the route unprotected', 0.7, 0.85),
    atLeast: true,
  },
  {
    ...row('http', 'koa', 'Koa route, known tokens, throughput against the route unprotected', 0.7, 0.85),
    atLeast: true,
  },
]

function row(workload: string, id: string, measure: string, gate: number, goal: number): Row {
  return { id, measure, gate, goal, unit: '×', workload }
}
