// One network with several test issuers in it.
import type { Fetch } from '../internal/fetch-json.ts'
import type { TestIssuer } from './test-issuer.ts'

/**
 * A `fetch` that gets each address from the one of `issuers` that has it, for a verifier that trusts several. Rejects for a
 * host that none of them has.
 */
export function fetchFrom(...issuers: readonly TestIssuer[]): Fetch {
  return async (url, init) => {
    // Two tenants may share one host: an address that neither has is a 404 of either.
    const asked =
      issuers.find(({ addresses }) => addresses.includes(url)) ??
      issuers.find(({ addresses }) => addresses.some((address) => hostOf(address) === hostOf(url)))
    if (!asked) throw new Error(`none of the test issuers answers ${hostOf(url)}`)
    return asked.fetch(url, init)
  }
}

function hostOf(url: string): string {
  return new URL(url).host
}
