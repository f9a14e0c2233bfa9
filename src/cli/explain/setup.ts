// The resource server that is asked, and the gateway around it: those of a configuration, or of a preset and its options.
import { readFileSync } from 'node:fs'
import type { DialectName } from '../../gateway/dialects/dialects.ts'
import type { DecisionServer } from '../../gateway/decision.ts'
import { type JsonObject, parseJsonObject } from '../../internal/json.ts'
import type { KeyStore } from '../../jwks/snapshot.ts'
import * as presets from '../../presets/index.ts'
import type { RequestGuard } from '../../server/request-guard.ts'
import { createResourceServer, type ResourceServer, toRequestGuard } from '../../server/resource-server.ts'
import { messageOf } from '../command.ts'
import { loadApi } from '../source.ts'
import type { ExplainArguments } from './arguments.ts'

export interface Setup {
  readonly guard: RequestGuard<Record<string, unknown>>
  /** The issuers that it trusts, as far as they can be named. */
  readonly issuers: readonly string[]
  /** Keys that stand in for those of every issuer. */
  readonly jwks?: JsonObject
  readonly gateway?: { readonly decisions: DecisionServer; readonly dialects: readonly DialectName[] }
}

/** Options of tests, such as a clock. */
export type BaseOptions = Readonly<Record<string, unknown>>

const { withClaims: _, jwkFromPem: __, ...makers } = presets

/** `undefined` when the arguments name no issuer. @throws TypeError for a configuration that cannot be used. */
export async function createSetup(args: ExplainArguments, base: BaseOptions): Promise<Setup | undefined> {
  const { config, preset, options, jwks } = args
  const keys = jwks === undefined ? {} : { jwks: readJwks(jwks) }
  if (config !== undefined) {
    const { api, gateway } = await loadApi(config, { adapt: (given) => ({ ...base, ...readOnly(given) }) })
    const dialects = gateway?.server.dialects ?? []
    return { ...partsOf(api), ...keys, ...(gateway && { gateway: { decisions: gateway.decisions, dialects } }) }
  }
  if (preset === undefined && !Object.hasOwn(options, 'issuer')) return undefined
  const issuer = makeIssuer(preset ?? 'oidc', options)
  return { ...partsOf(createResourceServer({ ...base, issuer } as never)), ...keys }
}

function partsOf(api: ResourceServer): Pick<Setup, 'guard' | 'issuers'> {
  return { guard: toRequestGuard(api), issuers: api.keys().map(({ issuer }) => issuer) }
}

function makeIssuer(name: string, options: Readonly<Record<string, unknown>>): unknown {
  if (!Object.hasOwn(makers, name))
    throw new TypeError(`there is no preset of this name. There are: ${Object.keys(makers).join(', ')}.`)
  const make = makers[name as keyof typeof makers] as (given: unknown) => unknown
  return make(options)
}

/** An explanation leaves no file behind, nor one that belongs to another user than the server's. It is no refusal that an audit counts. */
function readOnly(given: object): object {
  const { onEvent: _, ...options } = given as { readonly onEvent?: unknown; readonly keyStore?: KeyStore }
  const { keyStore } = options
  if (typeof keyStore?.load !== 'function') return options
  return { ...options, keyStore: { load: async (issuer: string) => keyStore.load(issuer), save: async () => {} } }
}

function readJwks(file: string): JsonObject {
  const jwks = parseJsonObject(readText(file))
  if (!Array.isArray(jwks?.keys)) throw new TypeError('--jwks must name a file with a JWK Set: { "keys": [ … ] }.')
  return jwks
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TypeError(`--jwks: ${messageOf(cause)}`, { cause })
  }
}
