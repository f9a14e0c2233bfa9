// What grants throws for an argument that it would ignore: a policy dropped in silence is an open door.
import { createMongoAbility } from '@casl/ability'
import * as wasm from '@cedar-policy/cedar-wasm/nodejs'
import { createResourceServer } from 'claimcheck'
import * as gateway from 'claimcheck/gateway'
import * as issuers from 'claimcheck/issuers'
import * as keyStore from 'claimcheck/key-store'
import * as policies from 'claimcheck/policy'
import * as authzen from 'claimcheck/policy/authzen'
import * as casl from 'claimcheck/policy/casl'
import * as cedar from 'claimcheck/policy/cedar'
import * as opa from 'claimcheck/policy/opa'
import * as testing from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'

type Callable = (...args: readonly unknown[]) => unknown

/** The functions that a module exports and that are not in `others`, with how many arguments each takes: 1, unless `more` says otherwise. */
function granting(
  module: object,
  others: readonly string[] = [],
  more: Readonly<Record<string, number>> = {},
): readonly (readonly [string, number, Callable])[] {
  return Object.entries(module)
    .filter(([name, value]) => typeof value === 'function' && !others.includes(name))
    .map(([name, value]) => [name, more[name] ?? 1, value as Callable] as const)
}

// These take as many names or policies as there are.
const several = ['scope', 'anyScope', 'role', 'permission', 'group', 'tenant', 'client', 'actor', 'allOf', 'anyOf']
// These are policies themselves, and are called with a query.
const ready = ['authenticated', 'user', 'application', 'device']
const two = { when: 2, withTimeout: 2, claim: 2, authorizationDetails: 2, scopeOrAppRole: 2 }
const readers = ['readActor', 'readAuthentication', 'readScopes', 'readString', 'readStrings', 'metadataUrls']
const checks = ['checkAccessToken', 'notAnAccessToken', 'principalKey']

describe.each([
  ['policy', granting(policies, [...several, ...ready, 'formatTrace'], { ...two, policy: 3, evaluate: 2 })],
  ['preset', granting(issuers, [...readers, ...checks], { withClaims: 2, pemPerKid: 2, jwkFromPem: 2 })],
  ['profile for tests', granting(testing, ['fetchFrom'], { createTestIssuer: 2, stsLike: 2 })],
  ['engine', granting({ ...casl, ...cedar, ...opa, ...authzen }, [], { discoverAuthzen: 2 })],
  ['key store', granting(keyStore)],
  ['gateway', granting(gateway, [], { fileSigningKeys: 2, printRecipe: 3 })],
])('a %s', (_, functions) => {
  it.each(functions)('%s() takes %d arguments and no more', async (name, max, make) => {
    const words = max === 1 ? '1 argument' : `${max} arguments`
    const refused = new TypeError(`${name}() takes ${words}, not ${max + 1}: the rest would be ignored.`)
    // In an async function, so that it does not matter whether the call throws or rejects.
    const call = async () => make(...Array.from({ length: max + 1 }, () => undefined))
    await expect(call()).rejects.toThrow(refused)
  })
})

describe('a resource server', () => {
  const api = createResourceServer({ issuer: 'https://sts.example.com', audience: 'https://api.example.com' })
  const request = { method: 'GET', url: '/', headers: [] }

  it('of requests authenticates one, and asks no policy about it', async () => {
    const refused = new TypeError('authenticate() takes 1 argument, not 2: the rest would be ignored.')
    await expect((api.authenticate as Callable)(request, policies.user)).rejects.toThrow(refused)
  })

  it('of policies declares one', () => {
    const refused = new TypeError('declare() takes 1 argument, not 2: the rest would be ignored.')
    expect(() => (api.declare as Callable)(policies.user, policies.device)).toThrow(refused)
  })
})

describe('an engine', () => {
  const map = () => ({}) as never
  const casl1 = casl.createCasl({ abilityFor: () => createMongoAbility(), map })
  const cedar1 = cedar.createCedar({ cedar: wasm, policies: 'permit (principal, action, resource);', map })
  const opa1 = opa.createOpa({ url: 'https://opa.example.com', map })
  const authzen1 = authzen.createAuthzen({ pdp: 'https://pdp.example.com', map })

  it.each<[string, { readonly policy: unknown }]>([
    ['CASL', casl1],
    ['Cedar', cedar1],
    ['OPA', opa1],
    ['AuthZEN', authzen1],
  ])('of %s gives a policy for one action', (_, engine) => {
    const refused = new TypeError('engine.policy() takes 1 argument, not 2: the rest would be ignored.')
    expect(() => (engine.policy as Callable)('read', 'write')).toThrow(refused)
  })

  it.each<[string, { readonly replace: unknown }, unknown]>([
    ['CASL', casl1, () => createMongoAbility()],
    ['Cedar', cedar1, 'forbid (principal, action, resource);'],
  ])('of %s takes one replacement', (_, engine, next) => {
    const refused = new TypeError('engine.replace() takes 1 argument, not 2: the rest would be ignored.')
    expect(() => (engine.replace as Callable)(next, next)).toThrow(refused)
  })
})
