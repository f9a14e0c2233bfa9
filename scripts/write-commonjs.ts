// Makes the CommonJS of dist from its ES modules, file by file. So both formats have the same chunks, and AuthError
// is one class in each. (esbuild itself splits ES modules alone.)
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { transform } from 'esbuild'
import { root } from './subpaths.ts'

const files = readdirSync(`${root}/dist`, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
for (const file of files.map((name) => `${root}/dist/${name}`)) {
  const { code } = await transform(readFileSync(file, 'utf8'), {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
  })
  writeFileSync(file.replace(/\.js$/, '.cjs'), code.replace(/(\brequire\("\.[^"]*)\.js"\)/g, '$1.cjs")'))
}
