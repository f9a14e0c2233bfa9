// "claimcheck/policy/casl": abilities of CASL (@casl/ability), which the application defines for each caller.
import type { AnyAbility } from '@casl/ability'
import { checkArgumentCount, checkFunction, checkOptions } from '../../internal/options.ts'
import type { Decision } from '../decision.ts'
import type { Policy } from '../policy.ts'
import { createPolicyFactory, type EngineQuery } from './engine.ts'

/** A question to an ability, as `ability.can(action, subject, field)` takes it. */
interface CaslRequest {
  /** Default: the action of the policy. */
  readonly action?: string
  /** `subject('Order', order)`, or an instance. The bare type asks whether the caller may do it to *some* instance. */
  readonly subject: unknown
  readonly field?: string
}

export interface CaslOptions<A, R> {
  /** Defines the ability of a caller. Called for every decision: cache what is expensive to make. */
  readonly abilityFor: (auth: A) => AnyAbility
  /** Makes the question. */
  readonly map: (query: EngineQuery<A, R>) => CaslRequest
}

export interface CaslEngine<A, R> {
  /** The policy that asks the caller's ability for `action`. A rule with `cannot` is a veto. */
  policy(action: string): Policy<A, R>
  /** Uses another function from the next question on. */
  replace(abilityFor: CaslOptions<A, R>['abilityFor']): void
}

/** Makes an engine of CASL abilities. @throws TypeError when a function is missing. */
export function createCasl<A, R>(options: CaslOptions<A, R>): CaslEngine<A, R> {
  checkOptions('createCasl()', arguments, ['abilityFor', 'map'])
  const { map } = options
  let { abilityFor } = options
  checkFunction('abilityFor', abilityFor)
  checkFunction('map', map)

  const policy = createPolicyFactory('casl', (query: EngineQuery<A, R>) => {
    const { action = query.action, ...request } = map(query)
    return decide(abilityFor(query.auth), { action, ...request })
  })

  function replace(next: CaslOptions<A, R>['abilityFor']): void {
    checkArgumentCount('engine.replace()', arguments, 1)
    checkFunction('abilityFor', next)
    abilityFor = next
  }

  return { policy, replace }
}

function decide(ability: AnyAbility, { action, subject, field }: CaslRequest): Decision {
  // CASL takes a missing subject for 'all', and would not see the rules that forbid something about the real one.
  if (subject === undefined || subject === null)
    throw new TypeError("map() gave no subject: write 'all' if that is meant.")
  const rule = ability.relevantRuleFor(action, subject, field) as Rule | null
  if (rule === null) return { effect: 'deny' }
  const { inverted, reason } = rule
  const why = {
    code: `${inverted ? 'cannot' : 'can'} ${[rule.action].flat().join(',')} ${[rule.subject].flat().map(typeName).join(',')}`,
  }
  const reasons = [reason === undefined ? why : { ...why, message: reason }]
  if (typeof inverted !== 'boolean') throw new TypeError('the ability answered with something that is no rule')
  return inverted ? { effect: 'deny', veto: true, reasons } : { effect: 'allow', reasons }
}

interface Rule {
  readonly inverted: unknown
  readonly action: string | string[]
  readonly subject: unknown
  readonly reason?: string
}

function typeName(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type)
}
