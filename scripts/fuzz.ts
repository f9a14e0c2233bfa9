// `npm run fuzz -- --minutes 10`: tries the properties of test/fuzz with new inputs until the time is over. A case that fails ends it, and
// is written to test/fuzz/failed.json: from then on `npm test` tries it, too.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { properties } from '../test/fuzz/properties.ts'
import { root } from './subpaths.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } })
const minutes = Number(values.minutes)
if (!(minutes > 0))
  throw new TypeError(`--minutes must be a number above 0, not '${values.minutes}': write --minutes 10.`)
const end = Date.now() + minutes * 60_000
const file = `${root}/test/fuzz/failed.json`
const tried: Record<string, number> = {}

while (Date.now() < end) {
  for (const [name, property] of Object.entries(properties)) {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const details = await fc.check(property as fc.IAsyncProperty<unknown>, { numRuns: 1000, seed })
    tried[name] = (tried[name] ?? 0) + details.numRuns
    if (!details.failed) continue
    const failed = JSON.parse(readFileSync(file, 'utf8')) as unknown[]
    failed.push({ property: name, seed, path: details.counterexamplePath })
    writeFileSync(file, `${JSON.stringify(failed, null, 2)}\n`)
    console.error(`${name} does not hold for ${fc.stringify(details.counterexample)}: ${String(details.errorInstance)}`)
    process.exit(1)
  }
}
console.log(
  `Every property held: ${Object.entries(tried)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')}.`,
)
