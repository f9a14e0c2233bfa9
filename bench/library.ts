// npm run bench: the library beside its peers on both Node versions, in interleaved runs. Writes its part of RESULTS.md, and chart.svg.
//   --runs=1          how many runs; RESULTS.md says how many
//   --only=known,…    only these workloads; then nothing is written
//   --no-install      takes the peers that are there
// With BENCH_QUICK=1 in the environment there are five rounds only, to see whether something runs.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs, promisify } from 'node:util'
import { chart } from './src/chart.ts'
import type { Figure } from './src/harness.ts'
import { serveKeys } from './src/key-server.ts'
import { doesNotCheck } from './src/peers.ts'
import { bench, fixtureFolder, nodes, prepare, readJwks, reports, surroundings } from './src/prepare.ts'
import { cells, details, mainTable, nodeVersions, type Report, writePart } from './src/results.ts'
import { libraryRows } from './src/rows.ts'
import { reportMissed } from './src/missed.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1' }, only: { type: 'string' }, 'no-install': { type: 'boolean' } },
})
const all = [...new Set(libraryRows.map(({ workload }) => workload))]
const workloads = values.only?.split(',') ?? all
const measured: Report[] = []

await prepare({ install: values['no-install'] !== true, manyTokens: workloads.includes('growth') ? 100_000 : 10_000 })
const { keysUrl, close } = await serveKeys(readJwks())
for (let run = 1; run <= Number(values.runs); run++) {
  // Memory is counted and not timed: one run gives what the next one does.
  for (const workload of workloads.filter((name) => run === 1 || name !== 'memory')) {
    for (const node of run % 2 ? nodeVersions : nodeVersions.toReversed()) {
      const start = performance.now()
      measured.push({ node, run, figures: await measure(workload, nodes[node]) })
      console.log(`run ${run}, Node ${node}, ${workload}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
    }
  }
}
close()
mkdirSync(reports, { recursive: true })
writeFileSync(`${reports}/library.json`, JSON.stringify(measured, null, 1))
const rows = libraryRows.filter(({ workload }) => workloads.includes(workload))
console.log(`\n${mainTable(measured, rows)}`)
if (values.only) for (const row of rows) console.log(`\n${details(measured, row)}`)
if (!values.only) {
  writePart(`${bench}/RESULTS.md`, 'library', describe())
  writeFileSync(`${bench}/chart.svg`, chart(measured))
}
reportMissed(measured, rows)

async function measure(workload: string, node: string): Promise<Figure[]> {
  // The young generation holds all that the memory measure allocates between two readings.
  const flags = workload === 'memory' ? ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'] : []
  const args = [...flags, `${reports}/js/measure.js`, workload, fixtureFolder, keysUrl]
  const { stdout } = await promisify(execFile)(node, args, { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout) as Figure[]
}

function describe(): string {
  const peers = Object.entries(doesNotCheck).map(([name, what]) => cells([name, what]))
  return `## The library

${surroundings()} ${values.runs} runs; medians, in brackets the quartiles.

${mainTable(measured, rows)}

## What each peer does not check

| | |
|---|---|
${peers.join('\n')}

## Every candidate

${rows.map((row) => details(measured, row)).join('\n\n')}`
}
