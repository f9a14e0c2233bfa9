// JavaScript of the package: ES modules, one entry for each subpath and shared chunks, so that AuthError is one class whichever
// subpath it comes through. Declarations come from tsc (tsconfig.build.json).
import { defineConfig } from 'tsup'
import { subpaths } from './scripts/subpaths.ts'

export default defineConfig({
  entry: Object.fromEntries(subpaths.map(({ module }) => [module, `src/${module}.ts`])),
  format: 'esm',
  target: 'node20',
  splitting: true,
  sourcemap: true,
  clean: true,
  silent: true,
  external: ['lru-cache', 'express', 'fastify', '@casl/ability', /^@cedar-policy\/cedar-wasm/],
})
