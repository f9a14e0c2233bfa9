// The size budget: what an application ships when it imports claimcheck, bundled, minified, gzipped. lru-cache stays outside,
// since an application that serves anything mostly has it already; the last row shows what it would add. No budget, no limit.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root, subpaths } from './subpaths.ts'

const all = `export * from 'claimcheck'`
const core = await size(all)
// 14 kB were meant for `.`; the complete key cache took 0.8 more, and vetoes, step-up and resource metadata 3.8.
const rows = [
  { what: 'claimcheck', bytes: core, budget: 19_000 },
  {
    what: '+ claimcheck/express',
    bytes: (await size(`${all}; export * from 'claimcheck/express'`)) - core,
    budget: 1_500,
  },
  {
    what: '+ claimcheck/fastify',
    bytes: (await size(`${all}; export * from 'claimcheck/fastify'`)) - core,
    budget: 1_500,
  },
  { what: 'claimcheck/policy alone', bytes: await size(`export * from 'claimcheck/policy'`), budget: 6_000 },
  { what: '+ claimcheck/policy/cedar', ...(await engine('cedar', 1_500)) },
  { what: '+ claimcheck/policy/casl', ...(await engine('casl', 1_500)) },
  { what: '+ claimcheck/policy/authzen', ...(await engine('authzen', 2_500)) },
  { what: '+ claimcheck/policy/opa', ...(await engine('opa', 2_500)) },
  { what: 'entra() alone', bytes: await size(`export { entra } from 'claimcheck/issuers'`) },
  { what: '+ lru-cache', bytes: (await size(all, [])) - core },
]

for (const { what, bytes, budget } of rows) {
  const limit = budget === undefined ? '' : ` of ${kilobytes(budget)}${bytes > budget ? '  TOO BIG' : ''}`
  console.log(`${what.padEnd(24)}${kilobytes(bytes)}${limit}`)
}
if (rows.some(({ bytes, budget = Infinity }) => bytes > budget)) process.exitCode = 1

/** What an engine adds to the policies; its peer stays outside. */
async function engine(name: string, budget: number): Promise<{ readonly bytes: number; readonly budget: number }> {
  const policies = `export * from 'claimcheck/policy'`
  const both = await size(`${policies}; export * from 'claimcheck/policy/${name}'`)
  return { bytes: both - (await size(policies)), budget }
}

async function size(code: string, external: string[] = ['lru-cache', '@cedar-policy/*', '@casl/*']): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    alias: Object.fromEntries(subpaths.map(({ specifier, module }) => [specifier, `${root}/src/${module}.ts`])),
    external,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['import'],
    write: false,
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(5)} kB`
}
