// D10, and what doctor says where a side does not answer: a gateway in Node before the echo, and servers that could be the API.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as ask, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listenEcho } from '../../src/cli/doctor/echo.ts'
import { probeUpstream } from '../../src/cli/doctor/probes/upstream.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { openSite } from '../../src/cli/doctor/site.ts'
import { freePort } from '../support/ports.ts'
import { run, stsAndConfig, write } from './run.ts'

const path = '/orders/1'
const token = 'the.access.token'
const assertion = 'signed by the gateway'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function listen(handler: Handler): Promise<string> {
  const server: Server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Passes on what has the token, with its own word on the identity. */
function gatewayTo(api: string): Handler {
  return (request, response) => {
    const { host, authorization, 'x-claimcheck-probe': probe = '' } = request.headers
    if (authorization !== `Bearer ${token}`) return void response.writeHead(401).end()
    const identity = { 'X-Auth-Subject': 'alice', 'X-Auth-Assertion': assertion }
    const headers = { host, authorization, ...identity, 'X-Claimcheck-Probe': probe }
    const [hostname, port] = api.split(':')
    const onward = ask({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500)
      answer.pipe(response)
    })
    onward.on('error', () => void response.writeHead(502).end())
    onward.end()
  }
}

const answers =
  (status: (headers: IncomingMessage['headers'], url: string | undefined) => number): Handler =>
  ({ headers, url }, response) =>
    void response.writeHead(status(headers, url), { 'WWW-Authenticate': 'Bearer' }).end()

interface Sides {
  readonly gateway: string
  readonly echo: string
}

const rows: readonly (readonly [title: string, verdict: string, api: Handler, at?: (sides: Sides) => string])[] = [
  ['nothing listens', 'lost', answers(() => 200), () => '127.0.0.1:1'],
  ['a server that hangs up', 'lost', ({ socket }) => socket.destroy()],
  ['another server, which asks everyone for a credential', 'lost', answers(() => 401)],
  ['another server, which does not know the path', 'lost', answers(() => 404)],
  ['a server that redirects to https', 'lost', answers(() => 301)],
  ['the gateway itself', 'lost', answers(() => 200), ({ gateway }) => gateway],
  ['the echo', 'lost', answers(() => 200), ({ echo }) => echo],
  ['an API that checks the assertion', 'closed', answers((one) => (one['x-auth-assertion'] === assertion ? 200 : 401))],
  ['an API that forbids without one', 'closed', answers((one) => (one['x-auth-assertion'] === assertion ? 200 : 403))],
  [
    'an API that verifies the token',
    'closed',
    answers(({ authorization }) => (authorization === `Bearer ${token}` ? 200 : 401)),
  ],
  ['an API that believes everything', 'hole', answers(() => 200)],
  [
    'an API that believes the callers it knows',
    'hole',
    answers((one) => (one['x-auth-subject'] === 'alice' ? 200 : 401)),
  ],
  [
    'an API that knows its public name alone',
    'hole',
    answers(({ host }) => (host === 'public.example.com' ? 200 : 421)),
  ],
]

/** The gateway, which is called by its public name, and its echo. */
async function openSides(upstream: (sides: Sides) => string | Promise<string>, hasEcho = true) {
  const echoAddress = `127.0.0.1:${await freePort()}`
  const echo = await listenEcho(echoAddress)
  onTestFinished(async () => echo.close())
  const pass = gatewayTo(echoAddress)
  const gateway = await listen((request, response) => {
    request.headers.host = 'public.example.com'
    pass(request, response)
  })
  const options = {
    url: new URL(`http://${gateway}`),
    path,
    token,
    identity: ['X-Auth-Subject', 'X-Auth-Roles', 'X-Auth-Assertion'],
    fingerprint: '',
    routes: [],
    upstream: new URL(`http://${await upstream({ gateway, echo: echoAddress })}`),
  }
  return openSite(options, undefined, hasEcho ? echo : undefined)
}

const cases = rows.map(([title, verdict, api, at]) => ({ title, verdict, api, at }))

test.each(cases)('D10: $title is $verdict', async ({ verdict, api, at }) => {
  const site = await openSides(async (sides) => at?.(sides) ?? listen(api))
  const finding = await probeUpstream(site)
  expect(finding.lost ? 'lost' : finding.verdict, JSON.stringify(finding)).toBe(verdict)
  if (verdict === 'lost') expect(finding.means).toContain('--upstream')
  expect(JSON.stringify(finding)).not.toContain(token)
  expect(JSON.stringify(finding)).not.toContain(assertion)
})

test('D10: without --secret and --echo, a gateway looks like an API that verifies the token', async () => {
  const site = await openSides(async () => listen(gatewayTo(await listen(answers(() => 200)))), false)
  expect(await probeUpstream(site)).toMatchObject({ verdict: 'unchecked', lost: true })
})

async function examineAt(gateway: string, config: object, echo: string, more: readonly string[] = []) {
  const args = ['--config', write('c.json', config), '--path', path, '--token-file', write('token', token)]
  const all = ['doctor', `http://${gateway}`, ...args, '--echo', echo, '--json', ...more]
  const { code, stdout, stderr } = await run(all)
  const { result, findings } = JSON.parse(stdout) as { result: string; findings: Finding[] }
  return { code, result, findings, stderr }
}

/** doctor against a gateway that answers the requests from `turn` on as `then` does. */
async function examine(turn: number, then: Handler, more: (sides: Sides) => readonly string[] = () => []) {
  const { config } = await stsAndConfig()
  const echo = `127.0.0.1:${await freePort()}`
  const pass = gatewayTo(echo)
  let requests = 0
  const gateway = await listen((request, response) => (++requests < turn ? pass : then)(request, response))
  const { code, result, findings, stderr } = await examineAt(gateway, config, echo, more({ gateway, echo }))
  const of = (verdict: string): readonly string[] =>
    findings.filter((one) => one.verdict === verdict).map(({ probe, name }) => `${probe} ${name}`)
  return {
    code,
    result,
    stderr,
    closed: of('closed'),
    holes: of('hole'),
    lost: findings.filter(({ lost }) => lost).length,
  }
}

test('is closed by a gateway that answers to the end', async () => {
  const { code, result, closed, lost } = await examine(
    Infinity,
    answers(() => 500),
  )
  expect([code, result, lost]).toEqual([0, 'closed', 0])
  expect(closed).toContain('D8 changed target')
})

test.each<[title: string, then: Handler]>([
  ['goes down', ({ socket }) => socket.destroy()],
  ['locks doctor out', answers(() => 403)],
  ['limits requests', answers(() => 429)],
  ['is another server', (_, response) => response.end('Welcome!')],
])('calls nothing closed of a gateway that %s: 2', async (_, then) => {
  // The plain request, and then one of the first probe.
  const { code, result, closed, holes, lost, stderr } = await examine(3, then)
  expect([code, result, closed]).toEqual(holes.length > 0 ? [1, 'holes', []] : [2, 'could not run', []])
  expect(lost).toBeGreaterThan(0)
  if (code === 2) expect(stderr).toMatch(/does not come through any more|no answer came/)
})

test.each<[title: string, then: Handler]>([
  ['a limit of requests', answers(() => 429)],
  ['an answer that does not end', (_, response) => void response.end('x'.repeat(2 * 1024 * 1024))],
])('takes %s for no refusal of one probe: 2', async (_, then) => {
  const { config } = await stsAndConfig()
  const echo = `127.0.0.1:${await freePort()}`
  const pass = gatewayTo(echo)
  const gateway = await listen((request, response) => (request.url === `${path}.json` ? then : pass)(request, response))
  const { code, findings } = await examineAt(gateway, config, echo)
  expect(code).toBe(2)
  expect(findings.filter(({ lost }) => lost).map(({ name }) => name)).toEqual(['changed target'])
})

test('names the side that did not answer: 2', async () => {
  const upstream = await examine(
    Infinity,
    answers(() => 500),
    () => ['--upstream', 'http://127.0.0.1:1'],
  )
  expect([upstream.code, upstream.result]).toEqual([2, 'could not run'])
  expect(upstream.stderr).toMatch(/--upstream gives no answer/)
  const api = await listen(answers(() => 200))
  const echo = await examine(1, gatewayTo(api))
  expect([echo.code, echo.result]).toEqual([2, 'could not run'])
  expect(echo.stderr).toMatch(/did not reach --echo 127/)
})
