// What doctor says of one check: closed, a hole, or not checked, and why.
import { describe, isSettled, type Sighting } from './site.ts'

export type ProbeName = 'D1' | 'D2' | 'D3' | 'D4' | 'D5' | 'D6' | 'D7' | 'D8' | 'D9' | 'D10'

export interface Finding {
  readonly probe: ProbeName
  readonly name: string
  readonly verdict: 'closed' | 'hole' | 'unchecked'
  readonly sent: string
  readonly received: string
  readonly means: string
  /** What to change, where there is something to change. */
  readonly fix?: string
  /** A side that doctor was given did not answer: it could not run to its end. */
  readonly lost?: true
}

/** One thing that a probe looks at. */
export interface Check {
  readonly probe: ProbeName
  readonly name: string
  /** What it means when it is closed. */
  readonly closed: string
  /** What it means when it is open. */
  readonly hole: string
  readonly fix: string
}

/** The finding of a check by all of its probes: the first one that is open speaks for the others. */
export function judge(
  check: Check,
  sightings: readonly Sighting[],
  isOpen: (sighting: Sighting) => boolean | string,
): Finding {
  const { probe, name } = check
  const open = sightings
    .map((sighting) => ({ sighting, detail: isOpen(sighting) }))
    .filter(({ detail }) => detail !== false)
  const [first] = open
  const unsettled = sightings.find((seen) => !isSettled(seen))
  if (!first && unsettled) return lost(check, 'no answer came to this probe, or requests are limited', unsettled)
  if (!first) {
    const received = [...new Set(sightings.map((sighting) => describe(sighting).replace(/;.*/s, '')))].join(', ')
    return { probe, name, verdict: 'closed', sent: summarize(sightings), received, means: check.closed }
  }
  const more = open.length === 1 ? '' : ` (and ${open.length - 1} more)`
  const detail = typeof first.detail === 'string' ? `: ${first.detail}` : ''
  return {
    probe,
    name,
    verdict: 'hole',
    sent: `${cut(first.sighting.sent)}${more}`,
    received: cut(`${describe(first.sighting)}${detail}`),
    means: check.hole,
    fix: check.fix,
  }
}

/** A check that could not be made. */
export function unchecked({ probe, name }: Pick<Check, 'probe' | 'name'>, why: string, seen?: Sighting): Finding {
  return {
    probe,
    name,
    verdict: 'unchecked',
    sent: seen ? cut(seen.sent) : 'nothing',
    received: seen ? cut(describe(seen)) : 'nothing',
    means: why,
  }
}

/** A check that failed by the side that it asked. */
export function lost(check: Pick<Check, 'probe' | 'name'>, why: string, seen?: Sighting): Finding {
  return { ...unchecked(check, why, seen), lost: true }
}

export const needsReports = 'needs the decision server: start it with --doctor FILE, and give --secret FILE'
export const needsEcho = 'needs --echo ADDRESS, and an upstream of the gateway that is this address'

function summarize(sightings: readonly Sighting[]): string {
  const [first] = sightings
  return first ? `${cut(first.sent)}${sightings.length === 1 ? '' : ` (and ${sightings.length - 1} more)`}` : 'nothing'
}

/** No control character of a target or an answer may reach a terminal. */
function cut(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return printable.length > 300 ? `${printable.slice(0, 300)}…` : printable
}

/** The findings as text: holes first, then what was not checked. */
export function printFindings(findings: readonly Finding[]): readonly string[] {
  const of = (verdict: Finding['verdict']): readonly Finding[] => findings.filter((one) => one.verdict === verdict)
  const holes = of('hole')
  const texts = holes.flatMap(({ probe, name, sent, received, means, fix = '' }) => [
    `HOLE ${probe} ${name}`,
    `  sent      ${sent}`,
    `  received  ${received}`,
    `  means     ${means}`,
    `  fix       ${fix}`,
    '',
  ])
  const missing = of('unchecked').map(({ probe, name, means }) => `not checked  ${probe.padEnd(3)} ${name}: ${means}`)
  const closed = of('closed').map(({ probe, name }) => `closed       ${probe.padEnd(3)} ${name}`)
  const counts = `${holes.length} hole${holes.length === 1 ? '' : 's'}, ${missing.length} not checked, ${closed.length} closed.`
  return [...texts, ...missing, ...closed, '', counts]
}
