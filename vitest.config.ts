// Tests run against src, not against dist (only test/packaging looks at what is shipped).
import { defineConfig } from 'vitest/config'
import { root, subpaths } from './scripts/subpaths.ts'

/** The package by its names, with one of its engines. */
function aliases(engine: string): { find: RegExp; replacement: string }[] {
  return [
    ...subpaths.map(({ specifier, module }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: `${root}/src/${module}.ts`,
    })),
    { find: /^#engine$/, replacement: `${root}/src/crypto/${engine}.ts` },
  ]
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        resolve: { alias: aliases('engine-node') },
        test: { name: 'node', include: ['{test,examples}/**/*.test.ts'] },
      },
      {
        extends: true,
        resolve: { alias: aliases('engine-web') },
        test: {
          name: 'web',
          include: ['test/{jwt,crypto,verifier,attacks}/**/*.test.ts', 'test/jwks/*-keys.test.ts'],
        },
      },
    ],
    reporters: ['default', './test/support/summary-reporter.ts'],
    // Nothing in src has an effect at load, so files may share a worker: express, fastify and jose are then loaded once a
    // worker and not once a file. What a test does to a global is undone after it.
    setupFiles: ['./test/support/real-timers.ts'],
    pool: 'threads',
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
  },
})
