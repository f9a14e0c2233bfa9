// createLambdaAuthorizer: a gateway's decisions as a Lambda authorizer of AWS API Gateway.
import { checkArgumentCount, checkBoolean, checkOptionNames } from '../../internal/options.ts'
import type { DecisionServer, GatewayDecision, Refusal } from '../decision.ts'
import type { Gateway } from '../gateway-options.ts'
import { readDecisionServer } from '../gateway.ts'
import { clientLines } from '../request.ts'
import {
  isExactArn,
  type LambdaContext,
  type LambdaPolicyAnswer,
  type LambdaSimpleAnswer,
  principalIdOf,
  type WriteAnswer,
  writeAllowance,
  writeRefusal,
} from './answer.ts'
import { type AuthorizerRequest, readEvent } from './event.ts'

export type { LambdaContext, LambdaPolicyAnswer, LambdaSimpleAnswer } from './answer.ts'

/** An event of API Gateway. Its other members are read as they come. */
export interface LambdaAuthorizerEvent {
  readonly type: string
}

/** Options of `createLambdaAuthorizer`. */
export interface LambdaAuthorizerOptions<Answer extends 'iam' | 'simple' = 'iam' | 'simple'> {
  /** `simple` is for HTTP APIs with payload 2.0 and simple responses. `iam` is for all. */
  readonly answer: Answer
  /**
   * Says that API Gateway remembers answers (its TTL is above 0). An answer then counts for every route of the stage, and a policy that
   * reads the request decides nothing. Default `false`: set the TTL of the authorizer to 0, which is not its default. `simple` has no
   * default: with a TTL, its answer about one route opens all others. Nor has `iam` for the route `$default` of an HTTP API, whose ARN
   * names no path: events of it are an error until `cached` is written.
   */
  readonly cached?: boolean
}

/** The function to export as `handler`. */
export type LambdaAuthorizer<Answer> = (event: LambdaAuthorizerEvent) => Promise<Answer>

/**
 * Makes a Lambda authorizer: TOKEN and REQUEST of REST APIs, and REQUEST 1.0 and 2.0 of HTTP APIs. Routes are matched with the path behind
 * the stage. The route `$default` on a custom domain needs payload 2.0: `path` of payload 1.0 begins with the base path of the domain.
 *
 * Rejects with `Unauthorized` for a 401, as API Gateway wants it, and with another error for a 503, which the client gets as 500. Every other
 * refusal is a Deny, which the client gets as 403. Does not limit how long API Gateway remembers an answer: `context.exp` says when
 * its token ends.
 *
 * @example export const handler = createLambdaAuthorizer(gateway, { answer: 'iam' })
 * @throws TypeError for `cached: true` unless all routes have one policy, and with an assertion, which is for one request. Also for `simple`
 * without `cached`.
 */
export function createLambdaAuthorizer(
  gateway: Pick<Gateway, 'routes'>,
  options: LambdaAuthorizerOptions<'iam'>,
): LambdaAuthorizer<LambdaPolicyAnswer>
export function createLambdaAuthorizer(
  gateway: Pick<Gateway, 'routes'>,
  options: LambdaAuthorizerOptions<'simple'> & { readonly cached: boolean },
): LambdaAuthorizer<LambdaSimpleAnswer>
export function createLambdaAuthorizer(
  gateway: Pick<Gateway, 'routes'>,
  options: LambdaAuthorizerOptions,
): LambdaAuthorizer<LambdaPolicyAnswer | LambdaSimpleAnswer> {
  checkArgumentCount('createLambdaAuthorizer()', arguments, 2)
  checkOptionNames('createLambdaAuthorizer()', options, ['answer', 'cached'])
  const { answer, cached = false } = options
  const decisions = readDecisionServer(gateway)
  if (answer !== 'iam' && answer !== 'simple') throw new TypeError("answer must be 'iam' or 'simple'.")
  checkBoolean('cached', cached)
  if (answer === 'simple' && options.cached === undefined)
    throw new TypeError(
      "answer: 'simple' needs cached: false, and then a TTL of 0. With a TTL it opens every route to a caller of one.",
    )
  if (cached) checkCached(decisions)
  const namesHosts = gateway.routes.some((key) => /^(?:\S+ )?\/\//.test(key))
  const isSimple = answer === 'simple'

  async function authorize(event: LambdaAuthorizerEvent): Promise<LambdaPolicyAnswer | LambdaSimpleAnswer> {
    const request = readEvent(event)
    if (isSimple && !request.isVersion2)
      throw new Error("claimcheck: only HTTP APIs with payload 2.0 understand answer: 'simple'")
    // The answer names `$default` and no path: remembered, it would open every path of that route.
    if (!isSimple && !request.isExact && options.cached === undefined)
      throw new Error('claimcheck: the route $default needs cached: false, and then a TTL of 0')
    // Without a host, a request would come to the routes of all hosts, past those of its own.
    if (namesHosts && !request.tellsHost) throw new Error('claimcheck: routes name a host, and this event tells none')
    const decision = await decide(request)
    if (decision.effect !== 'allow') return writeRefusal(checkRefusal(decision), writerFor(request, 'Deny', 'refused'))
    if (cached) checkIdentitySource(request, decision.auth)
    return writeAllowance(decision, decision.auth, writerFor(request, 'Allow', principalIdOf(decision.auth)))
  }

  async function decide({ check, arn }: AuthorizerRequest): Promise<GatewayDecision<unknown>> {
    const { known } = decisions.identity
    const headers = clientLines(check.headers, known)
    const isNamed = isSimple || cached || isExactArn(arn)
    // Without a target the gateway answers 400.
    const target = isNamed ? check.target : ''
    return decisions.decide({ ...check, target, headers }, 'lambda', { forAllRequests: cached })
  }

  function writerFor(
    { arn, stageArn }: AuthorizerRequest,
    effect: 'Allow' | 'Deny',
    principalId: string,
  ): WriteAnswer<LambdaPolicyAnswer | LambdaSimpleAnswer> {
    if (isSimple) return (context: LambdaContext) => ({ isAuthorized: effect === 'Allow', context })
    // A Deny for the stage denies no more than having no Allow does.
    const resource = effect === 'Allow' && !cached ? arn : stageArn
    const statement = { Action: 'execute-api:Invoke', Effect: effect, Resource: resource }
    return (context: LambdaContext) => ({
      principalId,
      policyDocument: { Version: '2012-10-17', Statement: [statement] },
      context,
    })
  }

  return authorize
}

/** @throws Error for what is no Deny. API Gateway remembers no error. */
function checkRefusal(refusal: Refusal): Refusal {
  if (refusal.effect === 'unavailable') throw new Error(`claimcheck: no decision (${refusal.reason})`)
  // The word that API Gateway wants, letter by letter.
  if (refusal.status === 401) throw new Error('Unauthorized')
  return refusal
}

/** @throws TypeError where an answer about one request would be wrong for another. */
function checkCached({ isOnePolicy, jwks }: DecisionServer): void {
  if (!isOnePolicy)
    throw new TypeError(
      'cached: true needs one policy for all routes: API Gateway gives an answer that it remembers to every route. Set its TTL to 0, and leave cached out.',
    )
  if (jwks)
    throw new TypeError(
      'cached: true cannot go with assertion: an assertion is for one request, and would be sent again.',
    )
}

/** An answer that is remembered by anything but the token would be given to the next caller. */
function checkIdentitySource(
  { identitySource }: AuthorizerRequest,
  auth: { readonly token: string } | undefined,
): void {
  if (auth && identitySource?.every((source) => !source.includes(auth.token)))
    throw new Error('claimcheck: cached: true needs the header with the token as the identity source of the authorizer')
}
