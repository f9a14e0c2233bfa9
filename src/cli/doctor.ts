// `claimcheck doctor`: attacks the operator's own gateway, as a client, at the decision server and at the upstream. It talks to the
// addresses that it is given and to its own listener alone, sends requests that change nothing, and says what it could not check.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Command, messageOf, print } from './command.ts'
import { type Echo, listenEcho } from './doctor/echo.ts'
import { type Finding, lost, printFindings } from './doctor/finding.ts'
import { probeFaults, probeRefusals } from './doctor/probes/faults.ts'
import { probeDecisions, probeIdentity, probeRecipe } from './doctor/probes/identity.ts'
import { probePassage } from './doctor/probes/passage.ts'
import { probeMetadata, probeTold } from './doctor/probes/told.ts'
import { probeTargets } from './doctor/probes/twisted.ts'
import { probeUpstream } from './doctor/probes/upstream.ts'
import { openReports } from './doctor/reports.ts'
import { describe, hasPassed, openSite, type Sighting, type Site, type SiteOptions } from './doctor/site.ts'
import { settingsOf } from './settings.ts'
import { sourceOf } from './source.ts'

interface Options {
  readonly site: SiteOptions
  readonly admin: string
  readonly secret: string | undefined
  readonly echo: string | undefined
  readonly json: boolean
}

export const doctorCommand: Command = {
  summary: 'attacks your own gateway, and says which holes it has',
  usage: `claimcheck doctor URL --config FILE --path PATH

  --config FILE        as of \`claimcheck serve\`                              (CLAIMCHECK_CONFIG)
  --path PATH          a path that GET and the token reach: the probes go there
  --token-file FILE    an access token for it; not needed where the route is anonymous
  --secret FILE        the file of \`claimcheck serve --doctor FILE\`: what the gateway told, and faults for doctor's probes alone
  --admin ADDRESS      the admin listener of that server                     (CLAIMCHECK_ADMIN)
  --echo ADDRESS       where doctor listens as the API: let the gateway pass PATH on to it
  --upstream URL       the API: must not answer without the gateway; it gets the token
  --json               prints the findings as JSON

Exit codes: 0 closed, 1 holes, 2 could not run, or a side that you named did not answer. What could not be checked is listed, and is no hole.`,
  async run(args) {
    try {
      return await examine(await readOptions(args))
    } catch (error) {
      // 1 is for holes.
      throw error instanceof TypeError ? error : new TypeError(messageOf(error), { cause: error })
    }
  },
}

async function readOptions(args: readonly string[]): Promise<Options> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: text,
      path: text,
      'token-file': text,
      secret: text,
      admin: text,
      echo: text,
      upstream: text,
      json: { type: 'boolean', default: false },
    },
  })
  const [address, ...more] = positionals
  if (address === undefined || more.length > 0) throw new TypeError('which gateway? Write its URL.')
  const { path, secret, echo, upstream, json } = values
  // Bytes that every gateway takes: what is twisted is for the probes.
  if (path === undefined || !/^\/[\w~-][\w./~%-]*$/.test(path))
    throw new TypeError('--path must be a path that the token reaches, such as /orders/1, without a query.')
  const overrides = {
    config: values.config ?? process.env.CLAIMCHECK_CONFIG,
    admin: values.admin ?? process.env.CLAIMCHECK_ADMIN,
  }
  const { server, gateway, decisions } = await sourceOf(overrides.config).load()
  const { identityHeaders: identity, fingerprint } = gateway
  return {
    site: {
      url: readUrl(address),
      path,
      token: values['token-file'] === undefined ? undefined : readToken(values['token-file']),
      identity,
      fingerprint,
      routes: decisions.routes,
      upstream: upstream === undefined ? undefined : readUrl(upstream),
    },
    admin: settingsOf(server, overrides).admin,
    secret: secret === undefined ? undefined : readFileSync(secret, 'utf8').trim(),
    echo,
    json,
  }
}

/** @throws TypeError for what is no address of a server. */
function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.username === '')
    return url
  throw new TypeError(`'${text}' must be like https://gateway.example.com, without a path.`)
}

/** @throws TypeError, which does not have the token in it. */
function readToken(file: string): string {
  const token = readFileSync(file, 'utf8').trim()
  if (/^[\w.~+/-]+=*$/.test(token)) return token
  throw new TypeError(`${file} must hold an access token, and nothing else.`)
}

async function examine({ site: options, admin, secret, echo: address, json }: Options): Promise<number> {
  const reports = secret === undefined ? undefined : await openReports(admin, secret)
  const echo: Echo | undefined = address === undefined ? undefined : await listenEcho(address)
  try {
    const site = await openSite(options, reports, echo)
    const { answer } = site.control
    if (typeof answer === 'string') throw new Error(`${options.url.host}: ${answer}`)
    const findings = await probeAll(site)
    const holes = findings.filter(({ verdict }) => verdict === 'hole')
    const problem = problemOf(site, address) ?? findings.find(({ lost }) => lost)?.means
    print(
      json
        ? toJson(site, findings, problem)
        : [`${options.url.href}, GET ${options.path}`, '', ...printFindings(findings)].join('\n'),
    )
    if (holes.length > 0) return 1
    if (problem !== undefined) throw new Error(problem)
    return 0
  } finally {
    await echo?.close()
  }
}

/** Why most probes have said nothing. */
function problemOf({ control, path, hasEcho }: Site, echo: string | undefined): string | undefined {
  const { answer, report } = control
  if (typeof answer === 'string' || answer.status < 200 || answer.status >= 300)
    return `GET ${path} does not come through (${describe(control)}): probes need a path that the token reaches`
  if (report === null)
    return 'the decision server was not asked about a probe: does the gateway ask this one, and hand X-Claimcheck-Probe on?'
  if (echo === undefined || hasEcho) return undefined
  return `GET ${path} did not reach --echo ${echo}: does the gateway pass it on to this address?`
}

const probes = [
  probeTold,
  probeMetadata,
  probeDecisions,
  probeIdentity,
  probeRecipe,
  probeFaults,
  probeRefusals,
  probeTargets,
  probePassage,
  probeUpstream,
]

async function probeAll(site: Site): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const comesThrough = (seen: Sighting): boolean => (site.hasEcho ? seen.arrival !== undefined : hasPassed(seen))
  for (const probe of probes) {
    const found = [await probe(site)].flat()
    const after = await site.send({})
    // A gateway that went down, or locked doctor out, lets nothing pass: that proves nothing.
    const hasGone = comesThrough(site.control) && !comesThrough(after)
    const why = `GET ${site.path} does not come through any more: the gateway went down, or keeps doctor out`
    findings.push(...found.map((one) => (hasGone && one.verdict === 'closed' ? lost(one, why, after) : one)))
  }
  return findings
}

function toJson({ url, path }: Site, findings: readonly Finding[], problem: string | undefined): string {
  const closed = problem === undefined ? 'closed' : 'could not run'
  const result = findings.some(({ verdict }) => verdict === 'hole') ? 'holes' : closed
  return JSON.stringify({ url: url.href, path, result, ...(problem !== undefined && { problem }), findings }, null, 2)
}
