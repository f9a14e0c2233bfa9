// Policies in JSON, by the names of claimcheck/policy: `{ "anyOf": [{ "scope": "a" }, { "role": "b" }] }`.
import { anonymous, optional } from '../gateway/access.ts'
import type { GatewayRequest } from '../gateway/request.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { claim } from '../policy/claim-rules.ts'
import { allOf, anyOf, not, withoutDefaultPolicy } from '../policy/combine.ts'
import { stepUp, type StepUpOptions } from '../policy/login-rules.ts'
import { ask, type Policy, type PolicyLike, type PolicyQuery } from '../policy/policy.ts'
import {
  actor,
  application,
  authenticated,
  client,
  device,
  group,
  permission,
  role,
  tenant,
  user,
} from '../policy/rules.ts'
import { anyScope, scope, scopeOrAppRole } from '../policy/scope-rules.ts'
import type { VerifiedToken } from '../verifier/verified-token.ts'
import { listOf, namedSchema, number, objectOf, oneOrMore, pathOf, readNamed, text, within, wrong } from './shape.ts'

type RoutePolicy = PolicyLike<VerifiedToken, GatewayRequest>
type Names = readonly [string, ...string[]]

/** Where a policy stands. */
interface Place {
  /** The parameters of its route; absent for the default policy, which knows no route. */
  readonly params?: readonly string[]
  readonly isNegated?: boolean
}

const plain = { authenticated, user, application, device }
const marks = { anonymous, optional }

/** Rules that take one name or several. */
const byNames: Readonly<Record<string, (...names: Names) => RoutePolicy>> = {
  scope,
  anyScope,
  scopeOrAppRole: (...names) => scopeOrAppRole(...(names as unknown as readonly [string, string])),
  role,
  permission,
  group,
  tenant,
  client,
  actor: (...names) => actor(...names),
}

const combinators: Readonly<Record<string, (...members: readonly RoutePolicy[]) => unknown>> = { allOf, anyOf }
const wrappers: Readonly<Record<string, (member: RoutePolicy) => unknown>> = { not, withoutDefaultPolicy }

const login = objectOf({
  acrValues: [listOf(text), 'One of these authentication context classes, the preferred first.'],
  maxAgeSeconds: [number, 'At most this many seconds ago.'],
})

const names = [...Object.keys(byNames), ...Object.keys(combinators), ...Object.keys(wrappers), 'claim', 'stepUp']
const nameShape = oneOrMore(text)
const reference = { $ref: '#/definitions/policy' }
const param = { type: 'object', properties: { param: text.schema }, required: ['param'], additionalProperties: false }

/** The schemas that policies refer to. */
export const policyDefinitions: JsonObject = {
  policy: {
    anyOf: [
      { enum: Object.keys(plain) },
      namedSchema({
        ...Object.fromEntries(Object.keys(byNames).map((name) => [name, nameShape.schema])),
        ...Object.fromEntries(
          Object.keys(combinators).map((name) => [name, { type: 'array', minItems: 1, items: reference }]),
        ),
        ...Object.fromEntries(Object.keys(wrappers).map((name) => [name, reference])),
        claim: {
          type: 'object',
          minProperties: 1,
          additionalProperties: { anyOf: [{ type: ['string', 'number', 'boolean'] }, param] },
        },
        stepUp: login.schema,
      }),
    ],
  },
}
export const policySchema: JsonObject = reference
export const routeSchema: JsonObject = { anyOf: [{ enum: Object.keys(marks) }, reference] }

/** Reads the right-hand side of the route `key`. @throws TypeError with the path. */
export function readRoute(value: unknown, at: string, key: string): unknown {
  if (typeof value === 'string' && Object.hasOwn(marks, value)) return marks[value as keyof typeof marks]
  const params = [...key.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)].map(([, name = '']) => name)
  return readPolicy(value, at, { params })
}

/** Reads a policy. @throws TypeError with the path. */
export function readPolicy(value: unknown, at: string, place: Place = {}): RoutePolicy {
  if (typeof value === 'string') {
    if (Object.hasOwn(plain, value)) return plain[value as keyof typeof plain]
    throw wrong(
      at,
      `there is no rule '${value}'. There are: ${Object.keys(plain).join(', ')}, and objects such as { "scope": "Orders.Read" }.`,
    )
  }
  const [name, inner] = readNamed(value, at, names)
  const path = pathOf(at, name)
  if (name === 'claim') return readClaims(inner, path, place)
  if (name === 'stepUp') return within(path, () => stepUp(login.read(inner, '') as StepUpOptions))
  const rule = byNames[name]
  if (rule) {
    const list = [nameShape.read(inner, path)].flat() as unknown as Names
    return within(path, () => rule(...list))
  }
  const combine = combinators[name]
  if (combine) {
    if (!Array.isArray(inner) || inner.length === 0) throw wrong(path, 'this must be a list of policies.')
    const members = inner.map((one, index) => readPolicy(one, `${path}[${index}]`, place))
    return within(path, () => combine(...members) as RoutePolicy)
  }
  const member = readPolicy(inner, path, { ...place, isNegated: place.isNegated === true || name === 'not' })
  return within(path, () => wrappers[name]?.(member) as RoutePolicy)
}

/** All of the claims must be as they are written, or as the parameter of the route has it. */
function readClaims(value: unknown, at: string, place: Place): RoutePolicy {
  const entries = isJsonObject(value) ? Object.entries(value) : []
  if (entries.length === 0) throw wrong(at, 'this must be an object of claims, such as { "email_verified": true }.')
  const rules = entries.map(([name, expected]) => readClaim(name, expected, pathOf(at, name), place))
  return rules.length === 1 && rules[0] ? rules[0] : allOf(...rules)
}

function readClaim(name: string, expected: unknown, at: string, place: Place): RoutePolicy {
  if (!isJsonObject(expected)) return within(at, () => claim(name, expected as string) as RoutePolicy)
  const [, param] = readNamed(expected, at, ['param'])
  const path = pathOf(at, 'param')
  const known = place.params ?? []
  if (typeof param !== 'string' || !known.includes(param))
    throw wrong(path, known.length === 0 ? 'this place has no parameters.' : `the route has: ${known.join(', ')}.`)
  // An upstream may read a parameter in another letter case: "not alice" would let Alice in.
  if (place.isNegated === true)
    throw wrong(path, 'a parameter must not be compared within "not": upstreams read them in several ways.')
  return claimIsParam(name, param)
}

/** Compares a claim with a parameter of the route, by the rules of `claim()`. */
function claimIsParam(name: string, param: string): Policy<VerifiedToken, GatewayRequest> {
  return {
    id: `claim(${name} = {${param}})`,
    evaluate: (query: PolicyQuery<VerifiedToken, GatewayRequest>) => {
      const expected = query.resource.params[param]
      // `{rest...}` may be empty, and so may a claim: nothing is equal to nothing.
      if (expected === undefined || expected === '') return { effect: 'deny' }
      return ask(claim(name, expected) as Policy<VerifiedToken, GatewayRequest>, query)
    },
  }
}
