// Makes the CommonJS of dist from its ES modules, file by file. So both formats have the same chunks, and AuthError
// is one class in each. (esbuild itself splits ES modules alone.)
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { transform } from 'esbuild'
import { root } from './subpaths.ts'

// The command is a program, and no module that anything loads.
const isModule = (name: string): boolean => name.endsWith('.js') && !/^cli\b/.test(name)
const files = readdirSync(`${root}/dist`, { recursive: true, encoding: 'utf8' }).filter(isModule)
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
