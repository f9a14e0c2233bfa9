// The rows of the install table: where people are, with the versions that they have.
import { commonJs, esModule, loadsBothWays, nextExample, printsVerified, startsNext, typeScript } from './programs.ts'

export interface Row {
  readonly kind: 'TypeScript' | 'tests' | 'bundle' | 'Node'
  readonly name: string
  /** A folder of `installs`. */
  readonly install: keyof typeof installs
  readonly files: Readonly<Record<string, string>>
  /** The commands that Node runs, one after the other. The last prints `verified`, unless it compiles. */
  readonly commands: readonly (readonly string[])[]
  /** Another Node than the one that runs the table. */
  readonly node?: string
}

const nodes = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3' }
const compilers = { '5.0': '5.0.4', '5.4': '5.4.5', '5.9': '5.9.3', '6.0': '6.0.3', '7.0': '7.0.2' }

/** Peers without which their subpaths do not load, and Hono, whose guard every program runs. */
const hono = 'hono@4.13.19'
const nest = ['@nestjs/common@11.2.10', 'reflect-metadata@0.2.2', 'rxjs@7.8.2']
const peers = [...nest, '@trpc/server@11.25.2', '@modelcontextprotocol/sdk@1.32.2', 'zod@4.6.7']

/** What is installed beside the tarball, by folder. */
export const installs = {
  typescript: [
    ...Object.entries(compilers).map(([name, version]) => `typescript-${name}@npm:typescript@${version}`),
    ...['@types/node@20.19.43', '@types/express@5.0.6', 'express@5.3.0', 'fastify@5.12.8'],
    ...[
      '@casl/ability@7.0.1',
      '@cedar-policy/cedar-wasm@4.13.0',
      '@grpc/grpc-js@1.14.7',
      '@types/koa@3.0.3',
      'koa@3.3.0',
    ],
    ...[hono, ...peers],
  ],
  'jest-29': ['jest@29.6.3', hono],
  'jest-30': ['jest@30.5.2', hono],
  'ts-jest': [
    'jest@29.6.3',
    'ts-jest@29.4.15',
    'typescript@5.9.3',
    '@types/jest@29.5.14',
    '@types/express@5.0.6',
    hono,
  ],
  runners: ['vitest@4.1.12', 'mocha@11.7.5', hono],
  bundlers: ['esbuild@0.27.7', 'webpack@5.113.0', 'rollup@4.67.4', '@rollup/plugin-node-resolve@16.0.3', hono],
  next: [
    ...['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1', hono],
    ...['typescript@5.9.3', '@types/node@20.19.43', '@types/react@19.3.3'],
  ],
  here: peers,
  nodes: [
    ...Object.entries(nodes).map(
      ([major, version]) => `node-${major}@npm:node-${process.platform}-${process.arch}@${version}`,
    ),
    ...peers,
  ],
} satisfies Readonly<Record<string, readonly string[]>>

const resolutions = {
  node10: { module: 'commonjs', files: ['ts'] },
  node16: { module: 'node16', files: ['mts', 'cts'] },
  nodenext: { module: 'nodenext', files: ['mts', 'cts'] },
  bundler: { module: 'esnext', files: ['ts'] },
}

function typeScriptRow(version: string, moduleResolution: keyof typeof resolutions): Row {
  const { module, files } = resolutions[moduleResolution]
  // @casl/ability has no types for node10, so its policies have none either.
  const code =
    moduleResolution === 'node10'
      ? typeScript.replaceAll(/^.*policy\/casl'$|typeof policyCaslTypes, /gm, '')
      : typeScript
  const name = `${version}-${moduleResolution}`
  const config = {
    compilerOptions: {
      ...{ strict: true, declaration: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
      ...{ target: 'es2022', module, moduleResolution, types: ['node'], esModuleInterop: true },
      ...(version === '6.0' && moduleResolution === 'node10' && { ignoreDeprecations: '6.0' }),
    },
    files: files.map((extension) => `main-${name}.${extension}`),
  }
  return {
    kind: 'TypeScript',
    name: `TypeScript ${version}, ${moduleResolution}`,
    install: 'typescript',
    files: {
      [`tsconfig-${name}.json`]: JSON.stringify(config),
      ...Object.fromEntries(config.files.map((file) => [file, code])),
    },
    commands: [[`node_modules/typescript-${version}/bin/tsc`, '-p', `tsconfig-${name}.json`, '--pretty', 'false']],
  }
}

const jest = ['node_modules/jest/bin/jest.js', '--ci']
const testsIt = `test('verifies', async () => console.log(await verifies()))`
const typedTest = `
import { createResourceServer } from 'claimcheck'
import { createGuard } from 'claimcheck/hono'
import { createTestIssuer, oidcLike } from 'claimcheck/testing'
import { withAuth } from 'claimcheck/web'
import { Hono } from 'hono'
test('verifies', async () => {
  const { issuer, audience, fetch, clock, token, badToken } = createTestIssuer(oidcLike())
  const api = createResourceServer({ issuer, audience, fetch, clock })
  const auth = await api.verifyToken(token())
  const route = withAuth(api, (_request, { issuer }) => new Response(issuer))
  const app = new Hono().get('/', createGuard(api)(), (c) => c.text(c.get('auth').issuer))
  const ask = async (answer: (request: Request) => Response | Promise<Response>, sent: string) =>
    (await answer(new Request('http://localhost/', { headers: { Authorization: 'Bearer ' + sent } }))).text()
  for (const answer of [route, (request: Request) => app.fetch(request)]) {
    expect(await ask(answer, token())).toBe(issuer)
    expect(await ask(answer, badToken('expired'))).toContain('invalid_token')
  }
  if (auth.issuer === issuer) console.log('verified')
})
`

function jestRow(version: '29' | '30'): Row {
  const files = { 'verifies.test.js': commonJs(testsIt) }
  return { kind: 'tests', name: `jest ${version}`, install: `jest-${version}`, files, commands: [jest] }
}

function testRow(name: string, files: Row['files'], ...command: readonly string[]): Row {
  return { kind: 'tests', name, install: name === 'ts-jest' ? 'ts-jest' : 'runners', files, commands: [command] }
}

function bundleRow(name: string, files: Row['files'], ...commands: readonly (readonly string[])[]): Row {
  return { kind: 'bundle', name, install: 'bundlers', files, commands }
}

function esbuildRow(format: 'esm' | 'cjs'): Row {
  const source = `esbuild-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`
  const code = format === 'esm' ? esModule(printsVerified) : commonJs(printsVerified)
  const build = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=out/${source}`]
  return bundleRow(
    `esbuild, ${format}`,
    { [source]: code },
    ['node_modules/esbuild/bin/esbuild', source, ...build],
    [`out/${source}`],
  )
}

const webpackBuild = `
const webpack = require('webpack')
const output = { path: __dirname + '/out', filename: 'webpack.cjs' }
webpack({ mode: 'production', target: 'node', entry: './webpack.mjs', output }, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString())
})
`

/** Next runs a static route while it builds. */
const nextRoute = esModule(`
export const dynamic = 'force-static'
export async function GET() {
  console.log(await verifies())
  return new Response('verified')
}
`)

const loadBothWays = [['load.mjs'], ['--no-experimental-require-module', 'load.mjs']]

function nodeRow(major: string): Row {
  const node = `node_modules/node-${major}/bin/node`
  const files = { 'load.mjs': loadsBothWays }
  return {
    kind: 'Node',
    name: `require and import, Node ${major}`,
    install: 'nodes',
    files,
    commands: loadBothWays,
    node,
  }
}

/** One of each kind, for a quick look. */
export const fewRows: readonly Row[] = [
  typeScriptRow('5.0', 'node10'),
  jestRow('29'),
  esbuildRow('cjs'),
  {
    kind: 'Node',
    name: 'require and import, this Node',
    install: 'here',
    files: { 'load.mjs': loadsBothWays },
    commands: loadBothWays,
  },
]

export const allRows: readonly Row[] = [
  ...Object.keys(compilers).flatMap((version) =>
    (Object.keys(resolutions) as (keyof typeof resolutions)[])
      .filter((one) => one !== 'node10' || version !== '7.0') // which no longer has it
      .map((one) => typeScriptRow(version, one)),
  ),
  jestRow('29'),
  jestRow('30'),
  testRow(
    'ts-jest',
    {
      'verifies.test.ts': typedTest,
      'jest.config.js': `module.exports = { preset: 'ts-jest' }`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { strict: true, esModuleInterop: true, target: 'es2022', module: 'commonjs' },
      }),
    },
    ...jest,
  ),
  testRow(
    'vitest',
    { 'vitest/verifies.test.mjs': esModule(`import { test } from 'vitest'\n${testsIt}`) },
    ...['node_modules/vitest/vitest.mjs', 'run', 'vitest/'],
  ),
  testRow(
    'node:test',
    { 'node.test.mjs': esModule(`import { test } from 'node:test'\n${testsIt}`) },
    '--test',
    'node.test.mjs',
  ),
  testRow(
    'mocha',
    { 'mocha.cjs': commonJs(testsIt.replace('test(', 'it(')), 'mocha.mjs': esModule(testsIt.replace('test(', 'it(')) },
    ...['node_modules/mocha/bin/mocha.js', 'mocha.cjs', 'mocha.mjs'],
  ),
  esbuildRow('esm'),
  esbuildRow('cjs'),
  bundleRow(
    'webpack',
    { 'webpack.mjs': esModule(printsVerified), 'webpack-build.cjs': webpackBuild },
    ['webpack-build.cjs'],
    ['out/webpack.cjs'],
  ),
  bundleRow(
    'rollup',
    { 'rollup.mjs': esModule(printsVerified) },
    ['node_modules/rollup/dist/bin/rollup', 'rollup.mjs', '-p', 'node-resolve', '-o', 'out/rollup.mjs'],
    ['out/rollup.mjs'],
  ),
  {
    kind: 'bundle',
    name: 'Next build and start',
    install: 'next',
    files: {
      'app/verified/route.js': nextRoute,
      'app/orders/route.ts': nextExample,
      'start.mjs': startsNext,
      'next.config.mjs': `export default { turbopack: { root: import.meta.dirname } }`,
    },
    commands: [['start.mjs']],
  },
  ...Object.keys(nodes).map(nodeRow),
]
