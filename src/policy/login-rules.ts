// The rules about the strength and the age of a login: step-up (RFC 9470) and Entra authentication contexts.
import { type Clock, systemClock } from '../internal/clock.ts'
import { checkArgumentCount, checkOptions } from '../internal/options.ts'
import { ownMember } from '../internal/json.ts'
import type { Decision } from './decision.ts'
import { checkedAcr, checkedContext, checkedMaxAge, declaredRequirements, type Requirement } from './requirements.ts'
import type { Policy } from './policy.ts'
import type { HasPrincipal } from './rules.ts'

/** The login that `stepUp` requires. */
export interface StepUpOptions {
  /** One of these authentication context classes (`acr`), the preferred first. */
  readonly acrValues?: readonly string[]
  /**
   * At most this many seconds ago (`auth_time`), whole and at least 1. The time from the login to the next request counts,
   * and so does the difference of the clocks of STS and API. Less than some 30 sends clients back to a login that they
   * have just completed.
   */
  readonly maxAgeSeconds?: number
  /** Default: the system's clock. */
  readonly clock?: Clock
}

type HasLogin = HasPrincipal<'kind' | 'authentication'>

// The clock of an STS may be this far ahead of ours. A login from a later time says nothing of its age.
const toleranceSeconds = 300

/**
 * Requires a login of a certain strength or age. A user without it gets a 401 `insufficient_user_authentication`
 * (RFC 9470), and can come back with a better token. An application or device cannot log in, so it gets a plain 403.
 *
 * A token without `acr` or `auth_time` does not satisfy it.
 *
 * @example stepUp({ acrValues: ['urn:example:mfa'], maxAgeSeconds: 300 })
 * @throws TypeError when neither is given, when no challenge could name it, or no login could satisfy it.
 */
export function stepUp(options: StepUpOptions): Policy<HasLogin> {
  checkOptions('stepUp()', arguments, ['acrValues', 'maxAgeSeconds', 'clock'])
  const { acrValues, maxAgeSeconds, clock = systemClock } = options
  if (acrValues === undefined && maxAgeSeconds === undefined)
    throw new TypeError('stepUp() needs acrValues or maxAgeSeconds.')
  if (acrValues !== undefined && (!Array.isArray(acrValues) || acrValues.length === 0))
    throw new TypeError('acrValues must be a list of at least one value.')
  const wanted = {
    ...(acrValues && { acrValues: acrValues.map(checkedAcr) }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds: checkedAge(maxAgeSeconds) }),
  }
  const words = [...(wanted.acrValues ?? []), ...(maxAgeSeconds === undefined ? [] : [`${maxAgeSeconds}s`])]
  return loginRule(`stepUp(${words.join(' ')})`, { kind: 'step-up', ...wanted }, (login) => {
    const [acr, time] = [ownMember(login, 'acr'), ownMember(login, 'time')]
    if (wanted.acrValues && !(acr !== undefined && wanted.acrValues.includes(acr))) return false
    if (maxAgeSeconds === undefined) return true
    const age = clock.nowMs() / 1000 - (time ?? Number.NaN)
    return age <= maxAgeSeconds && age >= -toleranceSeconds
  })
}

/**
 * `max_age="0"` is legal and means "log in now" (RFC 9470 §3, OpenID Connect Core §3.1.2.1). A login grows older on the way
 * back, so such a rule would send every user from login to login. A policy that can tell one login from another by other
 * means asks for it in `missing`.
 */
function checkedAge(seconds: unknown): number {
  if (checkedMaxAge(seconds) > 0) return seconds as number
  throw new TypeError('maxAgeSeconds: 0 can never be satisfied: write how long the way back may take, such as 60.')
}

/**
 * Requires that the login satisfied the authentication context `context` of Entra Conditional Access (`acrs`). Clients that
 * can handle it (`xms_cc` with `cp1`) get a 401 `insufficient_claims`, others a plain 403.
 *
 * @example authenticationContext('c1')
 */
export function authenticationContext(context: string): Policy<HasLogin> {
  checkArgumentCount('authenticationContext()', arguments, 1)
  const wanted = checkedContext(context)
  return loginRule(`authenticationContext(${wanted})`, { kind: 'authentication-context', context: wanted }, (login) =>
    (ownMember(login, 'contexts') ?? []).some((one) => one.toLowerCase() === wanted),
  )
}

function loginRule(
  id: string,
  requirement: Requirement,
  met: (login: HasLogin['principal']['authentication']) => boolean,
): Policy<HasLogin> {
  const missing = declaredRequirements(requirement)
  const remediable: Decision = { effect: 'deny', missing }
  return {
    id,
    requires: missing,
    evaluate: ({ auth: { principal } }) => {
      if (met(principal.authentication)) return { effect: 'allow' }
      // There is no login for these: a challenge would only send them round in circles.
      const cannotLogIn = principal.kind === 'application' || principal.kind === 'device'
      return cannotLogIn ? { effect: 'deny' } : remediable
    },
  }
}
