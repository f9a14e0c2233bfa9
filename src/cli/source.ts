// Where a configuration comes from: a file with JSON, JSON on the standard input, or a module with policies in code.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type JsonObject, parseJsonObject } from '../internal/json.ts'
import type { ClaimcheckEvent } from '../errors/events.ts'
import type { DecisionServer } from '../gateway/decision.ts'
import type { Gateway } from '../gateway/gateway-options.ts'
import { createGateway, decisionServerOf } from '../gateway/gateway.ts'
import type { KeyStore } from '../jwks/snapshot.ts'
import { createResourceServer, type ResourceServer, requestGuardOf } from '../server/resource-server.ts'
import { messageOf, missing } from './command.ts'
import { readApiConfiguration, readConfiguration, readServerExport, type ServerMembers } from './configuration.ts'
import { checksThatAreOff } from './off.ts'

/** A configuration that was read, with the gateway that was made of it. */
export interface Loaded {
  readonly server: ServerMembers
  readonly gateway: Gateway
  readonly decisions: DecisionServer
  /** The checks that are off, for people. */
  readonly off: readonly string[]
}

/** What the command adds to the options of the gateway. */
export interface Additions {
  readonly onEvent?: (event: ClaimcheckEvent) => void
  /** Used where the configuration has none. */
  readonly keyStore?: KeyStore
  /** Changes the options before anything is made of them. Not asked where a module has made it. */
  readonly adapt?: (options: object) => object
}

export interface Source {
  /** Whether it can be read once more. */
  readonly canReload: boolean
  /** Reads it. @throws TypeError for a configuration that cannot be used. */
  load(additions?: Additions): Promise<Loaded>
}

/** @throws TypeError for a name that is of no known form. */
export function sourceOf(config: string | undefined): Source {
  if (config === undefined) throw new TypeError('which configuration? Write --config FILE, or set CLAIMCHECK_CONFIG.')
  if (config === '-')
    return { canReload: false, load: async (additions) => loadJson(await readStdin(), 'stdin', additions) }
  const extension = extname(config)
  if (extension === '.json')
    return { canReload: true, load: async (additions) => loadJson(await readText(config), config, additions) }
  // What a module imports stays in the process: it would be loaded by halves.
  if (['.js', '.mjs', '.cjs', '.ts', '.mts'].includes(extension))
    return { canReload: false, load: async (additions) => loadModule(config, additions) }
  throw new TypeError(`the configuration must be .json, .js, .mjs or .ts, or - for JSON from stdin, not '${config}'.`)
}

/** Reads the standard input to its end. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new TypeError(messageOf(cause), { cause })
  }
}

function loadJson(text: string, name: string, additions: Additions = {}): Loaded {
  const value = parseJsonObject(text)
  if (!value) throw new TypeError(`${name}: ${problemOf(text)}`)
  const { server, options } = readConfiguration(value)
  return loadMade(server, makeGateway(options, additions), options, value)
}

function problemOf(text: string): string {
  try {
    JSON.parse(text)
  } catch (error) {
    return `this is no JSON: ${(error as Error).message}`
  }
  return 'this must be a JSON object that has no name twice and no more than 32 levels.'
}

async function loadModule(file: string, additions: Additions = {}): Promise<Loaded> {
  const module = await importModule(file)
  const { default: exported, server } = module
  if (typeof exported !== 'object' || exported === null)
    throw new TypeError(`${file}: the default export must be createGateway(…), or its options.`)
  const members = readServerExport(server)
  if (decisionServerOf(exported)) return loadMade(members, exported as Gateway)
  if ('decide' in exported)
    throw new TypeError(
      `${file}: this gateway is of another copy of claimcheck. Run the command of the same project: npx claimcheck.`,
    )
  return loadMade(members, makeGateway(exported, additions), exported)
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  } catch (cause) {
    if (!existsSync(file)) throw new TypeError(missing(file), { cause })
    const { code, message } = cause as NodeJS.ErrnoException
    const advice =
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' Compile it, or start node with tsx (Node 22.18 or newer needs neither).'
        : ''
    throw new TypeError(`${file}: ${message}${advice}`, { cause })
  }
}

function makeGateway(options: object, { onEvent, keyStore, adapt = (same) => same }: Additions): Gateway {
  const given = adapt(options) as { readonly api?: unknown; readonly onEvent?: (event: ClaimcheckEvent) => unknown }
  // A resource server that exists has its options already.
  if (given.api !== undefined) return createGateway(given as never)
  return createGateway({
    ...(keyStore && { keyStore }),
    ...given,
    ...(onEvent && {
      onEvent(event: ClaimcheckEvent) {
        onEvent(event)
        return given.onEvent?.(event)
      },
    }),
  } as never)
}

/** A configuration without routes has no gateway. */
export interface LoadedApi {
  readonly api: ResourceServer
  readonly gateway?: Loaded
}

/**
 * Reads a configuration of a gateway, or of a verifier: the same without routes. A module may also export a resource server.
 *
 * @throws TypeError as `Source.load` does.
 */
export async function loadApi(config: string, additions: Additions): Promise<LoadedApi> {
  const source = sourceOf(config)
  const options = await readApiOptions(config)
  if (options === undefined) {
    const gateway = await source.load(additions)
    return { api: gateway.gateway.api, gateway }
  }
  const made = options as ResourceServer
  if (requestGuardOf(made)) return { api: made }
  const { adapt = (same) => same } = additions
  return { api: createResourceServer(adapt(options) as never) }
}

/** The options of a verifier in `config`, or a resource server that its module has made. `undefined` where it is about a gateway. */
async function readApiOptions(config: string): Promise<object | undefined> {
  if (config === '-') return undefined
  if (extname(config) === '.json') {
    const written = parseJsonObject(await readText(config))
    return written && !Object.hasOwn(written, 'routes') ? readApiConfiguration(written) : undefined
  }
  const { default: exported } = await importModule(config)
  const made = Object(exported) as object
  return decisionServerOf(made) || 'routes' in made || 'decide' in made ? undefined : made
}

/** A gateway that was made, with the options and the JSON that it was made of, where they are known. */
export function loadMade(server: ServerMembers, gateway: Gateway, options?: object, written?: JsonObject): Loaded {
  const decisions = decisionServerOf(gateway)
  if (!decisions) throw new TypeError('the gateway is a copy of one that createGateway() has made.')
  return { server, gateway, decisions, off: checksThatAreOff(decisions.routes, options, written) }
}
