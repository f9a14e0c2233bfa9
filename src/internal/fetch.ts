// fetch, and what is done in its place: Node takes longer to load its own than a new process for all else that its first token waits
// for. So until the application has loaded it, node:http fetches.
import type { Agent, IncomingMessage } from 'node:http'
import { hasLogin } from './urls.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What is asked of a `fetch`. */
export interface FetchRequest {
  readonly redirect: 'manual'
  readonly signal: AbortSignal
  readonly headers: Readonly<Record<string, string>>
  readonly method?: 'POST'
  readonly body?: string
}

/** What is read of a `Response`. */
export interface Answer {
  readonly status: number
  readonly redirected: boolean
  readonly headers: { get(name: string): string | null }
  readonly body: {
    cancel(): Promise<void>
    getReader(): {
      read(): Promise<{ readonly done?: false; readonly value: Uint8Array } | { readonly done: true }>
      cancel(): Promise<void>
    }
  } | null
}

/**
 * Calls `fetch`, but for Node's own that has not been loaded: by a request of the application's, or by its setting a dispatcher
 * (`setGlobalDispatcher`, `NODE_USE_ENV_PROXY`). What takes its place does the same.
 */
export async function fetchBy(fetch: Fetch, url: string, request: FetchRequest): Promise<Answer> {
  return isUnloaded(fetch) ? fetchOverHttp(fetch, url, request) : fetch(url, request)
}

/**
 * Node's own `fetch` is known by its source, in its own realm; wrappers that say that they are what they wrap, as those of monitoring
 * do, have more properties. What it loads leaves its dispatcher for all who have a copy of it.
 */
function isUnloaded(fetch: Fetch): boolean {
  const isOfThisRealm = Object.getPrototypeOf(fetch) === Function.prototype
  if (!isOfThisRealm || Reflect.ownKeys(fetch).map(String).join() !== 'length,name,prototype') return false
  const isLoaded = Object.getOwnPropertySymbols(globalThis).some((symbol) =>
    symbol.description?.startsWith('undici.globalDispatcher.'),
  )
  return !isLoaded && Function.prototype.toString.call(fetch).includes('internal/deps/undici')
}

/** Does what `fetch` does with `redirect: 'manual'`, by node:http. Leaves to it what it may refuse, or this cannot do. */
export async function fetchOverHttp(fetch: Fetch, url: string, request: FetchRequest): Promise<Answer> {
  const address = new URL(url)
  const module = isOrdinary(address, request) ? httpModuleFor(address) : undefined
  if (!module) return fetch(url, request)
  const message = await send(module, url, request)
  if (message.statusCode !== 200 || isPlain(message)) return answerOf(message)
  // No encoding was asked for, but there are servers that have nothing else.
  message.destroy()
  return fetch(url, request)
}

/** A GET of a web server: up to port 10080 there are those of other services, which `fetch` asks nothing. */
function isOrdinary(address: URL, { body }: FetchRequest): boolean {
  const { port } = address
  return body === undefined && (port === '' || Number(port) > 10_080) && !hasLogin(address)
}

function httpModuleFor({ protocol }: URL): HttpModule | undefined {
  return globalThis.process?.getBuiltinModule?.(protocol === 'https:' ? 'node:https' : 'node:http')
}

function isPlain({ headers: { 'content-encoding': encoding = '' } }: IncomingMessage): boolean {
  return encoding === '' || encoding.toLowerCase() === 'identity'
}

type HttpModule = typeof import('node:http') | typeof import('node:https')

function send(module: HttpModule, url: string, { headers, signal }: FetchRequest): Promise<IncomingMessage> {
  const options = {
    agent: agentOf(module),
    // There are firewalls that let nobody in who does not say what he is.
    headers: { 'user-agent': 'node', 'accept-encoding': 'identity', ...headers },
    signal,
    // Not for `--insecure-http-parser` to change: fetch is as strict.
    insecureHTTPParser: false,
  }
  return new Promise((resolve, reject) => {
    const request = module.request(url, options, resolve)
    // These stay: what happens to the connection after an answer is the reader's, or nobody's.
    request.on('error', reject).on('close', () => reject(new Error('closed without an answer')))
    request.end()
  })
}

const agents = new Map<HttpModule, Agent>()

/** One of our own: what an application allows its requests by the global agent, a bad certificate perhaps, is not for keys. */
function agentOf(module: HttpModule): Agent {
  const agent = agents.get(module) ?? new module.Agent(agentOptions)
  agents.set(module, agent)
  return agent
}

const agentOptions = {
  // As long as fetch keeps a connection that nobody uses; and one only, since a retry must not find another that is as dead.
  keepAlive: true,
  timeout: 4000,
  maxFreeSockets: 1,
  // A session that is taken up again is not verified again.
  maxCachedSessions: 0,
  ALPNProtocols: ['http/1.1'],
}

function answerOf(message: IncomingMessage): Answer {
  const chunks = message[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  const cancel = async (): Promise<void> => void message.destroy()
  return {
    status: message.statusCode ?? 0,
    redirected: false,
    headers: { get: (name) => message.headersDistinct[name]?.join(', ') ?? null },
    body: { cancel, getReader: () => ({ read: () => chunks.next(), cancel }) },
  }
}
