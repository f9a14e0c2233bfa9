// Who a verified token speaks for: what its preset says, what it left out and others know, and what the application knows of its
// clients.
import { after, type Eventually } from './internal/eventually.ts'
import { applyClients, type ClientDescription, readClients } from './principal/client-registry.ts'
import type { ParsedToken } from './token/parse-token.ts'
import { type CompletedPrincipal, type CompletionOptions, completePrincipal } from './trust/complete-principal.ts'
import type { Issuer } from './trust/issuer.ts'
import type { TrustedIssuer } from './trust/issuer-registry.ts'
import { checkPrincipal } from './trust/profile-checks.ts'
import type { VerifierSettings } from './verifier-options.ts'

/** Finds the caller of a token whose signature was verified. Throws what a preset throws. */
export type CallerOf = (token: ParsedToken, trusted: TrustedIssuer) => Eventually<CompletedPrincipal>

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
