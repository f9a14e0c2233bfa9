// A gateway for tests, with an issuer in process, and the question that a gateway asks about one request.
import type { ClaimcheckEvent } from 'claimcheck'
import { createGateway, type DecisionFacts, type GatewayCheck, type GatewaySettings } from 'claimcheck/gateway'
import { createTestIssuer } from 'claimcheck/testing'

type Routes = GatewaySettings<Record<string, unknown>, string>['routes']
type Changes = Partial<Omit<GatewaySettings<Record<string, unknown>, string>, 'routes'>>

export function createTestGateway(routes: Routes, changes: Changes & { readonly policy?: () => boolean } = {}) {
  const sts = createTestIssuer()
  const events: ClaimcheckEvent[] = []
  const decisions: DecisionFacts[] = []
  const gateway = createGateway({
    issuer: sts.issuer,
    audience: sts.audience,
    fetch: sts.fetch,
    clock: sts.clock,
    realm: 'orders',
    onEvent: (event) => events.push(event),
    onDecision: (decision) => decisions.push(decision),
    routes,
    ...changes,
  })
  return { gateway, sts, events, decisions }
}

/** A question about `GET target`, with these header lines of the client. */
export function ask(target: string, changes: Partial<GatewayCheck> = {}): GatewayCheck {
  return { method: 'GET', target, host: 'api.example.com', scheme: 'https', headers: [], ...changes }
}

export function bearer(token: string): GatewayCheck['headers'] {
  return [['Authorization', `Bearer ${token}`]]
}
