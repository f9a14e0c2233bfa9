// Policies made of policies. Between yes and no there are two more answers: what could not be decided is neither, and a
// veto (`final`) beats everything. From strong to weak:
//   allOf  veto · in doubt, and it could be a veto · no · in doubt · yes
//   anyOf  veto · in doubt, and it could be a veto · yes · in doubt · no
import type { Decision, Reason, Unmet } from './decision.ts'
import {
  ask,
  composed,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  toPolicy,
} from './policy.ts'

// `never` lets members with different needs stand in one list; what each needs is inferred, and the result demands it all.
export type Member = PolicyLike<never, never>
type QueryOf<M> = M extends Policy<infer A, infer R> | PolicyFunction<infer A, infer R> ? PolicyQuery<A, R> : never
type Both<Q> = (Q extends unknown ? (one: Q) => void : never) extends (all: infer I extends PolicyQuery) => void
  ? I
  : never

/** A policy that needs of caller and resource what all of `M` need. */
export type Combined<M extends readonly Member[]> = Policy<
  Both<QueryOf<M[number]>>['auth'],
  Both<QueryOf<M[number]>>['resource']
>

/** Members in the order in which they are asked: those that may veto come first, and there are `vetoers` of them. */
interface Members {
  readonly policies: readonly [Policy, ...Policy[]]
  readonly vetoers: number
}

/**
 * Allows when every member allows. Asks from left to right, but first those that may veto; after a denial it only asks
 * members that declare what they require, so that one challenge can name all of it. A denial that nothing could help
 * leaves no challenge.
 */
export function allOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('allOf', members)
  const ordered = vetoersFirst(policies)
  return compose(
    `allOf(${idsOf(policies)})`,
    policies,
    policies.flatMap(({ requires = [] }) => requires),
    (query) => askAll(ordered, query, 0, nothingHeard()),
  )
}

/**
 * Allows when one member allows, and asks no further. Members that may veto are asked first, and all of them. Among
 * denials the first that names what would help is the one that the client is told: put the preferred way first.
 */
export function anyOf<M extends readonly Member[]>(...members: M): Combined<M> {
  const policies = atLeastOne('anyOf', members)
  const ordered = vetoersFirst(policies)
  const preferred = policies.find(({ requires }) => requires?.length)?.requires ?? []
  return compose(`anyOf(${idsOf(policies)})`, policies, preferred, (query) => askAny(ordered, query, 0, nothingHeard()))
}

/** Turns allow into deny and deny into allow. What is indeterminate stays so, and so does a veto. */
export function not<M extends Member>(member: M): Combined<readonly [M]> {
  const policy = toPolicy(member) as Policy
  return compose(`not(${policy.id})`, [policy], [], (query) => {
    const decision = ask(policy, query)
    return decision instanceof Promise ? decision.then(negated) : negated(decision)
  })
}

/**
 * Demands `member` of those whom `condition` allows, and nothing of others. It is `anyOf(not(condition), member)`: when
 * the condition cannot tell, `member` decides. Nothing of it stands in the challenge of a request without a token.
 *
 * @example when(({ resource }: PolicyQuery<unknown, Order>) => resource.total > 1000, stepUp({ acrValues: ['mfa'] }))
 */
export function when<C extends Member, M extends Member>(condition: C, member: M): Combined<readonly [C, M]> {
  const policies = [toPolicy(condition) as Policy, toPolicy(member) as Policy]
  const inner = anyOf(not(condition), member) as Policy
  return compose(`when(${idsOf(policies)})`, policies, [], (query) => ask(inner, query))
}

/**
 * Says of a route's policy that the default policy of the resource server is not asked besides it. Counts only where it
 * is the whole policy of a route: as a member of another it adds nothing.
 *
 * @example app.get('/health', guard(withoutDefaultPolicy(authenticated)), …)
 */
export function withoutDefaultPolicy<M extends Member>(member: M): Combined<readonly [M]> {
  const policy = toPolicy(member) as Policy
  const { id, requires = [] } = policy
  const same: Combined<readonly [M]> = compose(`withoutDefaultPolicy(${id})`, [policy], requires, (query) =>
    ask(policy, query),
  )
  withoutDefault.add(same)
  return same
}

// Not a member of the policy: nothing that a policy inherits, and no copy of one, may take the default policy away.
const withoutDefault = new WeakSet<object>()

/** Whether `policy` was made by `withoutDefaultPolicy`. */
export function replacesDefault(policy: object): boolean {
  return withoutDefault.has(policy)
}

function compose<M extends readonly Member[]>(
  id: string,
  policies: readonly Policy[],
  requires: readonly Unmet[],
  evaluate: (query: PolicyQuery) => Decision | Promise<Decision>,
): Combined<M> {
  return composed({
    id,
    ...(requires.length > 0 && { requires }),
    ...(policies.some(({ mayVeto }) => mayVeto) && { mayVeto: true }),
    evaluate,
  })
}

/** What has been answered so far. The flags save going through all of it for every member. */
interface Heard {
  readonly decisions: Decision[]
  allowed: boolean
  denied: boolean
  vetoed: boolean
  /** Something could not be told that might have been a veto. */
  open: boolean
}

function nothingHeard(): Heard {
  return { decisions: [], allowed: false, denied: false, vetoed: false, open: false }
}

function hear(heard: Heard, decision: Decision): void {
  heard.decisions.push(decision)
  heard.allowed ||= isAllowance(decision)
  heard.denied ||= isDenial(decision)
  heard.vetoed ||= isVeto(decision)
  heard.open ||= couldBeVeto(decision)
}

function askAll(members: Members, query: PolicyQuery, from: number, heard: Heard): Decision | Promise<Decision> {
  const { policies, vetoers } = members
  for (let index = from; index < policies.length; index++) {
    const policy = policies[index] as Policy
    if (index >= vetoers && !couldMatterToAll(policy, heard)) continue
    const decision = ask(policy, query)
    if (decision instanceof Promise) {
      return decision.then((settled) => {
        hear(heard, settled)
        return askAll(members, query, index + 1, heard)
      })
    }
    hear(heard, decision)
  }
  return all(heard)
}

/** After a denial only what helps to name all that is unmet; and nothing once a veto cannot be ruled out. */
function couldMatterToAll({ requires }: Policy, { denied, open }: Heard): boolean {
  return denied ? requires !== undefined : !open
}

function all({ decisions, denied, vetoed, open }: Heard): Decision {
  if (open && !vetoed) return decisions.find(couldBeVeto) as Decision
  if (denied) return denialOf(decisions.filter(isDenial), vetoed)
  return doubtOf(decisions) ?? { effect: 'allow', ...reasonsOf(decisions) }
}

function denialOf(denials: readonly Denial[], vetoed: boolean): Decision {
  const unmet = denials.map((denial) => denial.unmet ?? [])
  return {
    effect: 'deny',
    // If one denial cannot be helped, helping the others would only send the client round in circles.
    ...(unmet.every(({ length }) => length > 0) && { unmet: unmet.flat() }),
    ...(vetoed && { final: true }),
    ...reasonsOf(denials),
  }
}

function askAny(members: Members, query: PolicyQuery, from: number, heard: Heard): Decision | Promise<Decision> {
  const { policies, vetoers } = members
  for (let index = from; index < policies.length; index++) {
    if (heard.vetoed || (index >= vetoers && (heard.allowed || heard.open))) break
    const decision = ask(policies[index] as Policy, query)
    if (decision instanceof Promise) {
      return decision.then((settled) => {
        hear(heard, settled)
        return askAny(members, query, index + 1, heard)
      })
    }
    hear(heard, decision)
  }
  return any(heard)
}

function any({ decisions, vetoed, open, allowed }: Heard): Decision {
  const strongest = vetoed ? isVeto : open ? couldBeVeto : isAllowance
  if (vetoed || open || allowed) return decisions.find(strongest) as Decision
  const doubt = doubtOf(decisions)
  if (doubt) return doubt
  const denials = decisions.filter(isDenial)
  const helpable = denials.find(({ unmet }) => unmet?.length)
  return { effect: 'deny', ...(helpable?.unmet && { unmet: helpable.unmet }), ...reasonsOf(denials) }
}

function negated(decision: Decision): Decision {
  if (decision.effect === 'indeterminate' || isVeto(decision)) return decision
  return { effect: decision.effect === 'allow' ? 'deny' : 'allow', ...reasonsOf([decision]) }
}

/** Among doubts the first that time may clear up: only then is it worth while to ask again. */
function doubtOf(decisions: readonly Decision[]): Decision | undefined {
  const doubts = decisions.filter((decision) => decision.effect === 'indeterminate')
  return doubts.find(({ kind }) => kind !== 'incomplete') ?? doubts[0]
}

type Denial = Extract<Decision, { effect: 'deny' }>

function isAllowance(decision: Decision): boolean {
  return decision.effect === 'allow'
}

function isDenial(decision: Decision): decision is Denial {
  return decision.effect === 'deny'
}

function isVeto(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.final === true
}

function couldBeVeto(decision: Decision): boolean {
  return decision.effect === 'indeterminate' && decision.mayVeto === true
}

function reasonsOf(decisions: readonly Decision[]): { reasons?: readonly Reason[] } {
  if (!decisions.some((decision) => decision.reasons)) return {}
  return { reasons: decisions.flatMap((decision) => decision.reasons ?? []) }
}

/** An empty `allOf` would allow everybody, so there is none. */
function atLeastOne(name: string, members: readonly Member[]): readonly [Policy, ...Policy[]] {
  const [first, ...rest] = members.map((member) => toPolicy(member) as Policy)
  if (!first) throw new TypeError(`${name}() needs at least one policy.`)
  return [first, ...rest]
}

function vetoersFirst(policies: readonly [Policy, ...Policy[]]): Members {
  const vetoers = policies.filter(({ mayVeto }) => mayVeto)
  const others = policies.filter(({ mayVeto }) => !mayVeto)
  return { policies: [...vetoers, ...others] as [Policy, ...Policy[]], vetoers: vetoers.length }
}

function idsOf(policies: readonly Policy[]): string {
  return policies.map(({ id }) => id).join(', ')
}
