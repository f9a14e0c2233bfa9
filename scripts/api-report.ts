// `npm run api` writes api/<subpath>.txt: every name that users can import, with its declaration. The files are committed, so a change
// of the public API is a diff that a reviewer sees; `--check` fails when they are stale. Reads the declarations in dist, as users do.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { root, subpaths } from './subpaths.ts'

const entries = subpaths.map((subpath) => ({ ...subpath, file: `${root}/dist/${subpath.module}.d.ts` }))
const program = ts.createProgram(
  entries.map(({ file }) => file),
  { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: ['node'], strict: true, noEmit: true },
)
const checker = program.getTypeChecker()
const printer = ts.createPrinter({ removeComments: true })

/** What has a place in a report: what is exported, and then each hidden declaration in the first report that reaches it. */
const shown = new Set(entries.flatMap(({ file }) => exportsOf(file).map(([, symbol]) => symbol)))
const reports = new Map(entries.map(({ name, specifier, file }) => [`${name}.txt`, report(specifier, exportsOf(file))]))
if (process.argv.includes('--check')) check()
else write()

/** Names and what they stand for, in order of the names. */
function exportsOf(file: string): [string, ts.Symbol][] {
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} is not there or exports nothing: run npm run build`)
  const names = checker.getExportsOfModule(module).map((symbol): [string, ts.Symbol] => [symbol.name, original(symbol)])
  return names.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function original(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

function report(specifier: string, exports: readonly [string, ts.Symbol][]): string {
  // Types that a user cannot name are as public as the signatures that speak of them.
  const reached = new Set(exports.map(([, symbol]) => symbol))
  for (const symbol of reached) for (const found of referencesOf(symbol)) reached.add(found)
  const hidden = [...reached].filter((symbol) => !shown.has(symbol)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const symbol of hidden) shown.add(symbol)
  return [
    `${specifier}: what users can import. Written by \`npm run api\`.`,
    ...exports.map(([name, symbol]) => `${name === symbol.name ? '' : `${name}: `}${print(symbol)}`),
    ...(hidden.length > 0 ? ['---- Not exported by name, but part of the above:'] : []),
    ...hidden.map(print),
    '',
  ].join('\n\n')
}

/** What of our own the declarations of `symbol` refer to. */
function referencesOf(symbol: ts.Symbol): ts.Symbol[] {
  const found: ts.Symbol[] = []
  const visit = (node: ts.Node): void => {
    const target = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined
    if (target) found.push(original(target))
    ts.forEachChild(node, visit)
  }
  for (const node of statementsOf(symbol)) visit(node)
  return found.filter((target) => statementsOf(target).some((node) => ts.isSourceFile(node.parent)))
}

/** The top-level statements in dist that declare `symbol`; none for members, type parameters and what other packages declare. */
function statementsOf(symbol: ts.Symbol): ts.Node[] {
  return (symbol.declarations ?? [])
    .map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node))
    .filter((node) => ts.isSourceFile(node.parent) && node.getSourceFile().fileName.startsWith(`${root}/dist/`))
}

function print(symbol: ts.Symbol): string {
  const texts = statementsOf(symbol).map((node) =>
    printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()),
  )
  return texts.join('\n').replace(/^(export )?(declare )?/gm, '')
}

function write(): void {
  rmSync(`${root}/api`, { recursive: true, force: true })
  mkdirSync(`${root}/api`)
  for (const [name, text] of reports) writeFileSync(`${root}/api/${name}`, text)
}

function check(): void {
  const committed = existsSync(`${root}/api`) ? readdirSync(`${root}/api`) : []
  for (const name of new Set([...committed, ...reports.keys()])) {
    const before = committed.includes(name) ? readFileSync(`${root}/api/${name}`, 'utf8').split('\n') : []
    const after = reports.get(name)?.split('\n') ?? []
    if (before.join('\n') === after.join('\n')) continue
    process.exitCode = 1
    console.error(`api/${name} is stale. If the change is meant, run \`npm run api\` and commit it:`)
    for (const line of before) if (!after.includes(line)) console.error(`  - ${line}`)
    for (const line of after) if (!before.includes(line)) console.error(`  + ${line}`)
  }
}
