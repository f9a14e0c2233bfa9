// What the package exports, read from `paths` of tsconfig.json: the one list that the build, package.json (`npm run exports`), the tests'
// aliases, the API report and the size budget share. dist mirrors src: dist/adapters/express.js is built from src/adapters/express.ts.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Subpath {
  /** What users import: `claimcheck/express`. */
  readonly specifier: string
  /** `index` for the root, else the subpath: `express`. */
  readonly name: string
  /** `adapters/express`: under src with `.ts`, under dist with `.js`, `.cjs`, `.d.ts` and `.d.cts`. */
  readonly module: string
}

/** The root of the checkout, without a slash at its end. */
export const root: string = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

export const subpaths: readonly Subpath[] = readSubpaths()

function readSubpaths(): Subpath[] {
  const text = readFileSync(`${root}/tsconfig.json`, 'utf8').replace(/^ *\/\/.*$/gm, '')
  const { paths } = (JSON.parse(text) as { compilerOptions: { paths: Record<string, readonly [string]> } })
    .compilerOptions
  return Object.entries(paths).flatMap(([specifier, [source]]) => {
    if (specifier.startsWith('#')) return []
    const module = source.replace(/^\.\/src\/(.+)\.ts$/, '$1')
    return [{ specifier, name: camelCase(specifier.split('/').slice(1).join('/')) || 'index', module }]
  })
}

/** `key-store` or `policy/cedar` as a name that code can have. */
function camelCase(name: string): string {
  return name.replace(/[-/](.)/g, (_, letter: string) => letter.toUpperCase())
}
