// The table of a configuration in JSON: the options of createGateway, and those of the server around it. gateway.schema.json comes from it.
import { type AssertionKeys, fileSigningKeys } from '../gateway/signing-keys.ts'
import { dialects } from '../gateway/dialects/dialects.ts'
import type { JsonObject } from '../internal/json.ts'
import { fileKeyStore } from '../jwks/file-key-store.ts'
import * as issuers from '../presets/index.ts'
import { policyDefinitions, policySchema, readPolicy, readRoute, routeSchema } from './policies.ts'
import { readSecret, secretSchema } from './secrets.ts'
import {
  flag,
  listOf,
  type Members,
  namedSchema,
  number,
  objectOf,
  oneOf,
  oneOrMore,
  orElse,
  readNamed,
  recordOf,
  type Shape,
  text,
  within,
  wrong,
} from './shape.ts'

const { withClaims: _withClaims, jwkFromPem: _jwkFromPem, ...presets } = issuers
const presetNames = Object.keys(presets)
const dialectNames = Object.keys(dialects)

/** The members about the server. A module exports them as `server`. */
const serverMembers: Members = {
  dialects: [listOf(oneOf(...dialectNames)), 'The kinds of gateways that ask.'],
  listen: [text, 'Where gateways ask: "127.0.0.1:9001" (default), or "unix:/run/claimcheck.sock".'],
  admin: [text, 'Where /healthz, /readyz and /metrics are: "127.0.0.1:9002" (default).'],
  trust: [
    objectOf({
      addresses: [listOf(text), 'The gateways to believe: addresses, or networks such as "10.0.0.0/8".'],
      secret: [
        { schema: secretSchema, read: readSecret },
        'What the gateway sends as X-Claimcheck-Secret: at least 32 characters.',
      ],
    }),
    'The gateways to believe. Required where other machines reach the server.',
  ],
  drainSeconds: [number, 'How long to go on after SIGTERM. Default 5.'],
  log: [oneOf('json', 'text', 'silent'), 'The form of the log. Default "json".'],
}

const issuer: Shape = {
  schema: {
    anyOf: [text.schema, namedSchema(Object.fromEntries(presetNames.map((name) => [name, { type: 'object' }])))],
  },
  read(value, at) {
    if (typeof value === 'string') return text.read(value, at)
    const [name, options] = readNamed(value, at, presetNames)
    const preset = presets[name as keyof typeof presets] as (options: unknown) => unknown
    return within(`${at}.${name}`, () => preset(options))
  },
}

/** A value that a function of the package makes of a directory: `{ "fileKeyStore": "/var/lib/claimcheck/keys" }`. */
function ofDirectory(name: string, make: (directory: string) => unknown): Shape {
  return {
    schema: namedSchema({ [name]: text.schema }),
    read(value, at) {
      const [, directory] = readNamed(value, at, [name])
      const path = `${at}.${name}`
      const checked = text.read(directory, path)
      return within(path, () => make(checked))
    },
  }
}

/** Made at first use: `check` and `recipe` run where there is no such directory, and must not create it. */
function lazySigningKeys(directory: string): AssertionKeys {
  let made: AssertionKeys | undefined
  const keys = (): AssertionKeys => (made ??= fileSigningKeys(directory))
  return { current: () => keys().current(), jwks: () => keys().jwks() }
}

const gatewayMembers: Members = {
  issuer: [oneOrMore(issuer), 'Whose tokens are accepted: an identifier, a preset by its name, or a list of these.'],
  audience: [orElse(oneOf(null), oneOrMore(text)), 'What aud must name. null accepts tokens meant for any API.'],
  routes: [recordOf(readRoute, routeSchema), 'Patterns, and who may pass. All other requests are refused.'],
  policy: [
    { schema: policySchema, read: (value, at) => readPolicy(value, at) },
    'Asked in addition to the policy of every route.',
  ],
  assertion: [
    objectOf(
      {
        issuer: [text, 'Its iss: any name for this gateway.'],
        audience: [text, 'Its aud: the API.'],
        keys: [ofDirectory('fileSigningKeys', lazySigningKeys), 'The directory of its keys.'],
        lifetimeSeconds: [number, 'Default 30.'],
      },
      ['issuer', 'audience', 'keys'],
    ),
    'Adds X-Auth-Assertion, for an API that checks it by gatewayAssertion().',
  ],
  preflight: [flag, 'Lets CORS preflights for routes of the table through. Default false.'],
  deadlineMs: [number, 'How long a decision may take. Default 1500.'],
  realm: [text, 'The realm of the challenges. Default "api".'],
  publishScopes: [flag, 'Whether a client without a token learns the scopes. Default true.'],
  metadata: [
    objectOf(
      {
        resource: [oneOrMore(text), 'The https URL that clients call.'],
        description: [
          recordOf((value, at) => text.read(value, at), text.schema),
          'Names and pages for people (RFC 9728 §2).',
        ],
        authorizationServers: [listOf(text), 'Default: the issuers.'],
      },
      ['resource'],
    ),
    'Names protected resource metadata (RFC 9728) in every challenge.',
  ],
  clockToleranceSeconds: [number, 'How far the clocks may differ. Default 30.'],
  requiredClaims: [listOf(text), 'Claims that every token must have, besides iss, exp and aud.'],
  maxTokenAgeSeconds: [number, 'Refuses tokens issued longer ago.'],
  maxTokenBytes: [number, 'Refuses longer tokens. Default 16384.'],
  fetchTimeoutMs: [number, 'How long metadata and keys may take. Default 5000.'],
  keyCache: [
    objectOf({
      maxFreshSeconds: [number, 'Default 3600.'],
      staleSeconds: [number, 'Default 86400.'],
      graceSeconds: [number, 'Default 0.'],
      unknownKidBurst: [number, 'Default 3.'],
      unknownKidRefillSeconds: [number, 'Default 10.'],
    }),
    'How the keys of all issuers are kept.',
  ],
  keyStore: [ofDirectory('fileKeyStore', fileKeyStore), 'Keeps the keys beyond this process.'],
  tokenCache: [
    orElse(oneOf(false), objectOf({ maxTokens: [number, 'Default 10000.'], maxBytes: [number, 'Default 33554432.'] })),
    'How many verified tokens are remembered. false verifies every token anew.',
  ],
}

/** The members about a verifier and its resource server. */
const { routes: _, assertion: __, preflight: ___, deadlineMs: ____, ...apiMembers } = gatewayMembers

const required = ['dialects', 'issuer', 'routes']
const configuration = objectOf(
  { $schema: [text, 'The address of this schema, for editors.'], ...serverMembers, ...gatewayMembers },
  required,
)
const server = objectOf(serverMembers, ['dialects'])
const api = objectOf(apiMembers, ['issuer'])

/** What the server is told besides the gateway. */
export interface ServerMembers {
  readonly dialects: readonly (keyof typeof dialects)[]
  readonly listen?: string
  readonly admin?: string
  readonly trust?: { readonly addresses?: readonly string[]; readonly secret?: string }
  readonly drainSeconds?: number
  readonly log?: 'json' | 'text' | 'silent'
}

/** The JSON Schema of a configuration. */
export function configurationSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of claimcheck serve',
    ...configuration.schema,
    definitions: policyDefinitions,
  }
}

/** Reads a configuration. @throws TypeError with the path of what is wrong. */
export function readConfiguration(value: unknown): { readonly server: ServerMembers; readonly options: JsonObject } {
  const read = configuration.read(value, '')
  const part = (of: Members): JsonObject =>
    Object.fromEntries(Object.entries(read).filter(([name]) => Object.hasOwn(of, name)))
  return { server: part(serverMembers) as unknown as ServerMembers, options: part(gatewayMembers) }
}

/** Reads a configuration without routes: that of a verifier. @throws TypeError with the path of what is wrong. */
export function readApiConfiguration(value: unknown): JsonObject {
  return api.read(value, '')
}

/** Reads what a module exports as `server`. @throws TypeError with the path of what is wrong. */
export function readServerExport(value: unknown): ServerMembers {
  if (value === undefined)
    throw wrong('server', "the module must export it: export const server = { dialects: ['nginx'] }")
  return server.read(value, 'server') as unknown as ServerMembers
}
