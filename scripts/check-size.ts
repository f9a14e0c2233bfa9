// The size budget: what an application ships when it imports claimcheck, bundled, minified, gzipped. lru-cache stays outside,
// since an application that serves anything mostly has it already; the last row shows what it would add. No budget, no limit.
// The npm tool size-limit was tried. It limits whole bundles: neither what an adapter adds to the core, nor which files a preset brings.
import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root, subpaths } from './subpaths.ts'

/** Files of src/presets that presets share. */
const shared = [
  'src/presets/description.ts',
  'src/presets/subjects.ts',
  'src/presets/preset-claims.ts',
  'src/presets/preset-options.ts',
  'src/presets/shapes.ts',
  'src/presets/microsoft-hosts.ts',
]

const { peerDependencies } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { peerDependencies: object }
const peers = ['lru-cache', ...Object.keys(peerDependencies).flatMap((name) => [name, `${name}/*`])]
const all = `export * from 'claimcheck'`
const core = await size(all)
// 14 kB were meant for `.`; what came since: the complete key cache 0.8, the token cache and the engine 2.2, what any STS's preset
// may ask for (tenants, own headers, other audience claims, hints, checks) 3.9, vetoes, step-up and resource metadata 3.5, challenges
// that name one way of several 0.3, hand-written issuers checked and copied whole 0.5, speed 1.1, budgets for
// replaced keys and for kids that cost a fetch each, schema output, layouts in the token cache, Microsoft's hosts, groups and checks of
// arguments 6.4, words that name the fix and one answer everywhere 2.0, refusals of an edge and tokens for one request (gateways) 0.2, a
// status that Koa may assign and joined credentials of other schemes 0.1, names of the checks (explain) 0.2, no AbortController at creation (Workers) 0.1,
// a request's path in the log 0.1, hints for cut tokens and for audiences elsewhere 0.1, a token that ends while a policy waits 0.02, a polluted prototype 0.3, names with escapes and whole patterns 0.4. To be brought down again.
interface Row {
  readonly what: string
  readonly bytes: number
  /** No budget, no limit. */
  readonly budget?: number
}

const rows: readonly Row[] = [
  { what: 'claimcheck', bytes: core, budget: 38_665 },
  ...(await adapters()),
  {
    what: '+ claimcheck/gateway',
    bytes: (await size(`${all}; export * from 'claimcheck/gateway'`)) - core,
    // Texts are most of it: the recipes, and hints that say why a request is a 400.
    budget: 19_275,
  },
  { what: '+ …/gateway/lambda', ...(await edge('lambda', 2_600)) },
  { what: '+ …/gateway/envoy', ...(await edge('envoy', 2_500)) },
  { what: 'claimcheck/policy alone', bytes: await size(`export * from 'claimcheck/policy'`), budget: 7_500 },
  { what: '+ claimcheck/policy/cedar', ...(await engine('cedar', 1_500)) },
  { what: '+ claimcheck/policy/casl', ...(await engine('casl', 1_500)) },
  { what: '+ claimcheck/policy/authzen', ...(await engine('authzen', 1_700)) },
  { what: '+ claimcheck/policy/opa', ...(await engine('opa', 1_500)) },
  { what: 'entra() alone', bytes: await size(`export { entra } from 'claimcheck/issuers'`) },
  { what: 'claimcheck/testing alone', bytes: await size(`export * from 'claimcheck/testing'`) },
  { what: '+ lru-cache', bytes: (await size(all, [])) - core },
]

for (const { what, bytes, budget } of rows) {
  const limit = budget === undefined ? '' : ` of ${kilobytes(budget)}${bytes > budget ? '  TOO BIG' : ''}`
  console.log(`${what.padEnd(24)}${kilobytes(bytes)}${limit}`)
}
// A preset is data: importing one must not bring the others along.
for (const preset of await presets()) {
  const strangers = (await filesOf(`export { ${preset.name} } from 'claimcheck/issuers'`)).filter(
    (file) =>
      // What only tests and documents need is in no preset either.
      file.startsWith('src/testing/') ||
      (file.startsWith('src/presets/') && !file.startsWith(preset.place) && !shared.includes(file)),
  )
  for (const file of strangers) console.log(`${preset.name}() alone brings ${file}  FOREIGN`)
  if (strangers.length > 0) process.exitCode = 1
}

if (rows.some(({ bytes, budget = Infinity }) => bytes > budget)) process.exitCode = 1

/** The functions that claimcheck/issuers exports from src/presets, and the file or folder where each lives. */
async function presets(): Promise<readonly { readonly name: string; readonly place: string }[]> {
  const index = await readFile(`${root}/src/presets/index.ts`, 'utf8')
  return [...index.matchAll(/^export \{([^}]+)\} from '\.\/([\w/-]+)\.ts'$/gm)].flatMap(([, names = '', file = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '))
      .map((name) => ({ name, place: `src/presets/${file.replace(/\/.*/, '/')}` })),
  )
}

/** The source files of which something is left after bundling `code`. */
async function filesOf(code: string): Promise<readonly string[]> {
  const { metafile } = await bundle(code, peers)
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file)
}

/**
 * What each adapter adds, of which 1.1 kB is what they share. More than 1.5 kB: one that answers by two ways of its framework's own (node:
 * upgrades; hono: errors that Hono answers; nest: decorators and two platforms; fastify: a plugin that denies by default), and express, koa and web,
 * by the headers that a good answer may carry, and by the caller that a handler gets from its own guard.
 */
async function adapters(): Promise<
  readonly { readonly what: string; readonly bytes: number; readonly budget: number }[]
> {
  const above: Readonly<Record<string, number>> = {
    'claimcheck/express': 1_655,
    'claimcheck/fastify': 2_630,
    'claimcheck/hono': 1_775,
    'claimcheck/koa': 1_565,
    'claimcheck/nest': 2_130,
    'claimcheck/node': 1_950,
    'claimcheck/web': 1_590,
  }
  const found = subpaths.filter(({ module }) => module.startsWith('adapters/'))
  return Promise.all(
    found.map(async ({ specifier }) => ({
      what: `+ ${specifier}`,
      bytes: (await size(`${all}; export * from '${specifier}'`)) - core,
      budget: above[specifier] ?? 1_500,
    })),
  )
}

/** What an edge adds to the gateway; its peer stays outside. */
async function edge(name: string, budget: number): Promise<{ readonly bytes: number; readonly budget: number }> {
  const gateway = `${all}; export * from 'claimcheck/gateway'`
  const both = await size(`${gateway}; export * from 'claimcheck/gateway/${name}'`)
  return { bytes: both - (await size(gateway)), budget }
}

/** What an engine adds to the policies; its peer stays outside. */
async function engine(name: string, budget: number): Promise<{ readonly bytes: number; readonly budget: number }> {
  const policies = `${all}; export * from 'claimcheck/policy'`
  const both = await size(`${policies}; export * from 'claimcheck/policy/${name}'`)
  return { bytes: both - (await size(policies)), budget }
}

async function size(code: string, external: string[] = peers): Promise<number> {
  const { outputFiles } = await bundle(code, external)
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

function bundle(code: string, external: string[]) {
  return build({
    stdin: { contents: code, resolveDir: root },
    alias: {
      ...Object.fromEntries(subpaths.map(({ specifier, module }) => [specifier, `${root}/src/${module}.ts`])),
      '#engine': `${root}/src/crypto/engine-node.ts`,
    },
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
