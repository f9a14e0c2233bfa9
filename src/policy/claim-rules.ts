// The rules about claims that claimcheck itself does not read, and about grants of RFC 9396.
import type { StandardSchema } from '../jwt/schema.ts'
import { yesOrNo } from './decision.ts'
import { decideAbsence } from './rules.ts'
import { declaredRequirements } from './requirements.ts'
import { builtInOf } from '../internal/freeze.ts'
import { isThenable } from '../internal/maybe-promise.ts'
import { checkArgumentCount } from '../internal/options.ts'
import { type Policy, whenSettled } from './policy.ts'

/** The part of a caller that a rule about the claim `N` needs. */
export type HasClaim<N extends string> = {
  readonly claims: { readonly [name in N]?: unknown } | { readonly [name: string]: unknown }
}

type Primitive = string | number | boolean
type Predicate = (value: unknown) => boolean | PromiseLike<boolean>

/**
 * Requires a claim. `expected` is one of three:
 * - a value that the claim must be, or must hold where it is a list,
 * - a function of the claim's value (`undefined` when absent) that answers `true` or `false`, or a promise of it,
 * - a Standard Schema (zod, valibot, …) that the claim's value must satisfy.
 *
 * `path` is the claim's name, taken literally, or a list of names that leads into nested objects. A Date, URL, Map or Set
 * of a claims schema needs a function or a schema: compared with a value, it is indeterminate.
 *
 * The claim of the caller's groups (`principal.groups.claim`) is compared like `group()`: GUIDs without regard to case, and
 * an absent value is indeterminate unless the groups are complete. A function or schema gets the claim as it is, and its
 * answer counts.
 *
 * @example claim('email_verified', true)
 * @example claim(['address', 'country'], (country) => country === 'CH')
 */
export function claim<const N extends string>(
  path: N | readonly [N, ...string[]],
  expected: Primitive | Predicate | StandardSchema,
): Policy<HasClaim<N>> {
  checkArgumentCount('claim()', arguments, 2)
  const names: readonly string[] = [path].flat()
  if (names.length === 0 || names.some((name) => typeof name !== 'string'))
    throw new TypeError('claim() needs the name of a claim.')
  const id = `claim(${names.join('.')})`
  const check = typeof expected === 'object' ? satisfies(expected) : expected
  if (typeof check === 'function') {
    // Only true and false count: a predicate that returns the claim itself must not let the claim decide.
    return { id, evaluate: ({ auth }) => whenSettled(() => check(memberAt(auth.claims, names)), yesOrNo) }
  }
  if (!['string', 'number', 'boolean'].includes(typeof check)) {
    throw new TypeError('claim() needs a string, number, boolean, function or schema to compare with.')
  }
  return {
    id,
    evaluate: ({ auth }) => {
      const held = memberAt(auth.claims, names)
      return isOrHolds(held, check) ? { effect: 'allow' } : decideAbsence(auth, names[0], { held, wanted: check })
    },
  }
}

/**
 * Requires a grant of `type` in `authorization_details` (RFC 9396 §9.1) that satisfies `expected`, a Standard Schema or a
 * function. A type that no policy asks for grants nothing.
 *
 * No challenge can ask for such a grant, so the client gets a plain 403. `missing` of the decision names the type.
 *
 * @example authorizationDetails('payment', z.object({ type: z.literal('payment'), amount: z.number().min(100) }))
 */
export function authorizationDetails(
  type: string,
  expected: Predicate | StandardSchema = () => true,
): Policy<HasClaim<'authorization_details'>> {
  checkArgumentCount('authorizationDetails()', arguments, 2)
  if (typeof type !== 'string' || type === '') throw new TypeError('authorizationDetails() needs a type.')
  const check = typeof expected === 'object' ? satisfies(expected) : expected
  if (typeof check !== 'function')
    throw new TypeError('authorizationDetails() needs a function or a schema to check a grant with.')
  const missing = declaredRequirements({ kind: 'authorization-details', types: [type] })
  return {
    id: `authorizationDetails(${type})`,
    requires: missing,
    evaluate: ({ auth }) =>
      whenSettled(
        () => someGrant(grantsOf(memberAt(auth.claims, ['authorization_details']), type), check),
        (granted) => (granted ? { effect: 'allow' } : { effect: 'deny', missing }),
      ),
  }
}

function grantsOf(details: unknown, type: string): readonly unknown[] {
  checkPlainData(details)
  // "an array of JSON objects" with a member "type" (RFC 9396 §2). Anything else grants nothing.
  return Array.isArray(details) ? details.filter((one: unknown) => memberAt(one, ['type']) === type) : []
}

/** Checks one grant after the other, synchronously while the answers are. */
function someGrant(grants: readonly unknown[], check: Predicate): boolean | Promise<boolean> {
  for (const [index, grant] of grants.entries()) {
    const answer = check(grant)
    if (isThenable(answer)) {
      const rest = grants.slice(index + 1)
      return Promise.resolve(answer).then((settled) => isYes(settled) || someGrant(rest, check))
    }
    if (isYes(answer)) return true
  }
  return false
}

function isYes(answer: unknown): boolean {
  return yesOrNo(answer).effect === 'allow'
}

function satisfies(schema: StandardSchema | null): Predicate | undefined {
  const standard = schema?.['~standard']
  if (typeof standard?.validate !== 'function') return undefined
  return (value) => {
    const result = standard.validate(value)
    return isThenable(result) ? Promise.resolve(result).then(isValid) : isValid(result)
  }
}

/** @throws TypeError for a result that a schema cannot have: it says neither yes nor no. */
function isValid(result: { readonly issues?: unknown }): boolean {
  if (Array.isArray(result.issues)) return false
  if (result.issues === undefined && Object.hasOwn(result, 'value')) return true
  throw new TypeError('A schema answered with neither a value nor issues.')
}

/** Reads own members only: a claim named like an inherited member is absent unless it was sent. */
function memberAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value
  checkPlainData(value)
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return memberAt((value as Record<string, unknown>)[name], rest)
}

/**
 * A schema may put out a Map, Set, Date, URL or function. Their contents are no members: "not found" would be a no, and `not`
 * would make a yes of it.
 *
 * @throws TypeError for these, so that the rule is indeterminate.
 */
function checkPlainData(value: unknown): void {
  const builtIn = typeof value === 'object' && value !== null ? builtInOf(value) : undefined
  const isPlain = builtIn === undefined || builtIn === 'Object' || builtIn === 'Array'
  if (isPlain && typeof value !== 'function') return
  throw new TypeError(`claim() compares plain data only: give it a function for what a ${builtIn ?? 'function'} has.`)
}

function isOrHolds(value: unknown, expected: Primitive | undefined): boolean {
  checkPlainData(value)
  return value === expected || (Array.isArray(value) && value.includes(expected))
}
