// D9: what travels beside a request and changes what it is.
import { overrides } from '../../../gateway/recipes/parts.ts'
import { plainName } from '../../../gateway/request.ts'
import { type Check, type Finding, judge, needsEcho, needsReports, unchecked } from '../finding.ts'
import type { Probe, Sighting, Site } from '../site.ts'
import { valueOf } from '../wire.ts'
import { forged } from './forged.ts'

const upgrade: Check = {
  probe: 'D9',
  name: 'upgrade',
  closed: 'No Upgrade passes.',
  hole: 'After an upgrade (h2c, WebSocket) the client sends what no decision is made about.',
  fix: 'Drop Upgrade, and Connection with it, on the way to the API.',
}
const override: Check = {
  probe: 'D9',
  name: 'overrides',
  closed: 'No override of method or target reaches the API.',
  hole: 'A client overrides the method or the target after the decision, where the API obeys such headers.',
  fix: `Drop ${overrides.join(', ')} on the way to the API, and show them to the decision server.`,
}
const body: Check = {
  probe: 'D9',
  name: 'body of the question',
  closed: 'The question announces no body.',
  hole: 'The question has the Content-Length of the client: the next question of the connection may be taken for its body.',
  fix: 'Send no body and no Content-Length with the question (proxy_pass_request_body off, and Content-Length "", in nginx).',
}
const trailers: Check = {
  probe: 'D9',
  name: 'trailers',
  closed: 'No trailers pass.',
  hole: '',
  fix: '',
}

export async function probePassage(site: Site): Promise<readonly Finding[]> {
  return [await probeUpgrade(site), await probeOverrides(site), await probeBody(site), await probeTrailers(site)]
}

async function probeUpgrade(site: Site): Promise<Finding> {
  const h2c = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Connection: Upgrade, HTTP2-Settings']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const socket = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', key]
  const sightings = [await site.send({ lines: h2c }), await site.send({ lines: socket })]
  const hasUpgraded = ({ answer }: Sighting): boolean => typeof answer === 'object' && answer.status === 101
  if (!site.hasEcho && !sightings.some(hasUpgraded)) return unchecked(upgrade, needsEcho, sightings[0])
  return judge(upgrade, sightings, (seen) => hasUpgraded(seen) || valueOf(seen.arrival?.lines ?? [], 'upgrade') !== '')
}

/** Values that change nothing where an API obeys them. */
async function probeOverrides(site: Site): Promise<Finding> {
  if (!site.hasEcho) return unchecked(override, needsEcho)
  const sightings: Sighting[] = []
  for (const name of overrides) {
    const value = name.endsWith('URL') ? forged.target : 'OPTIONS'
    for (const spelled of [name, name.replaceAll('-', '_')])
      sightings.push(await site.send({ lines: [`${spelled}: ${value}`] }))
  }
  const known = overrides.map(plainName)
  return judge(override, sightings, ({ arrival }) => {
    const found = arrival?.lines.find(([name]) => known.includes(plainName(name)))
    return found ? `the API got ${found[0]}: ${found[1]}` : false
  })
}

async function probeBody(site: Site): Promise<Finding> {
  if (!site.hasReports) return unchecked(body, needsReports)
  const sent = 'claimcheck'
  const probe: Probe = { lines: [`Content-Length: ${sent.length}`], body: sent }
  const seen = await site.send(probe)
  if (!seen.report) return unchecked(body, 'the gateway did not ask about it', seen)
  return judge(body, [seen], ({ report }) => report?.hasBody === true)
}

/** No hole by itself: HAProxy 2.6 has no rule against trailers, and an API must not read identity from them. */
async function probeTrailers(site: Site): Promise<Finding> {
  if (!site.hasEcho) return unchecked(trailers, needsEcho)
  const [name = ''] = site.identity
  const lines = ['Transfer-Encoding: chunked', `Trailer: ${name}`]
  const seen = await site.send({ lines, body: `1\r\na\r\n0\r\n${name}: ${forged.identity}\r\n\r\n` })
  if ((seen.arrival?.trailers.length ?? 0) > 0)
    return unchecked(trailers, 'trailers reach the API: see to it that it reads no identity from them', seen)
  return judge(trailers, [seen], () => false)
}
