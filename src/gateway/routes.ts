// The route table: pattern → policy. The most specific path wins, and all readings of a request must come to one route.
import { checkPlain } from '../internal/options.ts'
import { fold, type Reading, type Target } from './targets.ts'

/** The parameters of a pattern: `{ user: string; rest: string }` for `GET /users/{user}/{rest...}`. */
export type RouteParams<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamNames<Pattern>]: string }

type ParamNames<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Bare}...` ? Bare : Name) | ParamNames<Rest>
  : never

/** One line of the table, with what the gateway keeps for it. */
export interface Route<V> {
  /** As written. */
  readonly key: string
  readonly value: V
  /** Reads the parameters of a request whose path it matches. */
  params(segments: readonly string[]): Readonly<Record<string, string>>
}

/** What a request says of its route. */
export interface RouteQuestion {
  /** In lower case, without a port. */
  readonly host: string
  readonly target: Target
  /** Every reading of the method. */
  readonly methods: readonly string[]
}

export interface RouteTable<V> {
  /** Most specific first. */
  readonly routes: readonly Route<V>[]
  find(question: RouteQuestion): Route<V> | NoRoute
}

/** Why a request has no route. */
export interface NoRoute {
  readonly reason: 'target_ambiguous' | 'route_unknown'
  /** For the log. Names routes, and nothing of the path. */
  readonly hint?: string
}

interface Leaf<V> {
  /** Its first pattern's path, for messages and for its letter case. */
  readonly path: string
  readonly byMethod: Map<string, Route<V>>
  any: Route<V> | undefined
}

/** What one reading of a path comes to. */
interface Leaves<V> {
  readonly leaf: Leaf<V> | undefined
  readonly ofFormat?: readonly (Leaf<V> | undefined)[]
}

interface Node<V> {
  readonly literals: Map<string, Node<V>>
  param: Node<V> | undefined
  rest: Leaf<V> | undefined
  leaf: Leaf<V> | undefined
}

interface Pattern {
  readonly key: string
  /** Empty where it counts for all methods. */
  readonly methods: readonly string[]
  /** Empty where it counts for all hosts. */
  readonly host: string
  readonly path: string
  readonly segments: readonly Segment[]
}

type Segment = { readonly literal: string } | { readonly name: string; readonly isRest: boolean }

/**
 * Makes the table of `routes`.
 *
 * @throws TypeError for a pattern that cannot be read, and for two that say the same.
 */
export function createRouteTable<V>(entries: readonly (readonly [key: string, value: V])[]): RouteTable<V> {
  const exact = new Map<string, Node<V>>()
  const folded = new Map<string, Node<V>>()
  const patterns = entries.map(([key, value]) => {
    const pattern = readPattern(key)
    const route: Route<V> = { key, value, params: (segments) => readParams(pattern, segments) }
    insert(exact, pattern, route, (text) => text)
    insert(folded, pattern, route, fold)
    return { pattern, route }
  })

  function find({ host, target, methods }: RouteQuestion): Route<V> | NoRoute {
    const routesOf = (leaves: readonly (Leaf<V> | undefined)[]): readonly (Route<V> | undefined)[] =>
      leaves.flatMap((leaf) => methods.map((method) => routeOf(leaf, method)))
    const leaves = target.readings.map((reading) => leavesOf(host, reading))
    const found = new Set(routesOf(leaves.map(({ leaf }) => leaf)))
    const all = new Set([...found, ...routesOf(leaves.flatMap(({ ofFormat = [] }) => ofFormat))])
    const [first] = all
    if (all.size === 1) return first ?? { reason: 'route_unknown' }
    // One reading that has no route is enough: the upstream may serve that one.
    const keysOf = [...all].slice(0, 5).map((route) => (route ? `'${route.key}'` : 'no route'))
    const hint = `readings of the path or method come to ${keysOf.join(' and ')}`
    return { reason: 'target_ambiguous', hint: found.size === 1 ? `${hint}: ${formatHint}` : hint }
  }

  /** The leaf of a path, and another one where a framework may take the end of the path for a format: `/admin.json` (Rails). */
  function leavesOf(host: string, { segments, folded: isFolded }: Reading): Leaves<V> {
    const hosts = isFolded ? folded : exact
    const leafAt = (path: readonly string[]): Leaf<V> | undefined =>
      leafOf(hosts.get(host), path) ?? leafOf(hosts.get(''), path)
    const leaf = leafAt(segments)
    const [bare] = formatForm.exec(segments.at(-1) ?? '') ?? []
    if (bare === undefined) return { leaf }
    const parent = segments.slice(0, -1)
    const unnamed = leafAt([...parent, noLiteral])
    // A name that is written in the table with its dot is what it says.
    if (leaf !== unnamed) return { leaf }
    return { leaf, ofFormat: [leafAt([...parent, bare])] }
  }

  function routeOf(leaf: Leaf<V> | undefined, method: string): Route<V> | undefined {
    if (!leaf) return undefined
    // A method that the path lacks does not fall through to a wider path.
    return leaf.byMethod.get(method) ?? (method === 'HEAD' ? leaf.byMethod.get('GET') : undefined) ?? leaf.any
  }

  const routes = patterns.toSorted((a, b) => bySpecificity(a.pattern, b.pattern)).map(({ route }) => route)
  return { routes, find }
}

/** Depth first: literal, then parameter, then rest. */
function leafOf<V>(node: Node<V> | undefined, segments: readonly string[], index = 0): Leaf<V> | undefined {
  if (!node) return undefined
  const segment = segments.at(index)
  if (segment === undefined) return node.leaf ?? node.rest
  return leafOf(node.literals.get(segment), segments, index + 1) ?? leafOf(node.param, segments, index + 1) ?? node.rest
}

function insert<V>(hosts: Map<string, Node<V>>, pattern: Pattern, route: Route<V>, spell: (text: string) => string) {
  let node = hosts.get(pattern.host) ?? emptyNode()
  hosts.set(pattern.host, node)
  for (const segment of pattern.segments) {
    if ('literal' in segment) {
      const next: Node<V> = node.literals.get(spell(segment.literal)) ?? emptyNode()
      node.literals.set(spell(segment.literal), next)
      node = next
    } else if (segment.isRest) return addRoute((node.rest ??= emptyLeaf(pattern.path)), pattern, route)
    else node = node.param ??= emptyNode()
  }
  addRoute((node.leaf ??= emptyLeaf(pattern.path)), pattern, route)
}

function addRoute<V>(leaf: Leaf<V>, { key, path, methods }: Pattern, route: Route<V>): void {
  if (shapeOf(leaf.path) !== shapeOf(path))
    throw new TypeError(`routes: '${path}' and '${leaf.path}' differ in letter case alone, as some upstreams see it.`)
  const twin = methods.length === 0 ? leaf.any : methods.map((method) => leaf.byMethod.get(method)).find(Boolean)
  if (twin) throw new TypeError(`routes: '${key}' and '${twin.key}' say the same: write one.`)
  if (methods.length === 0) leaf.any = route
  for (const method of methods) leaf.byMethod.set(method, route)
}

/** Two patterns of one shape match the same paths. */
function shapeOf(path: string): string {
  return path.replace(/\{[^}.]*/g, '{')
}

function emptyNode<V>(): Node<V> {
  return { literals: new Map(), param: undefined, rest: undefined, leaf: undefined }
}

function emptyLeaf<V>(path: string): Leaf<V> {
  return { path, byMethod: new Map(), any: undefined }
}

function readParams({ segments }: Pattern, values: readonly string[]): Readonly<Record<string, string>> {
  const named = segments.flatMap((segment, index): [string, string][] => {
    if ('literal' in segment) return []
    return [[segment.name, segment.isRest ? values.slice(index).join('/') : (values[index] ?? '')]]
  })
  return Object.freeze(Object.fromEntries(named))
}

const formatHint =
  'some frameworks take the end of a name, such as .json, for a format; give a file with such a name a route of its own'
/** A name before the last dot of a segment. */
const formatForm = /^.+(?=\.[^.]+$)/
/** In no target: control characters are refused. */
const noLiteral = '\0'

const patternForm =
  /^(?:(?<methods>[A-Z][A-Z-]*(?:,[A-Z][A-Z-]*)*) )?(?:\/\/(?<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))?(?<path>\/.*)$/
// Without `%`, `;` and `+`: an upstream may read each of them in two ways.
const literalForm = /^[\w\-.~!$&'()*,=:@]*[\w\-~!$&'()*,=:@]$/
const paramForm = /^\{([a-zA-Z]\w*)(\.\.\.)?\}$/

/** @throws TypeError for a key that is no pattern. */
function readPattern(key: string): Pattern {
  const { methods, host = '', path = '' } = patternForm.exec(key)?.groups ?? {}
  const inner = path.slice(1)
  const parts = inner === '' ? [] : inner.split('/')
  const segments = parts.map((part) => readSegment(key, part))
  const names = segments.flatMap((segment) => ('name' in segment ? segment.name : []))
  const restAt = segments.findIndex((segment) => 'isRest' in segment && segment.isRest)
  if (path === '') throw wrongPattern(key, 'it is no path')
  if (new Set(names).size !== names.length) throw wrongPattern(key, 'it has two parameters of one name')
  if (restAt >= 0 && restAt !== segments.length - 1) throw wrongPattern(key, '{…...} must be its end')
  return { key, methods: methods?.split(',') ?? [], host, path, segments }
}

function readSegment(key: string, part: string): Segment {
  const [, name, dots] = paramForm.exec(part) ?? []
  if (name !== undefined) return { name, isRest: dots !== undefined }
  if (part === '') throw wrongPattern(key, 'a slash at the end, or two in a row, counts for nothing: leave it out')
  if (!literalForm.test(part)) throw wrongPattern(key, `'${part}' may be read in several ways: write a {parameter}`)
  return { literal: part }
}

function wrongPattern(key: string, reason: string): TypeError {
  return new TypeError(
    `routes: '${key}' is no pattern (${reason}). Write it like 'GET,POST /orders/{id}', '/files/{rest...}' or '//host.example.com/'.`,
  )
}

/** Hosts first, then literal before parameter before rest, then methods before none. */
function bySpecificity(a: Pattern, b: Pattern): number {
  const [left, right] = [rankOf(a), rankOf(b)]
  return left < right ? -1 : Number(left > right)
}

function rankOf({ host, segments, methods }: Pattern): string {
  const ranks = segments.map((segment) => ('literal' in segment ? `0${segment.literal}` : segment.isRest ? '3' : '1'))
  // The end of a path comes before a rest, and after what is longer.
  return [host === '' ? '1' : `0${host}`, ...ranks, '2', methods.length === 0 ? '1' : '0'].join('/')
}

/** @throws TypeError when `routes` is no plain object, or empty: a gateway that refuses every request is a mistake. */
export function readRouteEntries(routes: unknown): readonly (readonly [string, unknown])[] {
  checkPlain(routes, "routes must be an object such as { 'GET /orders/{id}': scope('Orders.Read') }.")
  const entries = Object.entries(routes)
  if (entries.length === 0) throw new TypeError('routes must name at least one route: all others are refused.')
  return entries
}
