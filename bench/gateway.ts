// npm run bench:gateway: what a decision costs through a real nginx with the printed recipe; `--soak` tries whether one is ever wrong.
//   --seconds=20  of each load   --runs=5   how many runs   --soak   instead: mixed load with reloads, rotations and restarts
//   --minutes=10  of the soak
// Needs nginx; the load needs wrk, too (apt-get install nginx-light wrk). A soak with a wrong decision or a lost request ends with 1.
import { parseArgs } from 'node:util'
import { isInstalled } from '../test/support/gateways.ts'
import { hasWrk, measureLoad } from './src/gateway/load.ts'
import { soak } from './src/gateway/soak.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    runs: { type: 'string', default: '5' },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
  },
})
const { seconds, runs, minutes } = Object.fromEntries(
  (['seconds', 'runs', 'minutes'] as const).map((name) => [name, readCount(name, values[name])]),
) as Record<'seconds' | 'runs' | 'minutes', number>

if (!isInstalled('nginx')) throw new Error('nginx is missing: apt-get install nginx-light')
if (values.soak) {
  if (!(await soak(minutes))) process.exitCode = 1
} else {
  if (!hasWrk()) throw new Error('wrk is missing: apt-get install wrk')
  await measureLoad({ seconds, runs })
}

function readCount(name: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new TypeError(`--${name} must be a number from 1 on, not '${text}'`)
}
