// `npm run exports` writes what package.json says of its subpaths in both formats, from the one list: `paths` of tsconfig.json.
// A new subpath is a line there, and then this command. test/packaging sees to it that the two agree.
import { readFileSync, writeFileSync } from 'node:fs'
import { root, subpaths } from './subpaths.ts'

interface Format {
  readonly types: string
  readonly default: string
}

/** The members of package.json that speak of subpaths. */
export interface EntryPoints {
  readonly main: string
  readonly types: string
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly [string]>> }
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, Format>>>>
}

/** What package.json must say. */
export function entryPoints(): EntryPoints {
  const entries = subpaths.map(({ specifier, module }): [string, string] => [
    specifier.replace(/^[^/]+/, '.'),
    `./dist/${module}`,
  ])
  const below = entries.filter(([subpath]) => subpath !== '.')
  return {
    main: './dist/index.cjs',
    types: './dist/index.d.cts',
    // For moduleResolution node10, which does not know `exports`.
    typesVersions: { '*': Object.fromEntries(below.map(([subpath, file]) => [subpath.slice(2), [`${file}.d.cts`]])) },
    exports: {
      ...Object.fromEntries(entries.map(([subpath, file]) => [subpath, conditions(file)])),
      './package.json': './package.json',
    },
  }
}

/**
 * `module-sync` is what Node's `require()` asks for, where it can load ES modules: then `require()` and `import` share one copy. Tools
 * that do not know it (jest, older resolvers) get CommonJS by `require`.
 */
function conditions(file: string): Readonly<Record<string, Format>> {
  const esm = { types: `${file}.d.ts`, default: `${file}.js` }
  return { 'module-sync': esm, require: { types: `${file}.d.cts`, default: `${file}.cjs` }, default: esm }
}

if (process.argv[1] === import.meta.filename) {
  const path = `${root}/package.json`
  const before = JSON.parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, `${JSON.stringify({ ...before, ...entryPoints() }, null, 2)}\n`)
}
