// D10: the way past the gateway. A refusal proves nothing until the same server has served the path to a request that may have it.
import { assertionHeader } from '../../../gateway/assertion.ts'
import { type Check, type Finding, judge, lost, unchecked } from '../finding.ts'
import { hasPassed, type Probe, type Sighting, type Site } from '../site.ts'
import { type Line, valueOf } from '../wire.ts'
import { forged } from './forged.ts'

const past: Check = {
  probe: 'D10',
  name: 'way past the gateway',
  closed: 'The API does not answer without the gateway.',
  hole: 'The API answers a request that no gateway has decided about, with an identity that the client wrote.',
  fix: 'Let nothing but the gateway reach the API, or have the API check the assertion: gatewayAssertion().',
}

export async function probeUpstream(site: Site): Promise<Finding> {
  const { upstream, identity, token } = site
  if (!upstream) return unchecked(past, 'needs --upstream URL: the address of the API')
  const server = upstream
  // What the gateway makes of the request now: an assertion lives for seconds.
  const { arrival } = await site.send({})
  const { target = site.path, lines: arrived = [] } = arrival ?? {}
  const hosts = [...new Set([server.host, valueOf(arrived, 'host') || site.url.host])]

  async function send(lines: readonly Line[], hasToken = false): Promise<readonly Sighting[]> {
    const probe: Probe = { lines: lines.map((line) => line.join(': ')), ...(!hasToken && { authorization: null }) }
    const sightings: Sighting[] = []
    for (const host of hosts) sightings.push(await site.send({ ...probe, server, host, target }))
    return sightings
  }

  const forgeries = await send(identity.map((name) => [name, forged.identity]))
  // An API may know no caller of the forged name, and believe the headers all the same.
  const copies = arrival ? await send(arrived.filter(([name]) => isBelieved(name, identity))) : []
  const attacks = [...forgeries, ...copies]
  const atTheApi = attacks.filter((seen) => wrongAddress(seen) === undefined)
  if (atTheApi.some(hasPassed)) return judge(past, atTheApi, hasPassed)
  const allowed = [
    ...(token === undefined ? [] : await send([], true)),
    ...(await send(arrived.filter(([name]) => !ofConnection.test(name)))),
  ]
  for (const seen of [...attacks, ...allowed]) {
    const wrong = wrongAddress(seen)
    if (wrong !== undefined) return lost(past, wrong, attacks[0])
  }
  if (!allowed.some(hasPassed)) return lost(past, unknown, attacks[0])
  // A gateway would look the same: it refuses without the token, and serves the path with it.
  if (!site.hasReports && !arrival)
    return lost(past, 'needs --secret or --echo: without, a gateway looks the same', attacks[0])
  return judge(past, attacks, hasPassed)
}

const unknown =
  '--upstream refuses, and was not seen to be the API: it serves the path neither to the token nor to what reached --echo. Is the address wrong? An API that checks assertions needs --echo'

/** Says why the answer is none of the API. */
function wrongAddress({ answer, report, arrival }: Sighting): string | undefined {
  if (report) return '--upstream leads to a gateway, which asked for a decision: write the address of the API behind it'
  if (arrival) return '--upstream leads to --echo: write the address of the API itself'
  if (typeof answer !== 'string') return undefined
  return '--upstream gives no answer: the API is closed to this machine, or the address is wrong'
}

/** The assertion is what no client can write. */
function isBelieved(name: string, identity: readonly string[]): boolean {
  const known = name.toLowerCase()
  return known !== assertionHeader.toLowerCase() && identity.some((one) => one.toLowerCase() === known)
}

/** What a probe writes itself. */
const ofConnection = /^(?:host|connection|content-length|transfer-encoding|x-claimcheck-probe)$/i
