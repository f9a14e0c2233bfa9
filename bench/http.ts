// npm run bench:http: a route of each framework with known tokens, against the same route unprotected. The server has one core
// and the load another, where the system can pin them. Writes its part of RESULTS.md.
//   --runs=3   how many runs     --no-install   takes the peers that are there
//   --before=<folder>   measures the build of another commit beside this one, on Express and Fastify alone; then nothing is written
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { quantile } from './src/harness.ts'
import { startLoad, startServer } from './src/http-processes.ts'
import { serveKeys } from './src/key-server.ts'
import { reportMissed } from './src/missed.ts'
import { bench, nodes, prepare, readJwks, reports, surroundings } from './src/prepare.ts'
import { detailTable, mainTable, nodeVersions, type Report, writePart } from './src/results.ts'
import { httpRows, type NodeVersion } from './src/rows.ts'
import { compare, measureServers } from './src/http-rounds.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    'no-install': { type: 'boolean' },
    before: { type: 'string' },
  },
})
const everyFramework = {
  fastify: ['unprotected', 'claimcheck', '@fastify/jwt, static key, its cache'],
  express: ['unprotected', 'claimcheck', 'express-oauth2-jwt-bearer', 'express-jwt, jwks-rsa'],
  hono: ['unprotected', 'an empty middleware', 'claimcheck', 'hono/jwk, local keys'],
  koa: ['unprotected', 'an empty middleware', 'claimcheck', 'koa-jwt, static key'],
}
const againstBefore = { fastify: ['before', 'claimcheck'], express: ['before', 'claimcheck'] }
const frameworks = values.before ? againstBefore : everyFramework
if (values.before) process.env['BEFORE'] = resolve(values.before)
const measured: Report[] = []
const busy: number[] = []

await prepare({ install: values['no-install'] !== true, manyTokens: 1 })
const { keysUrl, close } = await serveKeys(readJwks())
for (let run = 1; run <= Number(values.runs); run++) {
  for (const node of run % 2 ? nodeVersions : nodeVersions.toReversed()) await measureAll(run, node)
}
close()
writeFileSync(`${reports}/http.json`, JSON.stringify(measured, null, 1))
const note = `While the unprotected route was measured its server had ${(100 * quantile(busy, 0.5)).toFixed(0)} % of a core: of less than 95 % the
throughput says too little, and only the ratio of requests for each second of the server’s CPU counts (the rows “by CPU”).`
if (values.before) {
  for (const row of httpRows.filter(({ id }) => id in frameworks))
    console.log(
      `${detailTable(measured, row)}\n\nby CPU\n\n${detailTable(measured, { ...row, id: `${row.id}-cpu` })}\n`,
    )
} else {
  writePart(`${bench}/RESULTS.md`, 'frameworks', describe())
  console.log(`\n${mainTable(measured, httpRows)}\n\n${note}`)
  reportMissed(measured, httpRows)
}

async function measureAll(run: number, node: NodeVersion): Promise<void> {
  const load = startLoad(nodes[node])
  for (const [framework, kinds] of Object.entries(frameworks)) {
    const servers = []
    for (const kind of kinds) servers.push(await startServer(nodes[node], { kind: `${framework} ${kind}`, keysUrl }))
    const rounds = await measureServers(servers, load)
    busy.push(...(rounds[0] ?? []).map(({ busy: share }) => share))
    measured.push({ node, run, figures: compare(framework, kinds, rounds) })
    for (const { stop } of servers) stop()
    console.log(`run ${run}, Node ${node}, ${framework}`)
  }
  load.stop()
}

function describe(): string {
  const details = httpRows.flatMap((row) => [
    `### ${row.measure}\n\n${detailTable(measured, row)}`,
    `### … by CPU\n\n${detailTable(measured, { ...row, id: `${row.id}-cpu` })}`,
  ])
  return `## Frameworks

${surroundings()} ${values.runs} runs; medians, in brackets the quartiles.

${mainTable(measured, httpRows)}

${note}

${details.join('\n\n')}`
}
