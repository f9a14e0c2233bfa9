// What "claimcheck/gateway" exports: a decision server for API gateways.
export { anonymous, type GatewayRoute, optional } from './access.ts'
export {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type GatewaySettings,
} from './gateway.ts'
export { type AssertionOptions, gatewayAssertion, type GatewayAssertionOptions } from './assertion.ts'
export { type AssertionKey, type AssertionKeys, fileSigningKeys } from './signing-keys.ts'
export type { Allowance, DecisionFacts, GatewayDecision, QuestionFault, Refusal } from './decision.ts'
export type { DialectName } from './dialects/dialects.ts'
export type { IdentityHeaders, IdentityValue } from './identity.ts'
export type { GatewayServer, ListenOptions } from './listen.ts'
export type { TrustOptions } from './peers.ts'
export type { GatewayCheck, GatewayRequest } from './request.ts'
export type { RouteParams } from './routes.ts'
export type { RecipeFile, RecipeOptions } from './recipes/parts.ts'
export { printRecipe } from './recipes/recipe.ts'
