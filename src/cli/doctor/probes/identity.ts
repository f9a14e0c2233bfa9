// D3: no client gets a decision itself. D4: no client writes its own identity. D5: the recipe is the one of this configuration.
import { dialects } from '../../../gateway/dialects/dialects.ts'
import { type Check, type Finding, judge, needsEcho, needsReports, unchecked } from '../finding.ts'
import type { Sighting, Site } from '../site.ts'
import { type Line, valueOf } from '../wire.ts'
import { forged } from './forged.ts'

const exposed: Check = {
  probe: 'D3',
  name: 'decisions for clients',
  closed: 'None of the paths that such locations mostly have gives a decision to a client.',
  hole: 'A client can ask for decisions: of its choice, with the identity and the assertion in them.',
  fix: 'Mark the location of auth_request `internal`, and route no path of clients to the decision server.',
}

/** The names that recipes and tutorials give to the location that asks. */
const locations = ['/_claimcheck', '/_auth', '/auth', '/_auth_request', '/auth_request', '/__auth', '/authz', '/verify']
const moreLocations = [
  '/validate',
  '/_oauth2',
  '/oauth2/auth',
  '/auth-proxy',
  '/internal/auth',
  '/api/auth',
  '/_verify',
]

export async function probeDecisions(site: Site): Promise<readonly Finding[]> {
  const names = [...locations, ...moreLocations, ...Object.keys(dialects).map((name) => `/${name}`)]
  const lines = ['Method: GET', 'Proto: https', `Host: ${site.url.host}`, `Uri: ${site.path}`]
  const sightings: Sighting[] = []
  for (const target of names.filter((name) => name !== site.path))
    sightings.push(await site.send({ target, lines: lines.map((line) => `X-Forwarded-${line}`) }))
  const identity = site.identity.map((name) => name.toLowerCase())
  return [judge(exposed, sightings, (seen) => decisionIn(seen, identity))]
}

/** A refusal may be handed on with X-Auth-Status: what shows a decision are a yes, an identity, and what only a gateway gets. */
function decisionIn({ answer }: Sighting, identity: readonly string[]): string | false {
  if (typeof answer === 'string') return false
  const found = answer.lines.find(([name, value]) => {
    const known = name.toLowerCase()
    if (known === 'x-auth-status') return value === '200'
    return known === 'x-auth-problem' || (identity.includes(known) && value !== '')
  })
  return found ? `the client got ${found[0]}` : false
}

const spoofed: Check = {
  probe: 'D4',
  name: 'spoofed identity',
  closed: 'No identity header of a client reaches the API, in any of nine spellings.',
  hole: 'A client writes its own identity: the API believes what it sends.',
  fix: 'Set or drop every identity header on every request, in every spelling. `npx claimcheck recipe` prints a configuration that has all of them.',
}
const anonymousToo: Check = { ...spoofed, name: 'spoofed identity on a route without a token' }
const removed: Check = {
  probe: 'D4',
  name: 'identity removed by Connection',
  closed: 'A client that lists identity headers in Connection does not take them away.',
  hole: 'A client takes the identity away from its own request (RFC 9110 §7.6.1): the API sees a caller without one.',
  fix: 'Drop the Connection header of the client before the identity is set.',
}
const placeholder: Check = {
  probe: 'D4',
  name: 'placeholders for identity',
  closed: 'The API gets values, and no names of variables.',
  hole: 'The API gets the name of a variable in place of an identity that is not there.',
  fix: 'Leave a header out when the decision has no value for it. Caddy: do not use copy_headers.',
}

export async function probeIdentity(site: Site): Promise<readonly Finding[]> {
  const checks = [spoofed, anonymousToo, removed, placeholder]
  if (!site.hasEcho) return checks.map((check) => unchecked(check, needsEcho))
  const { control, identity } = site
  const spellings = await sendSpellings(site)
  const listed = await site.send({ lines: [`Connection: close, ${identity.join(', ')}`] })
  const before = identity.filter((name) => valueOf(control.arrival?.lines ?? [], name) !== '')
  return [
    judge(spoofed, spellings, spoofedIn),
    await probeAnonymous(site),
    before.length === 0
      ? unchecked(removed, 'the plain request brought the API no identity', control)
      : judge(
          removed,
          [listed],
          ({ arrival }) => arrival !== undefined && before.some((name) => valueOf(arrival.lines, name) === ''),
        ),
    judge(placeholder, [control, listed], ({ arrival }) => placeholderIn(arrival?.lines ?? [])),
  ]
}

const spell: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replaceAll('-', '_').toLowerCase(),
  (name) => name.replace('-', '_'),
  (name) => name.replace(/-(?=[^-]*$)/, '_'),
  // CGI and its heirs read it so.
  (name) => name.replaceAll('-', '.'),
]

async function sendSpellings(site: Site, target = site.path): Promise<readonly Sighting[]> {
  const sightings: Sighting[] = []
  for (const of of spell) {
    const lines = site.identity.map((name) => `${of(name)}: ${forged.identity}`)
    sightings.push(await site.send({ target, lines }))
  }
  const twice = site.identity.flatMap((name) => [`${name}: ${forged.identity}`, `${name}: ${forged.identity}`])
  return [...sightings, await site.send({ target, lines: twice })]
}

/** An anonymous route of the configuration that has a literal path. */
async function probeAnonymous(site: Site): Promise<Finding> {
  const open = site.routes.filter(({ access }) => access === 'anonymous' || access === 'optional')
  const targets = open.flatMap(({ key }) => /^(?:GET(?:,\S+)? )?(\/[^/{][^{]*)$/.exec(key)?.[1] ?? [])
  for (const target of targets) {
    const plain = await site.send({ target, authorization: null })
    if (plain.arrival) return judge(anonymousToo, await sendSpellings(site, target), spoofedIn)
  }
  return unchecked(anonymousToo, 'no anonymous or optional route without parameters reaches the echo')
}

function spoofedIn({ arrival }: Sighting): string | false {
  const names = (arrival?.lines ?? []).filter(([, value]) => value.includes(forged.identity)).map(([name]) => name)
  return names.length > 0 ? `the API got the client's ${[...new Set(names)].join(', ')}` : false
}

/** Caddy's names of variables. The decision server encodes braces. */
function placeholderIn(lines: readonly Line[]): string | false {
  const found = lines.find(([, value]) => value.includes('{http.'))
  return found ? `the API got ${found[0]}: ${found[1]}` : false
}

const outdated: Check = {
  probe: 'D5',
  name: 'recipe',
  closed: 'The gateway runs the recipe of this configuration.',
  hole: 'The recipe is older than the configuration, or of another one: the decision server refuses all that it asks.',
  fix: 'Print it anew: npx claimcheck recipe.',
}

export function probeRecipe({ control, hasReports, fingerprint }: Site): Finding {
  const { report } = control
  if (!hasReports || !report) return unchecked(outdated, needsReports, control)
  if (report.recipe === undefined)
    return unchecked(
      outdated,
      'the question carries no fingerprint: this configuration was not printed by `npx claimcheck recipe`, and would miss an identity header that is added later',
      control,
    )
  return judge(outdated, [control], () => report.recipe !== fingerprint)
}
