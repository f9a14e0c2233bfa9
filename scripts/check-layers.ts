// Holds the house together (the layers are explained in CONTRIBUTING.md): every import goes to a lower layer or stays in its folder,
// there are no cycles, a foreign package is known to one or two folders only, and the machine's clock, environment and console are out
// of reach of everything but clock.ts and gateway/. Type-only imports count too: they are dependencies of the reader.
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'
import { root } from './subpaths.ts'

/** Lowest first. A string is one house: its folders and files may import each other, different houses of one layer may not. */
const layers: readonly (readonly string[])[] = [
  ['internal'],
  ['errors'],
  ['http', 'crypto'],
  ['jwt', 'principal'],
  ['jwks', 'policy'],
  ['issuer'],
  ['presets'],
  ['verifier'],
  ['server'],
  ['adapters', 'gateway', 'testing'],
  ['index'], // the roof: src/index.ts and the index.ts of a folder only re-export, and nothing below imports them
]

const foreign: Readonly<
  Record<string, { readonly folders: readonly string[]; readonly asType?: 'anywhere' | 'only' }>
> = {
  jose: { folders: [] },
  'lru-cache': { folders: ['jwt', 'jwks', 'issuer', 'verifier'] },
  'node:': { folders: ['crypto', 'jwks', 'adapters', 'gateway', 'testing'], asType: 'anywhere' },
  express: { folders: ['adapters'], asType: 'only' },
  fastify: { folders: ['adapters'], asType: 'only' },
  '@cedar-policy/cedar-wasm': { folders: ['policy'], asType: 'only' },
  '@casl/ability': { folders: ['policy'], asType: 'only' },
}

/** What `imports` of package.json stands for. */
const inHouse: Readonly<Record<string, readonly string[]>> = {
  '#engine': ['crypto/engine-node.ts', 'crypto/engine-web.ts'],
}

const ambient = { names: ['Date.now', 'process.env', 'console'], places: ['internal/clock.ts', 'gateway/'] }

interface Reference {
  readonly to: string
  readonly line: number
  /** Erased by the compiler. `import { type X }` is not: under verbatimModuleSyntax the empty import stays. */
  readonly typeOnly?: boolean
}

/** Reads every source file under `src` and returns the violations, each beginning with `file:line`. */
export function checkLayers(src: string): string[] {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  const graph = new Map<string, Reference[]>()
  const violations: string[] = []
  for (const file of files.filter((name) => name.endsWith('.ts')).toSorted()) {
    const { imports, globals } = readReferences(file, readFileSync(`${src}/${file}`, 'utf8'))
    const report = ({ line }: Reference, what: string): number => violations.push(`${file}:${line} ${what}`)
    if (placeOf(file) === undefined) report({ to: '', line: 1 }, 'has no layer; give it one in scripts/check-layers.ts')
    for (const use of globals)
      if (!ambient.places.some((place) => file.startsWith(place))) report(use, `uses ${use.to}`)
    for (const use of imports.filter(({ to }) => !to.startsWith('.') && !inHouse[to])) {
      if (!mayImportPackage(file, use)) report(use, `imports ${use.to}${use.typeOnly ? ' as type' : ''}`)
    }
    const inside = imports.filter(({ to }) => to.startsWith('.'))
    const edges = [
      ...inside.map((use) => ({ ...use, to: posix.join(posix.dirname(file), use.to) })),
      ...imports.flatMap((use) => (inHouse[use.to] ?? []).map((to) => ({ ...use, to }))),
    ]
    for (const use of edges) if (!mayImportFile(file, use.to)) report(use, `imports ${use.to}, which is not below it`)
    graph.set(file, edges)
  }
  return [...violations, ...findCycles(graph)]
}

function folderOf(file: string): string {
  return posix.basename(file) === 'index.ts' ? 'index' : file.replace(/(\/.*|\.ts)$/, '')
}

function placeOf(file: string): { readonly level: number; readonly house: string } | undefined {
  const level = layers.findIndex((houses) => houses.join(' ').split(' ').includes(folderOf(file)))
  const house = layers[level]?.find((names) => names.split(' ').includes(folderOf(file)))
  return house === undefined ? undefined : { level, house }
}

function mayImportFile(from: string, to: string): boolean {
  const [importer, imported] = [placeOf(from), placeOf(to)]
  if (importer === undefined || imported === undefined) return false
  return imported.level < importer.level || imported.house === importer.house
}

function mayImportPackage(from: string, { to, typeOnly }: Reference): boolean {
  const rule = foreign[to.startsWith('node:') ? 'node:' : to.replace(/^((?:@[^/]+\/)?[^/]+).*$/, '$1')]
  if (rule === undefined || (rule.asType === 'only' && !typeOnly)) return false
  return rule.folders.includes(folderOf(from)) || (rule.asType === 'anywhere' && typeOnly === true)
}

function readReferences(file: string, text: string): { readonly imports: Reference[]; readonly globals: Reference[] } {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
  const imports: Reference[] = []
  const globals: Reference[] = []
  const at = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier))
      imports.push({ to: specifier.text, line: at(specifier), typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    } else if (ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) {
      const name = node.getText(source).replace(/^globalThis\./, '')
      if (ambient.names.includes(name)) return void globals.push({ to: name, line: at(node) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { imports, globals }
}

/** Depth first; an import of a file that is still being walked closes a cycle. */
function findCycles(graph: ReadonlyMap<string, readonly Reference[]>): string[] {
  const cycles: string[] = []
  const path: string[] = []
  const done = new Set<string>()
  const walk = (file: string): void => {
    path.push(file)
    for (const { to, line } of graph.get(file) ?? []) {
      if (path.includes(to))
        cycles.push(`${file}:${line} closes a cycle: ${[...path.slice(path.indexOf(to)), to].join(' → ')}`)
      else if (!done.has(to)) walk(to)
    }
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) if (!done.has(file)) walk(file)
  return cycles
}

if (process.argv[1] === import.meta.filename) {
  const violations = checkLayers(`${root}/src`)
  for (const violation of violations) console.error(`src/${violation}`)
  if (violations.length > 0) process.exitCode = 1
}
