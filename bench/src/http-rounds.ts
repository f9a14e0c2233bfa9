// Rounds of load: each server of a framework in each round, each round in another order.
import { type Figure, figure, quantile } from './harness.ts'
import type { HttpLoad, HttpServer } from './http-processes.ts'

export interface Turn {
  readonly perSecond: number
  /** For each second of CPU that the server's process took, the thread pool included. */
  readonly perCpuSecond: number
  /** The share of a core that the server had. */
  readonly busy: number
}

const rounds = 9
const turnMillis = 1000

/** The turns of each server, in the order of `servers`. The first round warms them up and is not counted. */
export async function measureServers(servers: readonly HttpServer[], load: HttpLoad): Promise<Turn[][]> {
  const turns: Turn[][] = servers.map(() => [])
  for (let round = -1; round < rounds; round++) {
    for (let step = 0; step < servers.length; step++) {
      const at = (step + round + 1) % servers.length
      const server = servers[at] as HttpServer
      const before = server.cpuSeconds()
      const { responses, seconds } = await load.run(server.port, turnMillis)
      const cpu = server.cpuSeconds() - before
      if (round >= 0)
        turns[at]?.push({ perSecond: responses / seconds, perCpuSecond: responses / cpu, busy: cpu / seconds })
    }
  }
  return turns
}

/** Against the first, which is unprotected. */
export function compare(framework: string, kinds: readonly string[], turns: readonly Turn[][]): Figure[] {
  const [base = []] = turns
  return kinds.flatMap((kind, at) => {
    const own = turns[at] ?? []
    const against = (row: string, by: 'perSecond' | 'perCpuSecond'): Figure => {
      const ratios = own.map((turn, round) => turn[by] / (base[round] as Turn)[by])
      return figure(row, kind, ratios, {
        absolute: quantile(
          own.map((turn) => turn[by]),
          0.5,
        ),
      })
    }
    return [against(framework, 'perSecond'), against(`${framework}-cpu`, 'perCpuSecond')]
  })
}
