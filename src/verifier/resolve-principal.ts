// Asks somebody else for what a token left out of its caller (Entra: too many groups), within the time of one fetch.
import type { Emit } from '../errors/events.ts'
import type { JsonObject } from '../internal/json.ts'
import { after, type MaybePromise } from '../internal/maybe-promise.ts'
import { printable } from '../internal/printable.ts'
import { checkPrincipal } from '../issuer/checks.ts'
import type { Issuer, PrincipalCompletion } from '../issuer/issuer.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import { applyClients, type ClientDescription, readClients } from '../principal/clients.ts'
import { createGroups, type Principal } from '../principal/principal.ts'
import type { VerifierSettings } from './options.ts'

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
): MaybePromise<CompletedPrincipal> {
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
    const { groups, roles, permissions } = await withDeadline(work, options.timeoutMs)
    // These three and no other: who the caller is has been proven, and stays.
    const found: PrincipalCompletion = {
      // The claim stays known: it still lacks what was found elsewhere.
      ...(groups && { groups: createGroups(groups.claim ?? principal.groups.claim, groups) }),
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

// Who a verified token speaks for: what its preset says, what it left out and others know, and what the application knows of its
// clients.

/** Finds the caller of a token whose signature was verified. Throws what a preset throws. */
export type CallerOf = (token: ParsedToken, trusted: TrustedIssuer) => MaybePromise<CompletedPrincipal>

export function createCallers(settings: VerifierSettings, options: CompletionOptions): CallerOf {
  const clientsOf = clientRegistries(settings)

  return function callerOf({ header, claims }, { profile, issuer }) {
    const said: unknown = profile.principal(claims, issuer, header)
    checkPrincipal(profile, said)
    return after(completePrincipal(profile, said, claims, options), withClients, clientsOf(profile))
  }
}

function withClients(
  { principal, failed }: CompletedPrincipal,
  clients: ReadonlyMap<string, ClientDescription>,
): CompletedPrincipal {
  return { principal: applyClients(principal, clients), failed }
}

function clientRegistries({
  issuers,
  clients,
}: VerifierSettings): (profile: Issuer) => ReadonlyMap<string, ClientDescription> {
  const own = new Map(issuers.map((profile) => [profile as Issuer, profile.clients && readClients(profile.clients)]))
  return (profile) => own.get(profile) ?? clients
}
