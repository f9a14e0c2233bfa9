// Holds the house together (CONTRIBUTING.md has the layers): each import goes to a lower layer or stays in its folder, no imports go in a
// circle, and a foreign package is known to a few folders only. Imports of types count: a reader depends on them.
import { readFileSync } from 'node:fs'

/** Lowest first. Folders of one layer may not import each other. */
const layers = [
  ['internal'],
  ['errors'],
  ['http', 'crypto'],
  ['jwt', 'principal'],
  ['jwks', 'policy'],
  ['issuer'],
  ['presets'],
  ['verifier'],
  ['server'],
  ['adapters', 'gateway', 'testing'],
  ['cli'],
]
const folders = layers.flat()

const { peerDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** Peers whose users make nothing of their own: a subpath loads them, as their errors and decorators are classes and functions. */
const loadedPeers = ['@grpc/grpc-js', '@modelcontextprotocol/sdk', '@nestjs/common', '@trpc/server']

/** Which folders may import a package, and whether only its types. Other peers are loaded by the application alone. */
const packages = [
  { name: 'jose', folders: [] },
  { name: 'lru-cache', folders: ['jwt', 'jwks', 'issuer', 'verifier', 'gateway'] },
  ...Object.keys(peerDependencies).map((name) => ({
    name,
    folders: ['adapters', 'gateway', 'policy'],
    onlyTypes: !loadedPeers.includes(name),
  })),
]
/** The folders that may use modules of Node, and not their types alone. */
const nodeFolders = ['crypto', 'jwks', 'adapters', 'gateway', 'testing', 'cli']

const inFolders = (names) => names.map((name) => `^src/${name}/`)
const roof = ['^src/index\\.ts$', '^src/[^/]+/index\\.ts$']
const packagePaths = (name) => [`node_modules/${name}/`, `node_modules/@types/${name}/`]
const npm = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'unknown']

export default {
  forbidden: [
    ...layers.flatMap((houses, level) =>
      houses.map((house) => ({
        name: `${house}-imports-downwards`,
        from: { path: inFolders([house]), pathNot: roof },
        to: { path: '^src/', pathNot: inFolders([house, ...layers.slice(0, level).flat()]) },
      })),
    ),
    {
      name: 'every-folder-has-a-layer',
      from: { path: '^src/', pathNot: [...inFolders(folders), ...roof] },
      to: {},
    },
    {
      name: 'index-is-the-roof',
      comment: 'index.ts exports again what is below it. No file below imports it; the command stands above.',
      from: { path: '^src/', pathNot: [...roof, '^src/cli/'] },
      to: { path: roof },
    },
    { name: 'no-circle', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'known-packages',
      from: { path: '^src/' },
      to: { dependencyTypes: npm, pathNot: packages.map(({ name }) => `node_modules/(@types/)?${name}/`) },
    },
    ...packages.flatMap(({ name, folders: allowed, onlyTypes }) => [
      {
        name: `${name}-in-its-folders`,
        from: { path: '^src/', ...(allowed.length > 0 && { pathNot: inFolders(allowed) }) },
        to: { path: packagePaths(name) },
      },
      ...(onlyTypes
        ? [
            {
              name: `${name}-as-type`,
              from: { path: '^src/' },
              to: { path: packagePaths(name), dependencyTypesNot: ['type-only'] },
            },
          ]
        : []),
    ]),
    {
      name: 'node-in-its-folders',
      from: { path: '^src/', pathNot: inFolders(nodeFolders) },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
    },
  ].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
}
