// The size budget: what an application ships when it imports claimcheck, bundled, minified, gzipped. lru-cache stays outside,
// since an application that serves anything mostly has it already; the last row shows what it would add. No budget, no limit.
import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root, subpaths } from './subpaths.ts'

/** Files of src/issuers that presets share. */
const shared = ['src/issuers/preset-options.ts', 'src/issuers/preset-parts.ts']

const all = `export * from 'claimcheck'`
const core = await size(all)
// 14 kB were meant for `.`; the complete key cache took 0.8 more, and what any STS's preset may ask for (tenants, own headers, other
// audience claims, hints, a check of everything that a preset from outside says) another 3.9.
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
  { what: 'claimcheck/policy alone', bytes: await size(`export * from 'claimcheck/policy'`), budget: 3_000 },
  { what: 'entra() alone', bytes: await size(`export { entra } from 'claimcheck/issuers'`) },
  { what: '+ lru-cache', bytes: (await size(all, [])) - core },
]

for (const { what, bytes, budget } of rows) {
  const limit = budget === undefined ? '' : ` of ${kilobytes(budget)}${bytes > budget ? '  TOO BIG' : ''}`
  console.log(`${what.padEnd(24)}${kilobytes(bytes)}${limit}`)
}
// A preset is data: importing one must not bring the others along.
for (const preset of await presets()) {
  const strangers = (await filesOf(`export { ${preset.name} } from 'claimcheck/issuers'`)).filter(
    (file) => file.startsWith('src/issuers/') && !file.startsWith(preset.place) && !shared.includes(file),
  )
  for (const file of strangers) console.log(`${preset.name}() alone brings ${file}  FOREIGN`)
  if (strangers.length > 0) process.exitCode = 1
}

if (rows.some(({ bytes, budget = Infinity }) => bytes > budget)) process.exitCode = 1

/** The functions that claimcheck/issuers exports from src/issuers, and the file or folder where each lives. */
async function presets(): Promise<readonly { readonly name: string; readonly place: string }[]> {
  const index = await readFile(`${root}/src/issuers/index.ts`, 'utf8')
  return [...index.matchAll(/^export \{([^}]+)\} from '\.\/([\w/-]+)\.ts'$/gm)].flatMap(([, names = '', file = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '))
      .map((name) => ({ name, place: `src/issuers/${file.replace(/\/.*/, '/')}` })),
  )
}

/** The source files of which something is left after bundling `code`. */
async function filesOf(code: string): Promise<readonly string[]> {
  const { metafile } = await bundle(code, ['lru-cache'])
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file)
}

async function size(code: string, external: string[] = ['lru-cache']): Promise<number> {
  const { outputFiles } = await bundle(code, external)
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

function bundle(code: string, external: string[]) {
  return build({
    stdin: { contents: code, resolveDir: root },
    alias: Object.fromEntries(subpaths.map(({ specifier, module }) => [specifier, `${root}/src/${module}.ts`])),
    external,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['import'],
    absWorkingDir: root,
    metafile: true,
    write: false,
  })
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(5)} kB`
}
