// What the package exports, read from package.json: the one list that the build, the tests' aliases, the API report and the
// size budget share. dist mirrors src, so dist/adapters/express.js is built from src/adapters/express.ts.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Subpath {
  /** What users import: `claimcheck/express`. */
  readonly specifier: string
  /** `index` for the root, else the subpath: `express`. */
  readonly name: string
  /** `adapters/express`: under src with `.ts`, under dist with `.js` and `.d.ts`. */
  readonly module: string
}

/** The root of the checkout, without a slash at its end. */
export const root: string = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

export const subpaths: readonly Subpath[] = readSubpaths()

function readSubpaths(): Subpath[] {
  const { name, exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as PackageJson
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return [] // ./package.json
    const module = target.default.replace(/^\.\/dist\/(.+)\.js$/, '$1')
    return [{ specifier: subpath.replace('.', name), name: camelCase(subpath.slice(2)) || 'index', module }]
  })
}

/** `key-store` or `policy/cedar` as a name that code can have. */
function camelCase(name: string): string {
  return name.replace(/[-/](.)/g, (_, letter: string) => letter.toUpperCase())
}

interface PackageJson {
  readonly name: string
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>
}
