// Type-checks every ```ts block of the documents against src, each as a module of its own, so that what is printed there compiles.
// What a block takes for granted is declared in a comment just before it, invisible to the reader:
//   <!-- check-docs: declare const app: import('express').Express -->
// Blocks in other languages (```js, ```sh, ```text) are left alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from './subpaths.ts'

export interface Block {
  readonly document: string
  /** Of the fence, counting from 1; the n-th line of the code stands n lines below it. */
  readonly line: number
  readonly code: string
}

if (process.argv[1] === import.meta.filename) check()

/** The documents, by their paths from the root, with slashes. */
export function documents(): readonly string[] {
  const pages = readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`)
  const all = [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    ...pages.map((page) => page.replaceAll('\\', '/')).toSorted(),
  ]
  return all.filter((name) => name.endsWith('.md') && existsSync(`${root}/${name}`))
}

/** Every block of the documents. */
export function documentedBlocks(): readonly Block[] {
  return documents().flatMap(readBlocks)
}

function check(): void {
  const blocks = new Map(documentedBlocks().map((block) => [`${root}/${nameOf(block)}.ts`, block]))
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  options.experimentalDecorators = true // Nest's own kind, with those of parameters
  options.noUnusedLocals = false // a block shows how a value is made; what is done with it is the reader's
  const texts = new Map([...blocks].map(([file, { code }]) => [file, code]))
  const program = ts.createProgram([...blocks.keys()], options, hostWith(texts, options))
  const errors = [...blocks.keys()].flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
  for (const error of errors) console.error(locate(error, blocks))
  if (errors.length > 0) process.exitCode = 1
  console.log(`${blocks.size} blocks compiled, ${errors.length} errors`)
}

/** The name of a file for `block`, without an extension. */
export function nameOf({ document, line }: Block): string {
  return `${document.replaceAll('/', '-')}-${line}`
}

function readBlocks(document: string): Block[] {
  const text = readFileSync(`${root}/${document}`, 'utf8')
  const fenced = /(?:<!-- check-docs:(?<preamble>[^]*?)-->\s*)?^(?<indent> *)```ts\n(?<code>[^]*?)^\k<indent>```/gm
  return [...text.matchAll(fenced)].map(({ index, 0: whole, groups }) => {
    const { preamble = '', code = '' } = groups ?? {}
    const line = text.slice(0, index + whole.indexOf('```ts')).split('\n').length
    // The preamble takes exactly one line, so that line n of the module is line n - 1 of the block.
    return { document, line, code: `export {}; ${preamble.replaceAll('\n', ' ')}\n${code}` }
  })
}

/** The usual compiler host, for which `texts` are files too. */
export function hostWith(texts: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  return {
    ...host,
    fileExists: (file) => texts.has(file) || host.fileExists(file),
    readFile: (file) => texts.get(file) ?? host.readFile(file),
    getSourceFile: (file, target) => {
      const text = texts.get(file)
      return text === undefined ? host.getSourceFile(file, target) : ts.createSourceFile(file, text, target)
    },
  }
}

function locate({ file, start, messageText }: ts.Diagnostic, blocks: ReadonlyMap<string, Block>): string {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n')
  const block = file && blocks.get(file.fileName)
  if (file === undefined || block === undefined || start === undefined) return message
  return `${block.document}:${block.line + file.getLineAndCharacterOfPosition(start).line} ${message}`
}
