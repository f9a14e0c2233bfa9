// What "claimcheck/policy" exports.
export { allOf, anyOf, type Combined, not } from './combinators.ts'
export {
  type Decision,
  type Policy,
  type PolicyFunction,
  type PolicyLike,
  type PolicyQuery,
  policy,
  type Unmet,
} from './policy.ts'
export { anyScope, claim, type HasClaim, type HasRoles, type HasScopes, role, scope } from './rules.ts'
