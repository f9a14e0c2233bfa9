// D6: nothing passes while the decision server is ill. D7: a refusal reaches the client as it was decided.
import { type Check, type Finding, judge, needsReports, unchecked } from '../finding.ts'
import { type Fault, faults, maxNonces } from '../probe-header.ts'
import { hasPassed, type Sighting, type Site } from '../site.ts'
import { valueOf } from '../wire.ts'
import { badToken, forged } from './forged.ts'

const whatHappens: Readonly<Record<Fault, string>> = {
  hang: 'hangs',
  reset: 'resets the connection',
  500: 'answers 500',
  503: 'has no keys and answers 503',
  302: 'answers 302',
  204: 'answers 204',
  200: 'is another server, which answers 200',
}

const notPlayed = 'the fault was not played: the gateway does not hand X-Claimcheck-Probe on, or tells another target'

function checkOf(fault: Fault): Check {
  const does = `the decision server ${whatHappens[fault]}`
  return {
    probe: 'D6',
    name: `fault ${fault}`,
    closed: `Nothing passes while ${does}.`,
    hole: `Requests pass without a decision while ${does}: an outage, or a wrong address, opens the API.`,
    fix: 'Let through only an answer of 200 with X-Auth-Status: 200, and give nothing else a way to the API.',
  }
}

const timeout: Check = {
  probe: 'D6',
  name: 'timeout',
  closed: 'A decision server that hangs costs a client less than 10 s.',
  hole: 'A decision server that hangs holds every client for more than 10 s: connections of the gateway run out.',
  fix: 'Give the question a timeout of a few seconds: proxy_read_timeout in nginx, response_header_timeout in Caddy.',
}

export async function probeFaults(site: Site): Promise<readonly Finding[]> {
  if (!site.hasReports) return [...faults.map(checkOf), timeout].map((check) => unchecked(check, needsReports))
  const findings: Finding[] = []
  for (const fault of faults) {
    const seen = await site.send({}, fault)
    findings.push(judgeFault(checkOf(fault), fault, seen))
    if (fault === 'hang') findings.push(judgeTimeout(seen))
  }
  return findings
}

function judgeFault(check: Check, fault: Fault, seen: Sighting): Finding {
  const { report } = seen
  if (report?.fault !== fault) return unchecked(check, notPlayed, seen)
  if (hasPassed(seen) && report.questions >= maxNonces)
    return unchecked(check, 'the gateway asked again until it got an answer', seen)
  if (!hasPassed(seen) && isUnanswered(seen))
    return unchecked(check, 'no answer came in time: whether the request passes later was not seen', seen)
  return judge(check, [seen], hasPassed)
}

function judgeTimeout(seen: Sighting): Finding {
  if (seen.report?.fault !== 'hang') return unchecked(timeout, 'the fault was not played', seen)
  return judge(timeout, [seen], isUnanswered)
}

function isUnanswered({ answer }: Sighting): boolean {
  return typeof answer === 'string' && answer.startsWith('no answer within')
}

function refusalCheck(name: string): Check {
  return {
    probe: 'D7',
    name: `refusal ${name}`,
    closed: 'The client gets the status, the challenge, Retry-After and the problem document that were decided.',
    hole: 'The client does not get the refusal that was decided: it cannot learn what it lacks.',
    fix: 'Hand status, WWW-Authenticate, Retry-After and body on. nginx needs X-Auth-Status and X-Auth-Problem for it: npx claimcheck recipe nginx.',
  }
}

export async function probeRefusals(site: Site): Promise<readonly Finding[]> {
  const { token } = site
  const rows = [
    { name: '401, without a token', probe: { authorization: null } },
    { name: '401, with a bad token', probe: { authorization: `Bearer ${badToken(token ?? 'a.b.c')}` } },
    { name: '400, a malformed credential', probe: { authorization: 'Bearer a b' } },
    { name: '403, without a route', probe: { target: forged.target } },
    { name: '503, without keys', probe: {}, fault: '503' },
  ] as const
  const findings: Finding[] = []
  for (const { name, probe, ...row } of rows) {
    const check = refusalCheck(name)
    const fault = 'fault' in row ? row.fault : undefined
    findings.push(
      site.hasReports ? judgeRefusal(check, await site.send(probe, fault), fault) : unchecked(check, needsReports),
    )
  }
  return findings
}

function judgeRefusal(check: Check, seen: Sighting, fault: Fault | undefined): Finding {
  const decided = seen.report?.answer
  if (!decided) return unchecked(check, 'the gateway did not ask about it', seen)
  if (seen.report?.fault !== fault) return unchecked(check, notPlayed, seen)
  if (decided.status === '200') return unchecked(check, 'the configuration lets this through', seen)
  return judge(check, [seen], ({ answer }) => {
    if (typeof answer === 'string') return true
    if (String(answer.status) !== decided.status) return `decided was ${decided.status}`
    if (valueOf(answer.lines, 'WWW-Authenticate') !== decided.challenge) return 'the challenge is another one'
    if (valueOf(answer.lines, 'Retry-After') !== decided.retryAfter) return 'Retry-After is another one'
    return answer.body === decided.body ? false : 'the body is another one'
  })
}
