// Tests run against src, not against dist (only test/packaging looks at what is shipped).
import { defineConfig } from 'vitest/config'
import { root, subpaths } from './scripts/subpaths.ts'

export default defineConfig({
  resolve: {
    alias: subpaths.map(({ specifier, module }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: `${root}/src/${module}.ts`,
    })),
  },
  test: {
    include: ['{test,examples}/**/*.test.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    // Nothing in src has an effect at load, so files may share a worker: express, fastify and jose are then loaded once a
    // worker and not once a file. What a test does to a global is undone after it.
    pool: 'threads',
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
  },
})
