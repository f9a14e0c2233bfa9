// An explanation for people, line by line. Its texts are clean already.
import type { DialectAnswer } from '../../gateway/dialects/dialect.ts'
import { printable } from '../../internal/json.ts'
import { formatTrace } from '../../policy/decision.ts'
import type { CheckRow } from './checks.ts'
import type { Explanation, RefusalFacts, TokenExplanation } from './explanation.ts'
import type { RequestExplanation } from './request.ts'
import type { Description } from './unverified.ts'

const verdicts = {
  accepted: 'The token is accepted.',
  refused: 'The token is refused',
  unknown: 'Whether the token is good could not be found out',
}
const marks: Readonly<Record<CheckRow['outcome'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  unknown: 'UNKNOWN',
  'not reached': '-',
}

export function formatExplanation({ token, request }: Explanation): string {
  return [...tokenLines(token), '', ...(request ? requestLines(request) : clientLines(token))].join('\n').trimEnd()
}

function tokenLines({ verdict, refusal, checks, principal, expires }: TokenExplanation): readonly string[] {
  const width = Math.max(...checks.map(({ check }) => check.length))
  return [
    refusal ? `${verdicts[verdict]}: ${refusal.reason}` : verdicts[verdict],
    ...(refusal ? reasonLines(refusal) : []),
    '',
    'Checks, in their order',
    ...checks.flatMap((row) => checkLines(row, width)),
    ...(principal ? ['', `The caller (until ${expires})`, ...membersOf(principal)] : []),
  ]
}

function clientLines({ refusal }: TokenExplanation): readonly string[] {
  return refusal ? ['The client gets', ...answerLines(refusal)] : []
}

function reasonLines({ hint, cause, reason }: RefusalFacts): readonly string[] {
  return [
    ...(hint === undefined ? [] : [`  ${hint}`]),
    ...(cause === undefined ? [] : [`  ${cause}`]),
    ...(reason === 'keys_unavailable'
      ? [
          '  Not checked: all from the key on. Save the JWK Set of the issuer where there is a network, and add --jwks FILE.',
        ]
      : []),
  ]
}

function checkLines({ check, outcome, claim, received, expected }: CheckRow, width: number): readonly string[] {
  const begin = `  ${marks[outcome].padEnd(8)}${check.padEnd(width)}`
  if (outcome === 'failed' || outcome === 'unknown') {
    const facts = Object.entries({ claim, received, expected }).filter(([, value]) => value !== undefined)
    return [begin.trimEnd(), ...facts.map(([name, value]) => `${' '.repeat(12)}${name.padEnd(9)} ${value}`)]
  }
  const wanted = expected === undefined || expected === received ? [] : [`expected ${expected}`]
  return [`${begin}  ${[...(received === undefined ? [] : [received]), ...wanted].join('; ')}`.trimEnd()]
}

function requestLines({ route, access, trace, reason, hint, verdict, answers }: RequestExplanation): readonly string[] {
  return [
    `The request: ${verdict === 'accepted' ? 'it passes' : (reason ?? verdict)}`,
    ...(hint === undefined ? [] : [`  ${hint}`]),
    `  route   ${route ?? 'none: a request without a route is refused'}`,
    ...(access === undefined ? [] : [`  policy  ${access}`]),
    ...(trace ? indent(formatTrace(trace), 10) : access === undefined ? [] : ['          was not asked']),
    ...Object.entries(answers).flatMap(([name, answer]) => ['', `The answer to ${name}`, ...answerLines(answer)]),
  ]
}

function answerLines({ status, headers, body }: DialectAnswer): readonly string[] {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `  ${name}: ${value}`),
  )
  return [`  ${status}`, ...lines.map((line) => line.trimEnd()), ...(body === '' ? [] : indent(body, 2))]
}

export function formatDescription({ unverified, reason, hint, proposal }: Description): string {
  if (!unverified) return [`This is no token that can be read: ${reason}`, `  ${hint ?? ''}`].join('\n')
  return [
    'What the token says. Nothing of it is verified: anyone may have written it.',
    '',
    'Header',
    ...membersOf(unverified.header),
    '',
    'Claims',
    ...membersOf(unverified.claims),
    '',
    ...(hint === undefined ? [] : ['Your API will refuse it:', `  ${hint}`, '']),
    ...(proposal
      ? [
          `It looks like a token for the preset ${proposal.preset}. These values are the token's own: compare them with those of your STS.`,
          `  npx claimcheck explain --preset ${proposal.preset} ${proposal.flags.map(([name, value]) => `--${name} ${value}`).join(' ')}`,
        ]
      : ['No preset is known for it. Name its issuer: --issuer URL --audience TEXT']),
  ].join('\n')
}

function membersOf(members: object): readonly string[] {
  const rows = Object.entries(members).map(([name, value]) => [printable(name, 60), textOf(name, value)] as const)
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}

function textOf(name: string, value: unknown): string {
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value))
  const isTime = ['iat', 'nbf', 'exp', 'auth_time'].includes(name) && typeof value === 'number'
  const date = isTime ? new Date(value * 1000) : undefined
  return date && !Number.isNaN(date.getTime()) ? `${text} (${date.toISOString()})` : text
}

function indent(text: string, by: number): readonly string[] {
  return text.split('\n').map((line) => `${' '.repeat(by)}${line}`)
}
