// The principal of a verified token: read by its preset, completed by other sources, with the application's facts about its clients.
import type { Emit } from '../errors/events.ts'
import { type JsonObject, printable } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import { checkPrincipal } from '../issuer/checks.ts'
import type { Issuer, PrincipalEnrichment } from '../issuer/issuer.ts'
import type { TrustedIssuer } from '../issuer/registry.ts'
import type { ParsedToken } from '../jwt/parse.ts'
import { applyClients, type ClientDescription, type Principal, readClients } from '../principal/principal.ts'
import type { VerifierSettings } from './options.ts'

/** The principal, and whether a part of it could not be had: such a principal is not remembered. */
export interface ResolvedPrincipal {
  readonly principal: Principal
  readonly failed: boolean
}

export interface CompletionOptions {
  readonly emit: Emit
  /** How long `enrichPrincipal` may take. */
  readonly timeoutMs: number
}

/** Resolves the principal of a token whose signature was verified. Throws and rejects with the errors of the preset. */
export type ResolvePrincipal = (token: ParsedToken, trusted: TrustedIssuer) => MaybePromise<ResolvedPrincipal>

export function createResolvePrincipal(
  { issuers, clients }: Pick<VerifierSettings, 'issuers' | 'clients'>,
  options: CompletionOptions,
): ResolvePrincipal {
  const own = new Map<Issuer, ReadonlyMap<string, ClientDescription> | undefined>(
    issuers.map((profile) => [profile, profile.clients && readClients(profile.clients)]),
  )
  function withClients(resolved: ResolvedPrincipal, profile: Issuer): ResolvedPrincipal {
    return { ...resolved, principal: applyClients(resolved.principal, own.get(profile) ?? clients) }
  }

  return function resolvePrincipal({ header, claims }, { profile, issuer }) {
    const principal: unknown = profile.principal(claims, issuer, header)
    checkPrincipal(profile, principal)
    if (!profile.enrichPrincipal) return withClients({ principal, failed: false }, profile)
    return completePrincipal(profile, principal, claims, options).then((completed) => withClients(completed, profile))
  }
}

/** Adds the findings of `profile.enrichPrincipal` to `principal`. When it fails, the principal stays incomplete, and an event says so. */
async function completePrincipal(
  profile: Pick<Issuer, 'enrichPrincipal'>,
  principal: Principal,
  claims: JsonObject,
  options: CompletionOptions,
): Promise<ResolvedPrincipal> {
  try {
    const { claim } = principal.groups
    const work = profile.enrichPrincipal?.(principal, claims)
    if (work === undefined) return { principal, failed: false }
    const { groups, roles, permissions } = await withDeadline(work, options.timeoutMs)
    // These three and no other: the identity of the caller was proven, and stays.
    const found: PrincipalEnrichment = {
      // The name of the claim stays: the claim still lacks the groups of the other source.
      ...(groups && { groups: { ...(claim !== undefined && { claim }), ...groups } }),
      ...(roles && { roles }),
      ...(permissions && { permissions }),
    }
    return { principal: { ...principal, ...found }, failed: false }
  } catch (error) {
    return incomplete(principal, error, options)
  }
}

function incomplete(principal: Principal, error: unknown, { emit }: CompletionOptions): ResolvedPrincipal {
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
