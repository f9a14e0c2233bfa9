// JavaScript of the package: ES modules, one entry for each subpath and shared chunks, so that AuthError is one class whichever
// subpath it comes through. Declarations come from tsc (tsconfig.build.json).
import { defineConfig } from 'tsup'
import { subpaths } from './scripts/subpaths.ts'

const modules = subpaths.map(({ module }) => module)
// Which of them serves is chosen at run time, by `imports` of package.json.
const engines = ['token/engine-node', 'token/engine-web']

export default defineConfig({
  entry: Object.fromEntries([...modules, ...engines].map((module) => [module, `src/${module}.ts`])),
  format: 'esm',
  target: 'node20',
  splitting: true,
  sourcemap: true,
  clean: true,
  silent: true,
  external: ['#engine', 'lru-cache', 'express', 'fastify', '@casl/ability', /^@cedar-policy\/cedar-wasm/],
})
