// Makes the declarations of both formats from those that tsc has written to dist. They are written once, as `.d.cts`, and the `.d.ts` of a
// subpath re-exports them: a caller or an AuthError of one format has the type of the other, and the package stays small.
// Declarations that no subpath reaches are dropped, and comments of those that none names itself: no editor shows them.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { root, subpaths } from './subpaths.ts'

/** tsc leaves the sources' names in them, which TypeScript 5 does not find beside CommonJS. */
const relative = /(\b(?:from|import) ?\(?['"])(\.[^'"]*)\.ts(?=['"])/g

const texts = new Map<string, string>()
for (const { module } of subpaths) collect(module)
const named = new Set(subpaths.flatMap(({ module }) => [module, ...importsOf(module)]))
for (const file of readdirSync(`${root}/dist`, { recursive: true, encoding: 'utf8' })) {
  if (/\.d\.c?ts$/.test(file)) rmSync(`${root}/dist/${file}`)
}
for (const [module, text] of texts) {
  const shown = named.has(module) ? text : text.replace(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '')
  writeFileSync(`${root}/dist/${module}.d.cts`, shown.replace(relative, '$1$2.cjs'))
}
for (const { module } of subpaths) {
  const text = texts.get(module) ?? ''
  // tRPC infers a context by the very type of a middleware, and has one such type for each format.
  const copied = /['"]@trpc\/server['"]/.test(text) ? text.replace(relative, '$1$2.cjs') : undefined
  writeFileSync(`${root}/dist/${module}.d.ts`, copied ?? `export * from './${posix.basename(module)}.cjs';\n`)
}

/** Reads the declarations of `module`, and of all that they import. */
function collect(module: string): void {
  if (texts.has(module)) return
  // Before version 5.7 it has no type parameter.
  const text = readFileSync(`${root}/dist/${module}.d.ts`, 'utf8').replaceAll('Uint8Array<ArrayBuffer>', 'Uint8Array')
  texts.set(module, text)
  for (const imported of importsOf(module)) collect(imported)
}

function importsOf(module: string): readonly string[] {
  const names = [...(texts.get(module) ?? '').matchAll(relative)].map(([, , to = '']) => to)
  return names.map((to) => posix.join(posix.dirname(module), to))
}
