// The tests of a mutation run (stryker.config.json): those of `npm test`. It copies neither examples nor dist, and real gateways would take
// minutes for each mutant.
import config from './vitest.config.ts'

const quick = ['node', 'web']
const projects = config.test?.projects as readonly { readonly test: { readonly name: string } }[]

export default {
  ...config,
  test: { ...config.test, projects: projects.filter(({ test }) => quick.includes(test.name)) },
}
