// One workload in one process: node measure.js <workload> <folder of the fixture> <address of the JWK Set>. Prints its figures as JSON.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type BenchAlgorithm, readFixture } from './fixture.ts'
import type { Figure } from './harness.ts'
import type { Setting } from './candidates.ts'
import { bursts } from './workloads/bursts.ts'
import { coldStart } from './workloads/cold-start.ts'
import { fresh, freshCached } from './workloads/fresh.ts'
import { growth } from './workloads/growth.ts'
import { known } from './workloads/known.ts'
import { memory } from './workloads/memory.ts'
import { refusals } from './workloads/refusals.ts'

type Workload = (setting: Setting, folder: string) => Promise<Figure[]>

const workloads: Readonly<Record<string, readonly [run: Workload, algorithm: BenchAlgorithm]>> = {
  known: [known, 'RS256'],
  'new-RS256': [fresh, 'RS256'],
  'new-ES256': [fresh, 'ES256'],
  'new-cached': [freshCached, 'RS256'],
  'burst-RS256': [bursts, 'RS256'],
  'burst-ES256': [bursts, 'ES256'],
  refusals: [refusals, 'RS256'],
  memory: [memory, 'RS256'],
  'cold-start': [coldStart, 'RS256'],
  growth: [growth, 'ES256'],
}

checkEngine()
const [name = '', folder = '', keysUrl = ''] = process.argv.slice(2)
const [run, algorithm] = workloads[name] ?? []
if (!run || !algorithm) throw new Error(`There is no workload ${name}; there are ${Object.keys(workloads).join(', ')}.`)
const figures = await run({ fixture: readFixture(folder), algorithm, keysUrl }, folder)
console.log(JSON.stringify(figures))
// Some peers keep timers and sockets.
process.exit(0)

/** Fails unless the package, as it stands in dist, takes Node's own cryptography. */
function checkEngine(): void {
  const engine = createRequire(fileURLToPath(import.meta.resolve('claimcheck'))).resolve('#engine')
  if (!/\/dist\/crypto\/engine-node\.c?js$/.test(engine))
    throw new Error(`claimcheck would be measured with ${engine}.`)
}
