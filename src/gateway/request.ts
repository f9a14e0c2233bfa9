// What a gateway tells of a request: read into a route's question and into the resource that policies are asked about.
import type { RequestView } from '../http/request-view.ts'
import { type Target, readTarget } from './targets.ts'

/** A header line: its name in any letter case, and its value. */
export type HeaderLine = readonly [name: string, value: string]

/** A request as a gateway tells it. Every member is the gateway's word: never take one from the client. */
export interface GatewayCheck {
  readonly method: string
  /** The target as the client sent it, undecoded: `/orders/1?page=2`. */
  readonly target: string
  /** The authority that the client called, with its port where there is one. */
  readonly host: string
  /** `http` or `https`; `ws` and `wss` count as these. */
  readonly scheme: string
  /** The client's header lines, as received. */
  readonly headers: readonly HeaderLine[]
  readonly clientAddress?: string
  /** Set when header lines may be missing, a second `Authorization` among them: such a request is refused. */
  readonly headersTruncated?: boolean
}

/** The resource of a route's policy: the request, with the parameters of its pattern. */
export interface GatewayRequest<Params = Readonly<Record<string, string>>> {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** In lower case, without a port. */
  readonly host: string
  /** As sent, undecoded. */
  readonly path: string
  /** As sent, undecoded, without the question mark. */
  readonly query: string
  /**
   * Decoded once, in the letter case that was sent. Every reading of the path comes to this route, but an upstream may read a
   * parameter in another letter case, or without `;…` at its end: compare it for equality with what the caller may have.
   */
  readonly params: Params
  /** The key of the route. */
  readonly route: string
  /** The address of the client as the gateway saw it, where it told one. */
  readonly clientAddress?: string
  /** The value of a header of the client. The values of several lines are joined by `, `. */
  header(name: string): string | undefined
}

/** The parts of a request that choose its route. */
export interface ReadRequest {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly origin: string
  readonly target: Target
  /** Every reading of the method: as told, in upper case, and what the client would have it overridden with. */
  readonly methods: readonly string[]
  readonly isOverridden: boolean
}

const schemes: Readonly<Record<string, 'http' | 'https'>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }
const token = /^[\w!#$%&'*+\-.^`|~]+$/
// Without a dot at the end: with it, a host has a second name.
const authority = /^(?<host>[a-z0-9_](?:[a-z0-9_-]|\.(?!\.))*(?<!\.)|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
const maxOverrides = 8
// IIS, Symfony and Zend have obeyed these in place of the target.
const targetOverrides = ['x-original-url', 'x-rewrite-url']

/** Reads `check`. `undefined` when it has no meaning, or more than one. */
export function readRequest({ method, target: sent, host, scheme, headers }: GatewayCheck): ReadRequest | undefined {
  const known = Object.hasOwn(schemes, scheme.toLowerCase()) ? schemes[scheme.toLowerCase()] : undefined
  const name = authority.exec(host)?.groups?.host?.toLowerCase()
  const target = readTarget(sent)
  if (known === undefined || name === undefined || target === undefined || !token.test(method)) return undefined
  if (overridesOf(headers, targetOverrides).some((value) => value !== sent)) return undefined
  const overrides = [...overridesOf(headers, methodOverrides), ...methodsIn(sent), ...methodsIn(target.decoded)]
  // Each costs all readings of the path. An honest request has one.
  if (overrides.length > maxOverrides) return undefined
  const methods = [method, method.toUpperCase(), ...overrides.map((one) => one.trim().toUpperCase())]
  return {
    scheme: known,
    host: name,
    origin: `${known}://${host.toLowerCase()}`,
    target,
    methods: [...new Set(methods)],
    isOverridden: overrides.length > 0,
  }
}

/**
 * Frameworks that take `_method` from a form take it from the query, too. Some split that at `;`, and some begin it there. PHP drops blanks
 * before a name, reads a dot or a blank as an underscore, and ends a name at NUL.
 */
function methodsIn(target: string): readonly string[] {
  const begin = target.search(/[?;]/)
  if (begin < 0) return []
  const form = new URLSearchParams(target.slice(begin).replace(/[?;]/g, '&'))
  return [...form].flatMap(([name, value]) => (/^ *[_. ]method(?:\0|$)/.test(name) ? value : []))
}

/** The values of all lines that a server may take for one of `names`: many turn every other character into an underscore. */
function overridesOf(headers: readonly HeaderLine[], names: readonly string[]): readonly string[] {
  const values: string[] = []
  for (const [one, value] of headers)
    if (names.some((name) => name.length === one.length && plainName(one) === name)) values.push(value)
  return values
}

/** A header name in lower case, with a hyphen for each character that is neither letter nor digit. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9-]/g, '-')
}

/**
 * The header lines that are the client's word. Identity headers and our own never are, in any spelling that an upstream may take for
 * them: no policy may read them as if they were. Those with other signs stay, since they refuse the request.
 */
export function clientLines(headers: readonly HeaderLine[], identity: ReadonlySet<string>): readonly HeaderLine[] {
  return headers.filter(([name]) => !isOurs(name, identity) || imitatesOne(name, identity))
}

/** True for every spelling of an identity header, and of our own. */
export function isOurs(name: string, identity: ReadonlySet<string>): boolean {
  // Identity headers begin with `X-` or `Remote-`: to read the others in every spelling would cost much.
  if (!/^[xr]/i.test(name)) return false
  const known = plainName(name)
  return identity.has(known) || known.startsWith('x-claimcheck-')
}

const oddSign = /[^a-z0-9-]/i

/**
 * Whether `name` is one of `names` (in lower case) with other signs. CGI and its heirs read `X_Auth_Subject` and `X.Auth.Subject` so, and
 * not every gateway takes them away.
 */
export function imitatesOne(name: string, names: ReadonlySet<string>): boolean {
  return oddSign.test(name) && names.has(plainName(name))
}

/** The values of all lines called `name`, which is in lower case. */
export function valuesOf(headers: readonly HeaderLine[], name: string): readonly string[] {
  const values: string[] = []
  for (const [one, value] of headers) if (one.length === name.length && one.toLowerCase() === name) values.push(value)
  return values
}

/**
 * True for a CORS preflight (Fetch §4.8) that no upstream can take for anything else: told as OPTIONS, overridden by nothing, with
 * one `Origin` and one `Access-Control-Request-Method`, which is returned.
 */
export function preflightMethod({ method, headers }: GatewayCheck, { isOverridden }: ReadRequest): string | undefined {
  const [asked, ...more] = valuesOf(headers, 'access-control-request-method')
  const isOne = method === 'OPTIONS' && !isOverridden && valuesOf(headers, 'origin').length === 1 && more.length === 0
  return isOne && asked !== undefined && token.test(asked) ? asked : undefined
}

/** The view of a question that told nothing. */
export const nothingKnown: RequestView = { method: '', url: '', headers: [] }
const requestId = /^[\w.:/+=-]{1,128}$/

/** The client's request, for the resource server. */
export function viewOf({ method, target, headers, headersTruncated }: GatewayCheck): RequestView {
  const [id, ...more] = valuesOf(headers, 'x-request-id')
  const view = { method, url: target, headers, ...(headersTruncated && { headersTruncated }) }
  return id !== undefined && more.length === 0 && requestId.test(id) ? { ...view, id } : view
}

/**
 * The resource of policies whose answer counts for other requests, too. To read any of it throws: an answer that depends on one request
 * would be remembered for all of them.
 */
export const anyRequest: GatewayRequest = new Proxy({} as GatewayRequest, {
  get: refuseReading,
  has: refuseReading,
  ownKeys: refuseReading,
  getOwnPropertyDescriptor: refuseReading,
})

function refuseReading(): never {
  throw new TypeError('this policy reads the request, so its answer must not be cached: leave out cached: true')
}

/** The client's request, for policies. */
export function resourceOf(
  { method, headers, clientAddress }: GatewayCheck,
  { scheme, host, target }: ReadRequest,
  { key, params }: { readonly key: string; readonly params: Readonly<Record<string, string>> },
): GatewayRequest {
  const { path, query } = target
  return Object.freeze({
    method,
    scheme,
    host,
    path,
    query,
    params,
    route: key,
    ...(clientAddress !== undefined && { clientAddress }),
    header(name: string): string | undefined {
      const values = valuesOf(headers, name.toLowerCase())
      return values.length === 0 ? undefined : values.join(', ')
    },
  })
}
