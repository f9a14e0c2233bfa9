// What a bundler for Workers or browsers makes of the build: it finds no module of Node, and takes the engine of Web Crypto.
// `npm run test:slow` has built dist; after `npx vitest` alone it may be an old one.
import { builtinModules } from 'node:module'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/subpaths.ts'

interface Bundle {
  /** The modules of Node that it imports. */
  readonly builtins: readonly string[]
  /** The engines that are in it. */
  readonly engines: readonly string[]
}

/** As Cloudflare's tools set them, and as bundlers for browsers do. Without `browser`, lru-cache asks for node:diagnostics_channel. */
const conditions = { workerd: ['workerd', 'worker', 'browser'], browser: ['browser'], node: ['node'] }

async function bundle(specifier: string, conditions: string[], format: 'esm' | 'cjs' = 'esm'): Promise<Bundle> {
  const builtins = new Set<string>()
  const { metafile } = await build({
    stdin: {
      contents: format === 'esm' ? `export * from '${specifier}'` : `module.exports = require('${specifier}')`,
      resolveDir: root,
    },
    ...{ bundle: true, write: false, metafile: true, logLevel: 'error', absWorkingDir: root, format, conditions },
    ...{ platform: 'neutral', mainFields: ['module', 'main'] },
    // Not the `paths` of the repository: they lead to the sources.
    tsconfigRaw: {},
    plugins: [
      {
        name: 'modules of Node',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[a-z:/_0-9]+$/ }, ({ path }) => {
            if (!path.startsWith('node:') && !builtinModules.includes(path)) return undefined
            builtins.add(path)
            return { path, external: true }
          }),
      },
    ],
  })
  const engines = Object.keys(metafile.inputs).flatMap(
    (file) => /dist\/crypto\/(engine-\w+)\.c?js$/.exec(file)?.[1] ?? [],
  )
  return { builtins: [...builtins], engines }
}

describe.each(['claimcheck/web', 'claimcheck/hono'])('%s', (specifier) => {
  it.each(['workerd', 'browser'] as const)('needs no module of Node in a bundle for %s', async (target) => {
    for (const format of ['esm', 'cjs'] as const)
      expect(await bundle(specifier, conditions[target], format)).toEqual({ builtins: [], engines: ['engine-web'] })
  })

  it('takes the engine of Node in a bundle for Node', async () => {
    expect((await bundle(specifier, conditions.node)).engines).toEqual(['engine-node'])
  })
})

it('the search finds the modules of Node where there are some', async () => {
  expect((await bundle('claimcheck/node', conditions.workerd)).builtins).toEqual(['node:http'])
})
