// The exports of "claimcheck/policy". Engines have subpaths of their own.
export { authorizationDetails, claim, type HasClaim } from './claim-rules.ts'
export { allOf, anyOf, type Combined, not, when, withoutDefaultPolicy } from './combine.ts'
export { type Decision, formatTrace, type Reason, type Trace } from './decision.ts'
export { authenticationContext, stepUp, type StepUpOptions } from './login-rules.ts'
export {
  evaluate,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  policy,
} from './policy.ts'
export {
  actor,
  application,
  authenticated,
  client,
  device,
  group,
  type HasPrincipal,
  type HasRoles,
  permission,
  role,
  tenant,
  user,
} from './rules.ts'
export { anyScope, type HasScopes, scope, scopeOrAppRole, type ScopeRules, scopeRules } from './scope-rules.ts'
export type { Requirement } from './requirements.ts'
export { withTimeout } from './with-timeout.ts'
