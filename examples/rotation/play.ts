// Lets time pass from step to step, without waiting for it, and counts what the two parties answer.
import type { Answer, createClaimcheck, Party } from './parties.ts'
import type { Step } from './steps.ts'

export type Tally = Record<Answer, number>

/** What one kind of traffic in one step met with. */
export interface Outcome {
  readonly sent: number
  readonly claimcheck: Tally
  readonly jose: Tally
}

export interface PlayedStep {
  readonly step: Step
  /** One for each kind of traffic. */
  readonly outcomes: readonly Outcome[]
  readonly fetches: { readonly claimcheck: number; readonly jose: number }
  /** Of claimcheck, after the step. */
  readonly keyState: string
}

export interface Stage {
  readonly claimcheck: ReturnType<typeof createClaimcheck>
  readonly jose: Party
  setTime(sinceStartMs: number): void
}

/** Plays one step: its event, and then its traffic, the same for both. It judges nothing. */
export async function play(step: Step, { claimcheck, jose, setTime }: Stage): Promise<PlayedStep> {
  const { moments = 1, everyMs = 0 } = step
  const outcomes = step.traffic.map(() => ({ sent: 0, claimcheck: createTally(), jose: createTally() }))
  const before = { claimcheck: claimcheck.line.keyFetches(), jose: jose.line.keyFetches() }

  await step.event?.()
  for (let moment = 0; moment < moments; moment++) {
    setTime(step.atMs + moment * everyMs)
    const requests = step.traffic.flatMap(({ tokens }, kind) => tokens().map((token) => ({ token, kind })))
    const tokens = requests.map(({ token }) => token)
    const answers = { claimcheck: await claimcheck.verify(tokens), jose: await jose.verify(tokens) }
    for (const [index, { kind }] of requests.entries()) {
      const outcome = outcomes[kind]
      const [ours, theirs] = [answers.claimcheck[index], answers.jose[index]]
      if (!outcome || !ours || !theirs) throw new Error('a request got no answer')
      outcome.sent++
      outcome.claimcheck[ours]++
      outcome.jose[theirs]++
    }
  }
  return {
    step,
    outcomes,
    fetches: {
      claimcheck: claimcheck.line.keyFetches() - before.claimcheck,
      jose: jose.line.keyFetches() - before.jose,
    },
    keyState: claimcheck.keyState(),
  }
}

function createTally(): Tally {
  return { letIn: 0, refused: 0, unavailable: 0 }
}
