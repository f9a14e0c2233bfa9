// The soak: mixed load through nginx, while configurations are read anew, keys rotate, the STS restarts and a decision server drains.
// Each request knows the only answer that is right, and the API knows which requests must not reach it.
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createTestIssuer, type TestIssuer } from 'claimcheck/testing'
import { type DecisionServer, startDecisions, startNginx, writeConfiguration } from './processes.ts'

const workers = 16
const reloadSeconds = 20
const rotateSeconds = 45
const restartSeconds = 60
// Never at the moment of a rotation, which the STS must be there for.
const firstRestartSeconds = 10
const outageSeconds = 1

/** A request, and the only right answer to it. */
interface Try {
  readonly name: string
  readonly path: string
  readonly token?: string
  readonly status: number
  /** Answered with a 503 by right, too. */
  readonly orUnavailable?: true
  /** What the API must be told of the caller; empty for nobody. */
  readonly subject?: string
}

interface Counts {
  requests: number
  wrong: number
  lost: number
}

/** Resolves to whether every request was decided rightly, and none lost. */
export async function soak(minutes: number): Promise<boolean> {
  const sts = createTestIssuer()
  await sts.listen()
  const api = await startRecordingApi()
  const write = (edition: number): string =>
    writeConfiguration('soak.json', {
      dialects: ['nginx'],
      issuer: sts.issuer,
      audience: sts.audience,
      routes: {
        'GET /orders/{id}': { scope: 'orders:read' },
        '/account': 'authenticated',
        '/public/{rest...}': 'anonymous',
        [`/edition-${edition % 2}`]: 'authenticated',
      },
    })
  const config = write(0)
  const servers: DecisionServer[] = [await startDecisions(config), await startDecisions(config)]
  const [first, second] = servers.map(({ address }) => address)
  const nginx = await startNginx(config, {
    upstream: `127.0.0.1:${(api.address() as AddressInfo).port}`,
    decisions: first ?? '',
    change: (text) =>
      text
        .replace(`server ${first};`, `server ${first};\n    server ${second};`)
        .replace('proxy_next_upstream off;', 'proxy_next_upstream error;'),
  })
  const agent = new Agent({ keepAlive: true, maxSockets: workers })
  const total: Counts = { requests: 0, wrong: 0, lost: 0 }
  const faults: string[] = []
  let tries = makeTries(sts)
  const startMs = performance.now()
  const endMs = startMs + minutes * 60_000

  async function work(worker: number): Promise<void> {
    for (let at = worker; performance.now() < endMs; at++) {
      const one = tries[at % tries.length] as Try
      const fault = await send(nginx.port, agent, one)
      total.requests++
      if (!fault) continue
      total[fault.kind]++
      if (faults.length < 20) faults.push(`${fault.kind}: ${one.name}, ${fault.what}, after ${elapsed()} s`)
    }
  }
  const elapsed = (): string => ((performance.now() - startMs) / 1000).toFixed(1)

  let edition = 0
  async function reload(): Promise<void> {
    write(++edition)
    for (const { child } of servers) child.kill('SIGHUP')
  }
  async function rotate(): Promise<void> {
    // Its clock stands still, and its tokens live for an hour.
    sts.clock.setTo(new Date())
    sts.rotateKeys()
    tries = makeTries(sts)
  }
  async function restartSts(): Promise<void> {
    const port = Number(new URL(sts.issuer).port)
    await sts.close()
    await setTimeout(outageSeconds * 1000)
    await sts.listen({ port })
  }
  async function drainOne(): Promise<void> {
    await servers[0]?.stop()
    servers[0] = await startDecisions(config, first)
  }
  /** By the clock of the soak: what took a second must not drift into the next rotation. */
  async function repeat(act: () => Promise<void>, everySeconds: number, firstSeconds = everySeconds): Promise<number> {
    let times = 0
    // What has begun shall also end before the load does.
    for (let at = firstSeconds; at + 3 < minutes * 60; at += everySeconds, times++) {
      await setTimeout(Math.max(0, startMs + at * 1000 - performance.now()))
      await act()
    }
    return times
  }
  async function watch(): Promise<void> {
    for (let minute = 1; minute <= minutes; minute++) {
      const before = { ...total }
      const memory = servers.map((server) => server.residentMegabytes())
      await setTimeout(Math.max(0, startMs + minute * 60_000 - performance.now()))
      const change = servers.map((server, index) =>
        [memory[index], server.residentMegabytes()].map(rounded).join(' → '),
      )
      const counts = (['requests', 'wrong', 'lost'] as const).map((name) => String(total[name] - before[name]))
      printRow([String(minute), ...counts, ...change])
    }
  }

  printRow(['minute', 'requests', 'wrong', 'lost', 'memory 1, MB', 'memory 2, MB'])
  const [, reloads, rotations, restarts, drains] = await Promise.all([
    watch(),
    repeat(reload, reloadSeconds),
    repeat(rotate, rotateSeconds),
    repeat(restartSts, restartSeconds, firstRestartSeconds),
    repeat(drainOne, Number.POSITIVE_INFINITY, minutes * 30),
    ...Array.from({ length: workers }, async (_, worker) => work(worker)),
  ])
  const failedReloads = await countFailedReloads(servers)
  printRow(['all', ...[total.requests, total.wrong, total.lost].map(String)])
  console.log(
    `${reloads} reloads (${failedReloads} failed), ${rotations} rotations, ${restarts} restarts of the STS, ${drains} drain`,
  )
  for (const fault of faults) console.log(fault)

  agent.destroy()
  await nginx.stop()
  for (const server of servers) await server.stop()
  await sts.close()
  api.close().closeAllConnections()
  return total.requests > 0 && total.wrong + total.lost + failedReloads === 0
}

/** Good and bad requests. The order mixes them: what one worker sends, the next sends, too. */
function makeTries(sts: TestIssuer): readonly Try[] {
  const refused = { status: 401 } as const
  // The STS may have put another key under this kid. While the budget for fetches is spent, nothing tells it from a good token.
  const forged = { ...refused, orUnavailable: true } as const
  return Array.from({ length: 40 }, (_, index): readonly Try[] => {
    const subject = `user-${index}`
    const orders = `/orders/${index}`
    const token = sts.token({ sub: subject, scope: 'orders:read' })
    return [
      { name: 'good', path: orders, token, status: 200, subject },
      { name: 'good, any token', path: '/account', token, status: 200, subject },
      {
        name: 'expired',
        path: orders,
        token: sts.badToken('expired', { sub: subject, scope: 'orders:read' }),
        ...refused,
      },
      { name: 'anonymous', path: `/public/${index}`, status: 200, subject: '' },
      {
        name: 'forged',
        path: orders,
        token: sts.badToken('forged-signature', { sub: subject, scope: 'orders:read' }),
        ...forged,
      },
      {
        name: 'wrong audience',
        path: orders,
        token: sts.badToken('wrong-audience', { sub: subject, scope: 'orders:read' }),
        ...refused,
      },
      { name: 'missing', path: orders, ...refused },
      { name: 'anonymous, with a token', path: `/public/${index}`, token, status: 200, subject: '' },
      { name: 'no scope', path: orders, token: sts.token({ sub: subject }), status: 403 },
      { name: 'no route', path: `/elsewhere/${index}`, token, status: 403 },
      { name: 'twisted', path: `/public/..%2forders/${index}`, token, status: 400 },
    ]
  }).flat()
}

/** An API that tells who it was told of, and whether the request should have come at all. */
async function startRecordingApi(): Promise<Server> {
  const server = createServer(({ headers }, response) => {
    response.end(JSON.stringify({ subject: headers['x-auth-subject'] ?? '' }))
  })
  // Longer than nginx keeps a connection: none ends while a request is on its way.
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

interface Fault {
  readonly kind: 'wrong' | 'lost'
  readonly what: string
}

async function send(
  port: number,
  agent: Agent,
  { path, token, status, orUnavailable, subject }: Try,
): Promise<Fault | undefined> {
  // A client that says who it is must never be believed.
  const headers = { 'X-Auth-Subject': 'spoofed', ...(token !== undefined && { Authorization: `Bearer ${token}` }) }
  try {
    const sent = httpRequest({ port, host: '127.0.0.1', path, agent, headers }).end()
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
    let body = ''
    for await (const chunk of response) body += String(chunk)
    const { statusCode } = response
    // The API says so, whatever the status.
    const reached = body.startsWith('{"subject"')
    if (reached && subject === undefined) return { kind: 'wrong', what: `reached the API in place of ${status}` }
    if (orUnavailable && body.includes('The access token cannot be checked')) return undefined
    if (statusCode >= 500) return { kind: 'lost', what: `status ${statusCode} ${body.slice(0, 120)}` }
    if (statusCode !== status) return { kind: 'wrong', what: `${statusCode} in place of ${status}` }
    if (subject === undefined) return undefined
    const told = (JSON.parse(body) as { subject: string }).subject
    return told === subject ? undefined : { kind: 'wrong', what: `the API was told of '${told}', not '${subject}'` }
  } catch (error) {
    return { kind: 'lost', what: String(error) }
  }
}

async function countFailedReloads(servers: readonly DecisionServer[]): Promise<number> {
  const texts = await Promise.all(servers.map(async ({ metrics }) => metrics()))
  return texts.reduce((sum, text) => {
    const [, failed = 0] = /claimcheck_config_reloads_total\{result="failed"\} (\d+)/.exec(text) ?? []
    return sum + Number(failed)
  }, 0)
}

function rounded(megabytes: number | undefined): string {
  return (megabytes ?? Number.NaN).toFixed(0)
}

function printRow(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(14)).join(''))
}
