// "claimcheck/mcp": callers for servers of the official MCP SDK, a token verifier for its middleware, and a policy for each tool.
import {
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  type OAuthError,
  ServerError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { AuthError } from '../errors/auth-error.ts'
import { isJsonObject, ownMember } from '../internal/json.ts'
import { checkArgumentCount, checkPlain } from '../internal/options.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import { allOf, when } from '../policy/combine.ts'
import { type Policy, policy, type PolicyFunction, type PolicyLike } from '../policy/policy.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import { isVerifiedToken, type TokenByIssuer, type VerifiedToken } from '../verifier/verified-token.ts'

/**
 * The caller in the form that the SDK gives to tools, as `extra.authInfo`. `clientId` is empty where the token names no client. `resource`
 * is the audience, where it is one URL. `token` is not enumerable, so that a tool that prints `authInfo` shows none; MCP forbids to pass it on.
 *
 * @example app.post('/mcp', guard(), (req, res) => transport.handleRequest(Object.assign(req, { auth: toAuthInfo(guard.auth(req)) }), res, req.body))
 * @throws TypeError for anything but a verified token.
 */
export function toAuthInfo<C>(auth: TokenByIssuer<C>): AuthInfo {
  checkArgumentCount('toAuthInfo()', arguments, 1)
  checkVerified(auth)
  const { principal, expiresAt, claims, token } = auth as VerifiedToken
  const resource = audienceUrl(claims.aud)
  const info: Omit<AuthInfo, 'token'> = {
    clientId: principal.client?.id ?? '',
    scopes: [...principal.scopes],
    expiresAt,
    ...(resource && { resource }),
    extra: { auth },
  }
  return Object.defineProperty(info, 'token', { value: token }) as AuthInfo
}

/**
 * The verified token of a tool's caller: for `api.require(authOf(extra.authInfo), policy, resource)`. `C` is the claim type of the API.
 *
 * @throws TypeError where `toAuthInfo` did not make `authInfo`.
 */
export function authOf<C = Record<string, unknown>>(authInfo: AuthInfo | undefined): TokenByIssuer<C> {
  const auth = authInfo?.extra?.auth
  checkVerified(auth)
  return auth as TokenByIssuer<C>
}

function checkVerified(auth: unknown): void {
  if (!isVerifiedToken(auth))
    throw new TypeError('There is no verified token: give the transport toAuthInfo(guard.auth(req)) as req.auth.')
}

/** Several audiences do not tell which is this server's: the SDK must take none of them for it. */
function audienceUrl(aud: string | readonly string[] | undefined): URL | undefined {
  const urls = [aud ?? []].flat().filter((one) => URL.canParse(one))
  return urls.length === 1 ? new URL(urls[0] as string) : undefined
}

/**
 * A verifier for the SDK's `requireBearerAuth`. Asks the default policy of the resource server, too. Its refusals are errors of the SDK,
 * which answers them with 401, 403, 400, and 500 where keys are unreachable. The guard of `claimcheck/express` is the better choice: the
 * SDK answers a request without a token with `error="invalid_token"`, knows no 503, and does not see a second `Authorization` line.
 *
 * @throws TypeError as `createResourceServer` does.
 */
export function createTokenVerifier<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
): OAuthTokenVerifier {
  checkArgumentCount('createTokenVerifier()', arguments, 1)
  const api = toRequestGuard<I, C>(apiOrOptions)
  return {
    async verifyAccessToken(token) {
      // The SDK has read the header already, and gives no more of the request.
      const request = { method: 'POST', url: '', headers: [['Authorization', `Bearer ${token}`] as const] }
      const route = { policy: api.routes.byDefault, resource: undefined }
      const result = await api.authorizeRequest<undefined>(request, api.authenticate(request), route)
      if (result.outcome === 'refused') throw toOAuthError(result.error)
      return toAuthInfo<ClaimsByIssuer<I, C>>(result.auth)
    },
  }
}

/** The SDK chooses the status by the class. */
const classes = {
  400: InvalidRequestError,
  401: InvalidTokenError,
  403: InsufficientScopeError,
  // The one class that it does not answer with a fault of the client.
  503: ServerError,
} as const

/** `errorCode` is what clients act on: another token, more scopes, or none of it. */
function toOAuthError(error: AuthError): OAuthError {
  const { status, message, code } = error
  return Object.defineProperties(new classes[status](message), { errorCode: { value: code }, cause: { value: error } })
}

/**
 * A policy for the body of an MCP request, which names the tool: `guard.require(req, toolPolicy({ … }), req.body)` before the transport
 * gets it. So a missing scope is a 403 with `scope`, by which clients step up; in a tool it would be too late for that. A tool without an
 * entry is denied, and a body that is no JSON-RPC message, such as one that no parser has read. Other methods than `tools/call` are allowed:
 * `resources/read` and `prompts/get` need a policy of yours.
 * Join it to the policy of the route: a challenge that names the scope of a tool alone would lose the client the other one.
 *
 * @example const mayCall = allOf(scope('orders:read'), toolPolicy({ list_orders: authenticated, cancel_order: scope('orders:write') }))
 * @throws TypeError for an entry that is no policy.
 */
export function toolPolicy<A = VerifiedToken>(tools: Readonly<Record<string, PolicyLike<A>>>): Policy<A> {
  checkArgumentCount('toolPolicy()', arguments, 1)
  checkPlain(tools, 'toolPolicy() needs an object: the policy of each tool, by its name.')
  const policies = new Map(Object.entries(tools))
  const isKnown: PolicyFunction = ({ resource }) =>
    calledTools(resource)?.every((name) => policies.has(name as string)) ?? false
  const calls = (name: string): PolicyFunction => {
    return ({ resource }) => calledTools(resource)?.includes(name) ?? true
  }
  const rules = [...policies].map(([name, rule]) => when(calls(name), rule as PolicyLike<never, never>))
  return allOf(policy('known tool', isKnown), ...rules) as Policy<never> as Policy<A>
}

/** The tools that a body calls, in one message or a batch. `undefined` where it is no message: the SDK may read more in it than is seen here. */
function calledTools(body: unknown): readonly unknown[] | undefined {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body]
  if (!messages.every(isMessage)) return undefined
  const calls = messages.filter((message) => ownMember(message, 'method') === 'tools/call')
  return calls.map(({ params }) => (isJsonObject(params) ? ownMember(params, 'name') : undefined))
}

/** A request, a notification or a response. Express 4 gives `{}` for a body that it has not read, which the SDK may then read itself. */
function isMessage(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) return false
  return (
    typeof ownMember(value, 'method') === 'string' || Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error')
  )
}
