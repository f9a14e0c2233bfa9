// Compiles the code under *Before* of docs/migrating against the libraries that it is about: `npm run check:migrating`. They are
// installed in test/migrating, apart, so that no other command needs them. What a block takes for granted is declared before it:
//   <!-- check-migrating: declare const app: import('express').Express -->
// The last line is `N passed, N failed`.
import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { hostWith } from './check-docs.ts'
import { root } from './subpaths.ts'

const home = `${root}/test/migrating`
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Legacy,
  types: ['node'],
  skipLibCheck: true,
  // The blocks are JavaScript: names, options and arguments are checked, but a handler's parameters need no type and no `?.`.
  allowJs: true,
  checkJs: true,
  strict: false,
  noEmit: true,
}

/** The one page whose old code is a command. */
const commands = ['oauth2-proxy.md']
const pages = readdirSync(`${root}/docs/migrating`).filter((page) => page !== 'README.md' && !commands.includes(page))
const failed = pages.filter((page) => {
  const errors = compile(page)
  for (const error of errors) console.error(error)
  return errors.length > 0
})
if (failed.length > 0 || pages.length === 0) process.exitCode = 1
console.log(`${pages.length - failed.length} passed, ${failed.length} failed`)

/** The errors of the one block of `page`. Each is a program of its own: the libraries declare `req.auth` and `req.user` for all. */
function compile(page: string): readonly string[] {
  const document = `docs/migrating/${page}`
  const text = readFileSync(`${root}/${document}`, 'utf8')
  const blocks = [
    ...text.matchAll(/(?:<!-- check-migrating:(?<preamble>[^]*?)-->\s*)?^```js before\n(?<code>[^]*?)^```/gm),
  ]
  const [block] = blocks
  if (block === undefined || blocks.length > 1)
    return [`${document} ${blocks.length} blocks \`\`\`js before, expected one`]
  const { preamble = '', code = '' } = block.groups ?? {}
  const line = text.slice(0, block.index + block[0].indexOf('```js')).split('\n').length
  const name = `${home}/${page.replace('.md', '')}`
  const main = `${name}.${code.includes('require(') ? 'cjs' : 'mjs'}`
  const files = new Map([
    [main, code],
    [`${name}.globals.ts`, preamble],
  ])
  const host = { ...hostWith(files, options), getCurrentDirectory: () => home } // where its `types` are
  const program = ts.createProgram([...files.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const at =
      file?.fileName === main && start !== undefined ? line + 1 + file.getLineAndCharacterOfPosition(start).line : line
    return `${document}:${at} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}
