// Unused files, exports and dependencies (npm run check:unused). What the package exports is in use: the one list of subpaths says so.
import type { KnipConfig } from 'knip'
import { subpaths } from './scripts/subpaths.ts'

export default {
  entry: [
    ...subpaths.map(({ module }) => `src/${module}.ts`),
    'src/cli/main.ts',
    'src/crypto/engine-{node,web}.ts',
    'test/**/*.test-d.ts',
    'examples/*/{main,worker}.ts',
    'examples/next-route/app/**/route.ts',
    'test/support/{export-keys,forget-await,remember-tokens}.ts',
    'scripts/*.ts',
    'test/runtimes/{serve,worker}.ts',
    'bench/*.ts',
  ],
  project: ['{src,test,examples,scripts}/**/*.ts', 'bench/*.ts'],
  // The site has packages of its own; npm run docs:check type-checks it.
  ignore: ['site/**'],
  ignoreBinaries: ['nginx'],
  // The module of a Worker that its platform brings (cloudflare:workers), and what tsup loads by its name.
  ignoreDependencies: ['cloudflare', 'terser'],
  ignoreExportsUsedInFile: { interface: true, type: true },
} satisfies KnipConfig
