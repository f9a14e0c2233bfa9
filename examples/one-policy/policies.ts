// Who may do what, written once. Express, the decision server behind nginx and the Lambda authorizer all ask these.
import type { Principal } from 'claimcheck'
import {
  allOf,
  anyOf,
  authenticated,
  type HasPrincipal,
  not,
  policy,
  type PolicyQuery,
  role,
  scope,
  stepUp,
} from 'claimcheck/policy'

/** What a rule may read of a request. `req` of Express has it, and so has the request that a gateway tells. */
export interface UserRequest {
  readonly params: { readonly user: string }
}

const own = policy('own', ({ auth, resource }: PolicyQuery<HasPrincipal<keyof Principal>, UserRequest>) => {
  return resource.params.user === auth.principal.subject
})
const strongLogin = stepUp({ acrValues: ['urn:example:mfa'] })

export const listOrders = scope('orders:read')
export const createOrder = allOf(scope('orders:write'), not(role('suspended')))
export const account = authenticated
export const readUser = anyOf(own, role('support'))
export const closeUser = allOf(own, strongLogin)
