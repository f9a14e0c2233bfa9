// D1: the decision server is told the request that was sent. D2: and nothing that the client says of it.
import { type Check, type Finding, judge, needsEcho, needsReports, unchecked } from '../finding.ts'
import { hasPassed, type Probe, type Sighting, type Site } from '../site.ts'
import { valueOf } from '../wire.ts'
import { plainName } from '../../../gateway/request.ts'
import { badToken, forged } from './forged.ts'

const asked: Check = {
  probe: 'D1',
  name: 'asked at all',
  closed: 'The gateway asks before it lets a request through.',
  hole: 'The gateway lets requests through without a decision.',
  fix: 'Ask in the one location that everything comes through, for every method, and let nothing pass without an answer.',
}
const target: Check = {
  probe: 'D1',
  name: 'told target',
  closed: 'The decision server is told the target as it was sent.',
  hole: 'The decision is about another target than the one that was sent: its policy guards another path.',
  fix: 'Tell the raw target of the client ($request_uri in nginx, orig_uri in Caddy), never one that is decoded or cleaned.',
}
const method: Check = {
  probe: 'D1',
  name: 'told method',
  closed: 'The decision server is told the method as it was sent.',
  hole: 'The decision is about another method: a policy for reading lets writing through.',
  fix: 'Tell the method of the client ($request_method in nginx), never a fixed one.',
}
const host: Check = {
  probe: 'D1',
  name: 'told host',
  closed: 'The decision server is told the host that was called.',
  hole: 'The decision is about another host than the one that the API is told: routes of a host can be left.',
  fix: 'Tell the Host header of the client ($http_host in nginx), and hand the same one on to the API.',
}

export async function probeTold(site: Site): Promise<readonly Finding[]> {
  const { path, control, url } = site
  const bad = await site.send({ authorization: `Bearer ${badToken(site.token ?? 'a.b.c')}` })
  const none = await site.send({ authorization: null })
  if (!site.hasReports)
    return [judgeUntold(site, bad, none), ...[target, method, host].map((check) => unchecked(check, needsReports))]
  const plain = [control, await site.send({ target: `${path}?claimcheck=%2F..%20&a` })]
  const encoded = await site.send({ target: encodeLast(path) })
  // Neither changes anything. A gateway may answer one of them itself.
  const methods = [await site.send({ method: 'OPTIONS' }), await site.send({ method: 'HEAD' })]
  const absolute = await site.send({ target: `http://forged.invalid${path}` })
  const withPath = await site.send({ host: `${url.host}/claimcheck?` })
  const other = await site.send({ host: forged.host })
  const isHostWrong = (seen: Sighting): boolean => {
    if (seen === absolute) return hasOneHostMoved(control, seen)
    if (seen === other) return isHostKept(seen)
    return seen.told !== undefined && bare(seen.told.host) !== bare(seen.host)
  }
  return [
    judgeAsked(site, [bad, none, ...plain, encoded, ...methods]),
    judgeTold(target, [...plain, encoded], isTargetWrong),
    judgeTold(method, methods, ({ told, probe }) => told !== undefined && told.method !== probe.method),
    judgeHost(site, judgeTold(host, [control, withPath, absolute, other], isHostWrong)),
  ]
}

/** Whether the decision and the API are about one host shows at the API alone. */
function judgeHost({ hasEcho, control }: Site, finding: Finding): Finding {
  return finding.verdict === 'closed' && !hasEcho ? unchecked(host, needsEcho, control) : finding
}

function judgeAsked({ control, token }: Site, sightings: readonly Sighting[]): Finding {
  // A gateway that does not hand the header of probes on seems to ask nothing.
  if (!control.report && token === undefined)
    return unchecked(asked, 'the decision server was not asked about a probe', control)
  return judge(asked, sightings, (seen) => {
    // What a good token lets through may have been asked of another decision server.
    if (seen.report !== null || (control.report === null && seen.probe.authorization === undefined)) return false
    // OPTIONS may be answered by the gateway itself.
    return seen.probe.method === 'OPTIONS' ? seen.arrival !== undefined : hasPassed(seen)
  })
}

/** Without the decision server's word: nothing but a route for everyone explains a bad token, or none, that passes. */
function judgeUntold({ routes, token }: Site, bad: Sighting, none: Sighting): Finding {
  const has = (kind: string): boolean => routes.some(({ access }) => access === kind)
  const mayPass = has('anonymous') ? [bad, none] : has('optional') ? [none] : []
  const [passed] = token === undefined ? [bad] : mayPass.filter(hasPassed)
  return passed ? unchecked(asked, needsReports, passed) : judge(asked, [bad, none], hasPassed)
}

/** A gateway that cleans the target for both, or takes a prefix off for both, asks about what the API gets. */
function isTargetWrong({ told, arrival, target: sent }: Sighting): boolean {
  return told !== undefined && told.target !== sent && told.target !== arrival?.target
}

/** A host in the request line (RFC 9112 §3.2.2) must count for the decision and for the API, or for neither. */
function hasOneHostMoved(control: Sighting, { told, arrival }: Sighting): boolean {
  if (!told || !arrival || !control.told || !control.arrival) return false
  const before = valueOf(control.arrival.lines, 'host')
  // A gateway that gives the API a fixed host.
  if (bare(before) !== bare(control.told.host)) return false
  return (told.host !== control.told.host) !== (valueOf(arrival.lines, 'host') !== before)
}

/** The host that the decision is about stays while the Host header changes, and the API gets another one. */
function isHostKept({ told, arrival, host: sent }: Sighting): boolean {
  if (!told || !arrival || bare(told.host) === bare(sent)) return false
  return bare(valueOf(arrival.lines, 'host')) !== bare(told.host)
}

function judgeTold(check: Check, sightings: readonly Sighting[], isOpen: (seen: Sighting) => boolean): Finding {
  const [first] = sightings
  // What the gateway itself refuses asks no question. The plain request must ask one.
  if (sightings.every(({ told }) => told === undefined))
    return unchecked(check, 'the gateway did not tell the decision server about the request', first)
  return judge(check, sightings, isOpen)
}

function bare(authority: string): string {
  return authority.toLowerCase().replace(/:\d+$/, '')
}

/** `/orders/1` as `/orders/%31`: the same to an upstream, and another text. */
function encodeLast(path: string): string {
  const at = path.search(/[a-z0-9](?=[^a-z0-9]*$)/i)
  if (at < 0 || path.includes('%')) return `${path}?`
  return `${path.slice(0, at)}%${path.charCodeAt(at).toString(16)}${path.slice(at + 1)}`
}

const metadata: Check = {
  probe: 'D2',
  name: 'forged metadata',
  closed: 'What the client says in X-Forwarded-…, X-Original-… and Forwarded changes nothing that is told.',
  hole: 'A client names its own method, host, target or address: it chooses the policy that decides, or what that reads.',
  fix: 'Set all four X-Forwarded headers of the question, and X-Forwarded-For, from the request itself, on every request.',
}
const upstream: Check = {
  probe: 'D2',
  name: 'forged metadata for the API',
  closed: 'The API gets no host, scheme or target that the client made up.',
  hole: 'The API is told a host, a scheme or a target that the client made up.',
  fix: 'Set or drop Forwarded, X-Forwarded-Host, -Proto, -Method, -Uri, X-Original-URL and X-Rewrite-URL on the way to the API, in every spelling.',
}

export async function probeMetadata(site: Site): Promise<readonly Finding[]> {
  const proto = site.control.told?.scheme === 'https' ? 'http' : 'https'
  const lines = [
    `X-Forwarded-Uri: ${forged.target}`,
    'X-Forwarded-Method: OPTIONS',
    `X-Forwarded-Host: ${forged.host}`,
    `X-Forwarded-Proto: ${proto}`,
    `X_Forwarded_Uri: ${forged.target}`,
    'X_Forwarded_Method: OPTIONS',
    `X_Forwarded_Host: ${forged.host}`,
    `X-Original-URI: ${forged.target}`,
    'X-Original-Method: OPTIONS',
    // A documentation address (RFC 5737): no client has it.
    'X-Forwarded-For: 192.0.2.1',
    `Forwarded: for=192.0.2.1;host=${forged.host};proto=${proto}`,
  ]
  const sightings: Sighting[] = []
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':'))
    for (const all of [[line], [line, line], [line, `Connection: close, ${name}`]])
      sightings.push(await site.send({ lines: all } satisfies Probe))
  }
  const { told } = site.control
  return [
    site.hasReports && told
      ? judge(metadata, sightings, (seen) =>
          seen.told ? JSON.stringify(seen.told) !== JSON.stringify(told) : seen.report === null && hasPassed(seen),
        )
      : unchecked(metadata, needsReports),
    site.hasEcho ? judge(upstream, sightings, madeUp) : unchecked(upstream, needsEcho),
  ]
}

const watched = ['forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-uri', 'x-forwarded-method']

/** The header with which something of the client's reached the API. */
function madeUp({ probe, arrival }: Sighting): string | false {
  const sent = new Set(probe.lines?.map((line) => line.slice(line.indexOf(':') + 1).trim()))
  const found = arrival?.lines.find(([name, value]) => {
    return watched.includes(plainName(name)) && value.split(/, ?/).some((one) => sent.has(one))
  })
  return found ? `the API got ${found[0]}: ${found[1]}` : false
}
