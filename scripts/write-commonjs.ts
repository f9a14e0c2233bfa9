// The CommonJS half of dist, made of the other half: each `.js` becomes a `.cjs`, and each `.d.ts` a `.d.cts`. So both formats have the
// same chunks, and AuthError is one class in each. (esbuild itself splits ES modules alone.)
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { transform } from 'esbuild'
import { root } from './subpaths.ts'

const files = readdirSync(`${root}/dist`, { recursive: true, encoding: 'utf8' }).map((file) => `${root}/dist/${file}`)

for (const file of files.filter((name) => name.endsWith('.js'))) {
  const { code } = await transform(readFileSync(file, 'utf8'), { format: 'cjs', platform: 'node', target: 'node20' })
  writeFileSync(file.replace(/\.js$/, '.cjs'), code.replace(/(\brequire\("\.[^"]*)\.js"\)/g, '$1.cjs")'))
}
for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
  const text = readFileSync(file, 'utf8')
  // tsc leaves the names of the sources in them, which older versions do not find.
  const named = (extension: string): string =>
    text.replace(/(\b(?:from|import) ?\(?(["'])\.[^"']*)\.[jt]s\2/g, `$1${extension}$2`)
  writeFileSync(file.replace(/\.ts$/, '.cts'), named('.cjs'))
  writeFileSync(file, named('.js'))
}
