// Interleaved rounds: every candidate in every round, each round in another order, so that what the machine does meanwhile hits all
// alike. What counts is the ratio of two candidates within one round; its median and quartiles are reported, never a mean.
import { readFileSync } from 'node:fs'

/** One batch of operations by one candidate. */
export interface Task {
  readonly candidate: string
  readonly operations: number
  run(): unknown
}

/** What one batch took, in microseconds for each operation. */
export interface Timing {
  readonly wall: number
  /** CPU of the thread with the event loop: what a request takes from all the others. */
  readonly main: number
}

export type Rounds = ReadonlyMap<string, readonly Timing[]>

/** A measured value, as a workload hands it to the report. */
export interface Figure {
  /** The row of the table that it belongs to. */
  readonly row: string
  readonly candidate: string
  readonly value: number
  readonly q1: number
  readonly q3: number
  /** Microseconds (or bytes, or milliseconds) behind a ratio: an indication, since the machine moves it. */
  readonly absolute?: number
}

/** Runs the tasks after a round that warms them up. */
export async function measureRounds(tasks: readonly Task[], rounds: number): Promise<Rounds> {
  const counted = process.env['BENCH_QUICK'] ? 5 : rounds
  const timings = new Map<string, Timing[]>(tasks.map(({ candidate }) => [candidate, []]))
  for (let round = -warmUpRounds; round < counted; round++) {
    for (let turn = 0; turn < tasks.length; turn++) {
      const task = tasks[(turn + round + warmUpRounds) % tasks.length] as Task
      const timing = await timed(task)
      if (round >= 0) timings.get(task.candidate)?.push(timing)
    }
  }
  return timings
}

const warmUpRounds = 3

async function timed({ operations, run }: Task): Promise<Timing> {
  const mainStart = mainThreadMicros()
  const start = performance.now()
  // A task that waits for nothing is not made to wait.
  const pending = run()
  if (pending instanceof Promise) await pending
  const wall = (performance.now() - start) * 1000
  return { wall: wall / operations, main: (mainThreadMicros() - mainStart) / operations }
}

/** CPU time of this thread. Node 20 has no call for it; there Linux tells, elsewhere the whole process has to do. */
export function mainThreadMicros(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage }
  const { user, system } = threadCpuUsage ? threadCpuUsage.call(process) : (linuxThreadUsage() ?? process.cpuUsage())
  return user + system
}

/** The first number of schedstat is nanoseconds on a CPU, of the process's first thread. */
function linuxThreadUsage(): NodeJS.CpuUsage | undefined {
  if (process.platform !== 'linux') return undefined
  return { user: Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[0]) / 1000, system: 0 }
}

/** By wall time, and beside it by the main thread's CPU: of those that never wait, a busy machine moves only the first. */
export function bothRatios(row: string, rounds: Rounds, baseline: string): Figure[] {
  return [...ratios(row, rounds, { baseline, by: 'wall' }), ...ratios(`${row}-main`, rounds, { baseline, by: 'main' })]
}

/** Each candidate's ratio to the baseline, round by round. `inverted`: how many times cheaper than the baseline. */
export function ratios(
  row: string,
  rounds: Rounds,
  { baseline, by, inverted = false }: { baseline: string; by: keyof Timing; inverted?: boolean },
): Figure[] {
  const base = rounds.get(baseline) ?? []
  return [...rounds].map(([candidate, timings]) => {
    const each = timings.map((timing, round) => timing[by] / (base[round] as Timing)[by])
    return figure(row, candidate, inverted ? each.map((ratio) => 1 / ratio) : each, {
      absolute: quantile(
        timings.map((timing) => timing[by]),
        0.5,
      ),
    })
  })
}

export function figure(
  row: string,
  candidate: string,
  values: readonly number[],
  more: { absolute?: number } = {},
): Figure {
  return {
    row,
    candidate,
    value: quantile(values, 0.5),
    q1: quantile(values, 0.25),
    q3: quantile(values, 0.75),
    ...more,
  }
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const [below, above] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
  return below + (above - below) * (at - Math.floor(at))
}
