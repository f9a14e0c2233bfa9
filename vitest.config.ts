// Tests run against src, not against dist (only test/packaging looks at what is shipped).
import { readFileSync } from 'node:fs'
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

/** Measures of the heap, soaks, compilers of a user's project, processes of their own, what is built: `npm run test:slow`. */
const slow = [
  'test/{jwks/memory,server/published-policies-memory}.test.ts',
  'test/verifier/{cache,pending}-memory.test.ts',
  'test/attacks/{tokens-in-memory,unheard-refusals}.test.ts',
  'test/testing/many-issuers.test.ts',
  'test/packaging/{layers,package,two-copies,worker-bundles}.test.ts',
  'test/rotation/long-outage.test.ts',
  'test/types/hovers.test.ts',
  'test/examples/*.test.ts',
  'test/gateway/{apache,caddy,haproxy,nginx}.test.ts',
  'test/cli/{commands,doctor,serve}.test.ts',
]

/** Minutes of real gateways: `npm run test:full`. */
const full = ['test/cli/doctor-gateways.test.ts']

/** What an engine can change: it runs on both. */
const ofEngine = [
  'test/crypto/*.test.ts',
  'test/jwks/*-keys.test.ts',
  'test/jwt/arbitrary-tokens.test.ts',
  'test/verifier/{token-cache,verifier,verifier-faults,verifier-times}.test.ts',
  'test/attacks/{algorithm-confusion,cross-issuer,forged-signatures,forgotten-await,key-injection,malleability}.test.ts',
  'test/attacks/{oversized,pending-verification,replaced-keys,replaced-promise,request-state,structured-clones}.test.ts',
  'test/attacks/{token-cache,token-kinds,token-secrecy}.test.ts',
]

export default defineConfig({
  // Transformed modules are kept for the next run, by their text, the names of plugins and more: so they change with tsconfig.json, too.
  plugins: [{ name: readFileSync(`${root}/tsconfig.json`, 'utf8') }],
  test: {
    projects: [
      {
        extends: true,
        resolve: { alias: aliases('engine-node') },
        test: { name: 'node', include: ['{test,examples}/**/*.test.ts'], exclude: [...slow, ...full] },
      },
      { extends: true, resolve: { alias: aliases('engine-node') }, test: { name: 'full', include: full } },
      {
        extends: true,
        resolve: { alias: aliases('engine-web') },
        test: { name: 'web', include: ofEngine, exclude: slow },
      },
      {
        extends: true,
        resolve: { alias: aliases('engine-node') },
        test: {
          name: 'slow',
          include: [...slow, 'test/crypto/differential.test.ts'],
          env: { DIFFERENTIAL_TOKENS: '10000' },
        },
      },
    ],
    reporters: ['default', './test/support/summary-reporter.ts'],
    // Nothing in src has an effect at load, so files may share a worker: express, fastify and jose are then loaded once a
    // worker and not once a file. What a test does to a global is undone after it.
    setupFiles: ['./test/support/real-timers.ts', './test/support/kept-rsa-keys.ts'],
    // Real servers and keys on a busy machine: five seconds, the default, were not enough for a dozen tests.
    testTimeout: 20_000,
    pool: 'threads',
    // The default leaves one core to vitest itself: on two cores, files would run one after another.
    maxWorkers: '100%',
    isolate: false,
    experimental: { fsModuleCache: true },
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
  },
})
