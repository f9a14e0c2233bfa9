// npm run bench:compare -- <folder>: this build beside that of another commit, which was built in <folder>. Both run in one process,
// batch by batch in turn; the ratio of each process counts, and of the processes the median. Says less than 1 where this build is quicker.
//   --runs=9   how many processes for each Node version     --no-install   takes the packages that are there
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { quantile } from './src/harness.ts'
import { bench, fixtureFolder, nodes, prepare, reports } from './src/prepare.ts'
import { nodeVersions } from './src/results.ts'
import type { NodeVersion } from './src/rows.ts'

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, 'no-install': { type: 'boolean' } },
  allowPositionals: true,
})
const [before] = positionals
if (before === undefined) throw new Error('Name the folder in which the other commit was built.')
const dists = [resolve(before, 'dist'), resolve(bench, '../dist')]

await prepare({ install: values['no-install'] !== true, manyTokens: 6000 })
for (const node of nodeVersions) {
  const ratios = new Map<string, number[]>()
  for (let run = 0; run < Number(values.runs); run++) await measure(node, run % 2 === 1, ratios)
  console.log(`Node ${node}`)
  for (const [kind, each] of ratios) {
    const [low, middle, high] = [0, 0.5, 1].map((at) => quantile(each, at).toFixed(3))
    console.log(`  ${kind.padEnd(12)}${middle}   (${low} to ${high})`)
  }
}

async function measure(node: NodeVersion, reversed: boolean, ratios: Map<string, number[]>): Promise<void> {
  const order = reversed ? dists.toReversed() : dists
  const { stdout } = await promisify(execFile)(nodes[node], [`${reports}/js/compare-child.js`, fixtureFolder, ...order])
  for (const [kind, [first = 0, second = 0]] of Object.entries(JSON.parse(stdout) as Record<string, number[]>)) {
    const ratio = reversed ? first / second : second / first
    ratios.set(kind, [...(ratios.get(kind) ?? []), ratio])
  }
}
