// The tests of a mutation run (stryker.config.json): those of `npm test`. It copies neither examples nor dist, and real gateways would take
// minutes for each mutant. `TESTS='test/presets/*.test.ts'` narrows them to those that know the mutated files.
import config from './vitest.config.ts'

interface Project {
  readonly test: { readonly name: string; readonly include: readonly string[] }
}

const quick = ['node', 'web']
const { TESTS } = process.env
const all = config.test?.projects as readonly Project[]
const projects = TESTS
  ? all.filter(({ test }) => test.name === 'node').map((one) => ({ ...one, test: { ...one.test, include: [TESTS] } }))
  : all.filter(({ test }) => quick.includes(test.name))

export default { ...config, test: { ...config.test, projects } }
