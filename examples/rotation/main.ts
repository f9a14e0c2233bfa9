// Keys over 24 hours: rotations, an outage of 23 hours, a flood of made-up kids, a key removed; claimcheck beside jose, the same
// tokens at the same moments. Prints a timeline. The exit code is 1 when claimcheck did not do what is expected of it.
import { startSts } from '../quickstart/sts.ts'
import { formatTable } from '../quickstart/table.ts'
import { createNetwork } from './network.ts'
import { createClaimcheck, createJose } from './parties.ts'
import { type PlayedStep, play, type Tally } from './play.ts'
import { createSteps, type Expected } from './steps.ts'

const audience = 'https://api.example.com'
const threeDays = 3 * 24 * 60 * 60

const sts = await startSts({ audience, algorithms: ['ES256'], tokenLifetimeSeconds: threeDays })
try {
  const network = await createNetwork()
  const startMs = Date.now()
  let nowMs = startMs
  const options = { issuer: sts.issuer, audience, clock: { nowMs: () => nowMs } }
  const claimcheck = createClaimcheck({ ...options, line: network.connect(sts.jwksUri) })
  const jose = createJose(sts.jwksUri, { ...options, line: network.connect(sts.jwksUri) })
  const setTime = (sinceStartMs: number): void => {
    nowMs = startMs + sinceStartMs
  }

  const played: PlayedStep[] = []
  for (const step of createSteps({ sts, network })) played.push(await play(step, { claimcheck, jose, setTime }))

  const heading = ['TIME', 'WHAT HAPPENED, WHAT ARRIVED', 'SENT', 'CLAIMCHECK', 'GETS', 'JOSE', 'GETS', 'KEYS']
  console.log(formatTable([heading, ...played.flatMap(rowsOf)]))
  console.log(`
CLAIMCHECK, JOSE  requests let in / refused with 401 / answered 503
GETS              requests for the JWK Set; claimcheck sent ${claimcheck.line.otherFetches()} more for metadata, jose was given the address
KEYS              what verifier.keys() says at the end of the step
Time is injected; for jose, which has no clock to inject, Date.now tells it. Not shifted: deadlines of single requests,
5 s in both, which nothing here comes near, since a stopped STS refuses connections at once.`)

  const surprises = played.flatMap(surprisesOf)
  for (const surprise of surprises) console.error(`rotation: ${surprise}`)
  if (surprises.length > 0) process.exitCode = 1
  else console.log(`\nclaimcheck did what is expected of it in all ${played.length} steps.`)
} finally {
  await sts.close()
}

function rowsOf({ step, outcomes, fetches, keyState }: PlayedStep): string[][] {
  return outcomes.map(({ sent, claimcheck, jose }, index) => {
    const [first, last] = [index === 0, index === outcomes.length - 1]
    return [
      first ? formatTime(step.atMs) : '',
      step.traffic[index]?.what ?? '',
      String(sent).padStart(4),
      formatTally(claimcheck),
      first ? String(fetches.claimcheck).padStart(4) : '',
      formatTally(jose),
      first ? String(fetches.jose).padStart(4) : '',
      last ? keyState : '',
    ]
  })
}

function surprisesOf({ step, outcomes, fetches }: PlayedStep): string[] {
  const time = formatTime(step.atMs)
  const wrongAnswers = step.traffic.flatMap(({ what, expected }, index) => {
    const tally = outcomes[index]?.claimcheck
    const { letIn = 0, refused = 0, unavailable = 0 } = expected
    const isExpected =
      tally && meets(tally.letIn, letIn) && meets(tally.refused, refused) && meets(tally.unavailable, unavailable)
    if (isExpected) return []
    const wanted = [letIn, refused, unavailable].map(formatExpected).join('/')
    return [`${time} ${what.trim()}: expected ${wanted}, got ${tally ? formatTally(tally) : 'nothing'}`]
  })
  if (meets(fetches.claimcheck, step.expectedFetches)) return wrongAnswers
  const wanted = formatExpected(step.expectedFetches)
  return [...wrongAnswers, `${time} fetches: expected ${wanted}, got ${fetches.claimcheck}`]
}

function meets(actual: number, expected: Expected): boolean {
  if (typeof expected === 'number') return actual === expected
  const [least, most] = expected
  return actual >= least && actual <= most
}

function formatTally({ letIn, refused, unavailable }: Tally): string {
  return `${letIn}/${refused}/${unavailable}`
}

function formatExpected(expected: Expected): string {
  return typeof expected === 'number' ? String(expected) : expected.join('–')
}

/** Hours, minutes and seconds since the start. */
function formatTime(ms: number): string {
  const seconds = ms / 1000
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}
