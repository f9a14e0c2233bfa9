// `npm start`: an STS, an API and a client in one process, and a table of what the API answered. The exit code is 1
// when an answer is not the expected one. `npm start -- --serve` keeps STS and API running for you to try.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type ApiOptions, createApi } from './api.ts'
import { clientCredentialsToken, loginToken } from './client.ts'
import { listenOnLoopback } from './loopback.ts'
import { clientSecret, startSts, type Sts } from './sts.ts'
import { formatTable } from './table.ts'
import { type Row, walk } from './walk.ts'

const audience = 'https://api.example.com'
const hourMs = 3_600_000

/** What to close in the end, also when only half of it has started. */
const running: { close(): Promise<void> }[] = []

try {
  const { serve, port } = readArguments()
  await (serve ? serveUntilStopped(port) : walkThrough(port))
} catch (error) {
  fail(explain(error))
} finally {
  for (const server of running) await server.close()
}

async function walkThrough(port: number): Promise<void> {
  const sts = await startIssuer(300)
  const api = await startApi({ issuer: sts.issuer, audience }, port)
  const clock = { nowMs: () => Date.now() + hourMs }
  const apiAnHourAhead = await startApi({ issuer: sts.issuer, audience, clock }, 0)

  const rows = await walk({ sts, api, apiAnHourAhead })
  const cells = rows.map((row) => [row.request, row.who, String(row.status), row.challenge])
  console.log(formatTable([['REQUEST', 'WHO WAS RECOGNISED', 'STATUS', 'CHALLENGE'], ...cells]))
  const surprises = rows.filter(isSurprise)
  for (const { request, who, status, expected } of surprises) {
    fail(`${request}: expected ${expected.status} and ${expected.who}, got ${status} and ${who}`)
  }
  if (surprises.length === 0) console.log(`\nAll ${rows.length} as expected.`)
}

async function serveUntilStopped(port: number): Promise<void> {
  const sts = await startIssuer(hourMs / 1000)
  const api = await startApi({ issuer: sts.issuer, audience }, port)
  const user = await loginToken(sts, { login: 'bob', scope: 'orders:read' })
  const application = await clientCredentialsToken(sts, { scope: 'orders:read' })

  console.log(`The API ${api} accepts tokens of the STS ${sts.issuer} for one hour. Stop with Ctrl-C. Try:

curl -i ${api}/me

USER=${user}
curl -i -H "Authorization: Bearer $USER" ${api}/reports

APP=${application}
curl -i -H "Authorization: Bearer $APP" ${api}/orders
curl -i -H "Authorization: Bearer $APP" ${api}/reports

# Another token for the application, here without a scope:
curl -s ${sts.issuer}/token -d grant_type=client_credentials -d client_id=m2m-ES256 -d client_secret=${clientSecret}`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}

async function startIssuer(tokenLifetimeSeconds: number): Promise<Sts> {
  const sts = await startSts({ audience, tokenLifetimeSeconds, userRoles: { bob: ['manager'] } })
  running.push(sts)
  return sts
}

async function startApi(options: ApiOptions, port: number): Promise<string> {
  const api = await listenOnLoopback(createApi(options), port)
  running.push(api)
  return api.url
}

function readArguments(): { serve: boolean; port: number } {
  const options = { serve: { type: 'boolean', default: false }, port: { type: 'string', default: '0' } } as const
  const { serve, port } = parseArgs({ options }).values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error(`--port ${port} is not a port`)
  return { serve, port: Number(port) }
}

function isSurprise({ who, status, expected }: Row): boolean {
  return status !== expected.status || who !== expected.who
}

/** One line for a person; `fetch` hides what really happened in `cause`. */
function explain(error: unknown): string {
  const { message, code, port, cause } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is in use: choose another with --port, or leave it out`
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}

function fail(line: string): void {
  console.error(`quickstart: ${line}`)
  process.exitCode = 1
}
