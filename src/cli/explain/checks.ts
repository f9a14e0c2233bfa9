// Sees the checks of a verifier run, and tells them in rows. It checks nothing itself: names, order, arguments and the end are the verifier's.
import type { AuthError } from '../../errors/auth-error.ts'
import type { TrustedIssuer } from '../../issuer/registry.ts'
import type { JsonObject } from '../../internal/json.ts'
import { createLocalKeys } from '../../jwks/local.ts'
import type { Watch } from '../../verifier/watch.ts'
import { describeCheck, type Facts, isHiddenUnlessRun, labelOf } from './check-facts.ts'

/** One check, as it went. */
export interface CheckRow extends Facts {
  readonly check: string
  /** `unknown`: it could not be made. */
  readonly outcome: 'passed' | 'failed' | 'unknown' | 'not reached'
}

export interface Recorder {
  readonly watch: Watch
  /** The issuer that the token's `iss` names, where the check found one. */
  trusted(): TrustedIssuer | undefined
  /** The checks in their order. `error` is how the verification ended, where it was no success. */
  rows(error: AuthError | undefined): readonly CheckRow[]
}

interface Run {
  readonly name: string
  readonly args: readonly unknown[]
}

/** What is known of the verifier besides its checks. */
export interface RecorderOptions {
  /** The issuers that it trusts, as far as they can be named. */
  readonly issuers: readonly string[]
  /** Keys that stand in for those of every issuer: nothing is fetched. */
  readonly jwks?: unknown
}

/** Records one verification. */
export function createRecorder({ issuers, jwks }: RecorderOptions): Recorder {
  const order: string[] = []
  const runs: Run[] = []
  let trusted: TrustedIssuer | undefined

  function watchOne(name: string, check: unknown): unknown {
    if (typeof check !== 'function') return check
    order.push(name)
    return (...args: readonly unknown[]): unknown => {
      runs.push({ name, args })
      const answer: unknown = check(...args)
      return name === 'issuer' ? (trusted = withKeys(answer as TrustedIssuer | undefined, jwks)) : answer
    }
  }

  function rows(error: AuthError | undefined): readonly CheckRow[] {
    const [claims = {}] = (runs.find(({ name }) => name === 'issuer')?.args ?? []) as readonly JsonObject[]
    const last = error ? runs.at(-1)?.name : undefined
    const end = last === undefined ? order.length : order.indexOf(last)
    return order.flatMap((name, index): readonly CheckRow[] => {
      const run = runs.findLast((one) => one.name === name)
      const check = labelOf(name)
      if (!run) {
        const applies = error !== undefined && index > end && !isHiddenUnlessRun(name, trusted)
        return applies ? [{ check, outcome: 'not reached' }] : []
      }
      const facts = describeCheck(name, run.args, issuers)
      if (name === last && error) return [{ check, outcome: outcomeOf(error), ...facts, ...factsOf(error, claims) }]
      return facts ? [{ check, outcome: 'passed', ...facts }] : []
    })
  }

  return {
    watch: (checks) =>
      Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, watchOne(name, check)])) as typeof checks,
    trusted: () => trusted,
    rows,
  }
}

function withKeys(trusted: TrustedIssuer | undefined, jwks: unknown): TrustedIssuer | undefined {
  if (!trusted || jwks === undefined) return trusted
  const { issuer, profile } = trusted
  const keyUse = profile.endpoints.find((endpoint) => endpoint.keyUse !== undefined)?.keyUse
  return { ...trusted, keys: createLocalKeys({ issuer, jwks, algorithms: profile.algorithms, keyUse }) }
}

function outcomeOf({ status }: AuthError): CheckRow['outcome'] {
  return status === 503 ? 'unknown' : 'failed'
}

/** What the check itself said. */
function factsOf({ details }: AuthError, claims: JsonObject): Facts {
  const { claim, expected } = details
  const isMissing = claim !== undefined && !Object.hasOwn(claims, claim)
  const { received = isMissing ? '(none)' : undefined } = details
  return {
    ...(claim !== undefined && { claim }),
    ...(expected !== undefined && { expected: [expected].flat().join(', ') }),
    ...(received !== undefined && { received }),
  }
}
