// Asks somebody else for what a token left out of its caller (Entra: too many groups), within the time of one fetch.
import type { Emit } from '../events.ts'
import type { Eventually } from '../internal/eventually.ts'
import type { JsonObject } from '../internal/json.ts'
import { printable } from '../internal/printable.ts'
import type { Principal } from '../principal/principal.ts'
import type { Issuer, PrincipalCompletion } from './issuer.ts'

/** The principal, and whether nothing that was asked for is missing: an incomplete one should not be remembered for long. */
export interface CompletedPrincipal {
  readonly principal: Principal
  readonly failed: boolean
}

export interface CompletionOptions {
  readonly emit: Emit
  /** How long somebody who completes a principal is waited for. */
  readonly timeoutMs: number
}

/** Adds to `principal` what `profile.complete` finds out. Never rejects: what could not be had stays incomplete, and an event tells. */
export function completePrincipal(
  profile: Pick<Issuer, 'complete'>,
  principal: Principal,
  claims: JsonObject,
  options: CompletionOptions,
): Eventually<CompletedPrincipal> {
  try {
    const work = profile.complete?.(principal, claims)
    return work === undefined ? { principal, failed: false } : completed(principal, work, options)
  } catch (error) {
    return incomplete(principal, error, options)
  }
}

async function completed(
  principal: Principal,
  work: PromiseLike<PrincipalCompletion>,
  options: CompletionOptions,
): Promise<CompletedPrincipal> {
  try {
    const { claim } = principal.groups
    const { groups, roles, permissions } = await withDeadline(work, options.timeoutMs)
    // These three and no other: who the caller is has been proven, and stays.
    const found: PrincipalCompletion = {
      // The claim stays known: it still lacks what was found elsewhere.
      ...(groups && { groups: { ...(claim !== undefined && { claim }), ...groups } }),
      ...(roles && { roles }),
      ...(permissions && { permissions }),
    }
    return { principal: { ...principal, ...found }, failed: false }
  } catch (error) {
    return incomplete(principal, error, options)
  }
}

function incomplete(principal: Principal, error: unknown, { emit }: CompletionOptions): CompletedPrincipal {
  const reason = printable(error instanceof Error ? error.message : error)
  emit({ type: 'principal.incomplete', issuer: principal.issuer, reason })
  return { principal, failed: true }
}

/** Settles with `work`, or rejects after `timeoutMs`; the timer keeps no process alive. */
function withDeadline<T>(work: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    timer.unref?.()
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
