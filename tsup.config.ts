// JavaScript of the package: ES modules, one entry for each subpath and shared chunks, so that AuthError is one class whichever
// subpath it comes through. Declarations come from tsc (tsconfig.build.json), CommonJS from scripts/write-commonjs.ts.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'
import { defineConfig, type Options } from 'tsup'
import { root, subpaths } from './scripts/subpaths.ts'

const modules = subpaths.map(({ module }) => module)
// Of the same chunks as the subpaths: a gateway that a user's module makes must be one that the command knows.
const command = 'cli/main'
// Which of them serves is chosen at run time, by `imports` of package.json.
const engines = ['crypto/engine-node', 'crypto/engine-web']

const { peerDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { peerDependencies: object }
const peers = Object.keys(peerDependencies)

const common: Options = {
  format: 'esm',
  target: 'node20',
  silent: true,
  removeNodeProtocol: false,
  // A smaller package, and a quicker import. Only names inside of functions get shorter: a policy's function names the policy.
  minifySyntax: true,
  minify: 'terser',
  terserOptions: { compress: false, mangle: { keep_fnames: true, keep_classnames: true } },
  external: ['#engine', 'lru-cache', ...peers.map((name) => new RegExp(`^${name}(/|$)`))],
}

const index = `${root}/src/index.ts`

/**
 * Lets every other subpath reach all that `claimcheck` is made of, so that it comes as one chunk and not as one for each set of
 * subpaths that share a file: a file more takes longer to import than what is in it.
 */
const oneCore: Plugin = {
  name: 'one-core',
  setup(build) {
    const others = [...modules, command].map((module) => `${root}/src/${module}.ts`).filter((path) => path !== index)
    build.onResolve({ filter: /^claimcheck:core$/ }, () => ({ path: index, sideEffects: true }))
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!others.includes(path)) return undefined
      return { contents: `${await readFile(path, 'utf8')}\nimport 'claimcheck:core'\n`, loader: 'ts' }
    })
  },
}

export default defineConfig([
  { ...common, entry: entries([...modules, command]), splitting: true, esbuildPlugins: [oneCore] },
  { ...common, entry: entries(engines), splitting: false },
])

function entries(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]))
}
