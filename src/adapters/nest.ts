// "claimcheck/nest": the guard of a NestJS application, on Express or Fastify: every route needs a token unless a decorator says otherwise.
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  SetMetadata,
} from '@nestjs/common'
import { AuthError } from '../errors/auth-error.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { ClaimsByIssuer } from '../issuer/issuer.ts'
import { type PolicyLike, toPolicy } from '../policy/policy.ts'
import type { RequestGuard } from '../server/request-guard.ts'
import { type ResourceServer, type ResourceServerOptions, toRequestGuard } from '../server/resource-server.ts'
import type { IssuerOptions } from '../verifier/options.ts'
import { isVerifiedToken, type TokenByIssuer } from '../verifier/verified-token.ts'
import { type GuardOptions, readGuardOptions } from './guard-arguments.ts'
import { type NestRequest, type NestResponse, send, setHeaders, viewOf } from './nest-platform.ts'
import { attachAuth, createFrameworkGuard, type GuardedRequests, type Route } from './guard.ts'
import { serveMetadata } from './middleware.ts'

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
type Decorator = ClassDecorator & MethodDecorator

/**
 * A guard of Nest. Give it to `app.useGlobalGuards()`, or provide it as `APP_GUARD`. The verified token is also on `request.auth`: take it by
 * `@Auth()`. It guards HTTP, and GraphQL whose context has `req`. Handlers of other messages (RPC, WebSocket) are refused unless they are
 * `@Anonymous()`. What no route answers is not guarded.
 */
export interface NestGuard<C = Record<string, unknown>> extends CanActivate, GuardedRequests<NestRequest, C> {
  /** Middleware that answers requests for protected resource metadata (RFC 9728) alone: `app.use(guard.metadata())`. */
  metadata(): Middleware
  /**
   * A filter for `app.useGlobalFilters()`. It answers an AuthError as the guard would: one that `guard.require()` or `verifyToken()` threw in
   * a handler. It takes no other error.
   */
  errors(): ExceptionFilter
}

const metadataKey = 'claimcheck:route'

/** The metadata of a route or controller. A member, so that no policy can be taken for the word. */
type RouteMetadata = { readonly policy: PolicyLike<never, undefined> } | 'anonymous'

/**
 * The policy of a route, or of all routes of a controller. That of a method replaces that of its class.
 *
 * @throws TypeError, at decoration, for a policy that is `undefined` and for a second decorator of the same thing.
 */
export function UsePolicy<C = Record<string, unknown>>(policy: PolicyLike<TokenByIssuer<C>, undefined>): Decorator {
  checkArgumentCount('@UsePolicy()', arguments, 1)
  toPolicy(policy)
  return markRoute({ policy })
}

/** Lets requests without any credential in, too, to a route or to all routes of a controller. A bad credential is still refused. */
export function Anonymous(): Decorator {
  checkArgumentCount('@Anonymous()', arguments, 0)
  return markRoute('anonymous')
}

function markRoute(metadata: RouteMetadata): Decorator {
  return (target: object, name?: string | symbol, descriptor?: { readonly value?: unknown }) => {
    // A method, or the constructor of a controller.
    const marked = descriptor?.value ?? target
    const member = name as string
    // One of the two would be ignored.
    if (Reflect.hasOwnMetadata(metadataKey, marked) || Reflect.hasOwnMetadata(metadataKey, target, member))
      throw new TypeError('There are two decorators for one route or controller: write @UsePolicy(allOf(…)) once.')
    SetMetadata(metadataKey, metadata)(marked as never)
    // Under the name, too: a later decorator that wraps the method leaves the mark behind, and the route would lose its policy.
    Reflect.defineMetadata(metadataKey, metadata, target, member)
  }
}

/** The verified token of the caller, for a parameter of a handler. `undefined` where the caller is anonymous, and where no guard ran. */
export const Auth: () => ParameterDecorator = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const auth = (requestOf(context) as { readonly auth?: unknown } | undefined)?.auth
  // Other middleware may have put something there.
  return isVerifiedToken(auth) ? auth : undefined
})

/**
 * Makes the guard of a Nest application, from a resource server or the options for one.
 *
 * @example app.useGlobalGuards(createGuard({ issuer, audience }))
 * @throws TypeError as `createResourceServer` does.
 */
export function createGuard<const I extends IssuerOptions, C = Record<string, unknown>>(
  apiOrOptions: ResourceServer<C> | ResourceServerOptions<I, C>,
  options?: GuardOptions,
): NestGuard<ClaimsByIssuer<I, C>> {
  return createGuardOf(toRequestGuard(apiOrOptions), readGuardOptions(arguments, options))
}

function createGuardOf<C>(api: RequestGuard<C>, answersRefusals: boolean): NestGuard<C> {
  const requests = createFrameworkGuard<NestRequest, C>(api, viewOf, attachAuth)
  const byDefault = requests.readRoute([])
  // A caller that is there must also satisfy the default policy.
  const optional = { ...byDefault, optional: true }
  const routes = new WeakMap<object, Route<C>>()

  function routeOf(metadata: RouteMetadata | undefined): Route<C> {
    if (metadata === undefined) return byDefault
    if (metadata === 'anonymous') return optional
    const route = routes.get(metadata) ?? requests.readRoute([metadata.policy])
    routes.set(metadata, route)
    return route
  }

  async function canActivate(context: ExecutionContext): Promise<boolean> {
    const metadata = metadataOf(context)
    const request = requestOf(context)
    if (!request) return isOpen(context, metadata)
    const result = await requests.authorize(request, routeOf(metadata), (headers) => {
      if (context.getType() === 'http') setHeaders(context.switchToHttp().getResponse<NestResponse>(), headers)
    })
    if (result.outcome === 'refused') return refuse(context, request, result.error)
    return true
  }

  async function refuse(context: ExecutionContext, request: NestRequest, error: AuthError): Promise<never> {
    const { headers, body, status } = requests.challenge(request, error)
    if (context.getType() === 'http') {
      const response = context.switchToHttp().getResponse<NestResponse>()
      if (answersRefusals) {
        send(response, { headers, body, status })
        // Never settles: Nest would give an exception to filters, which answer again, and lets in for anything else.
        return new Promise(() => {})
      }
      // The filter that answers has a body of its own.
      const { 'Content-Type': _, ...ownHeaders } = headers
      setHeaders(response, ownHeaders)
    }
    throw new HttpException(JSON.parse(body) as Record<string, unknown>, status, { cause: error })
  }

  function errors(...args: readonly unknown[]): ExceptionFilter {
    checkArgumentCount('guard.errors()', args, 0)
    return new RefusalFilter((error, host) => {
      const request = requestOf(host)
      const response = host.getType() === 'http' && host.switchToHttp().getResponse<NestResponse>()
      // GraphQL and others make their own answer of an exception.
      if (!request || !response || response.headersSent || response.sent) throw error
      send(response, requests.challenge(request, error))
    })
  }

  return { canActivate, ...requests.questions, metadata: () => serveMetadata(requests), errors }
}

/** A class, since Nest looks for the errors of a filter at its constructor. */
class RefusalFilter implements ExceptionFilter<AuthError> {
  readonly catch: ExceptionFilter<AuthError>['catch']

  constructor(answer: ExceptionFilter<AuthError>['catch']) {
    this.catch = answer
  }
}
Catch(AuthError)(RefusalFilter)

/** That of the method, or of its class or a parent of that. */
function metadataOf(context: ExecutionContext): RouteMetadata | undefined {
  const [method, type] = [context.getHandler(), context.getClass()]
  const found: unknown =
    Reflect.getMetadata(metadataKey, method) ??
    metadataByName(method, type.prototype as object) ??
    Reflect.getMetadata(metadataKey, type)
  return found as RouteMetadata | undefined
}

/** That of the name under which `prototype`, or a parent, has `method`. Another method of this name, in a parent, has its own. */
function metadataByName(method: unknown, prototype: object): unknown {
  for (let owner: object | null = prototype; owner; owner = Reflect.getPrototypeOf(owner)) {
    const members = Object.entries(Object.getOwnPropertyDescriptors(owner))
    const name = members.find(([, { value }]) => value === method)?.[0]
    if (name !== undefined) return Reflect.getOwnMetadata(metadataKey, owner, name)
  }
  return undefined
}

/** The request of an HTTP or GraphQL context. Other contexts have none with the headers of its sender. */
function requestOf(host: ArgumentsHost): NestRequest | undefined {
  const type = host.getType<string>()
  if (type === 'http') return host.switchToHttp().getRequest<NestRequest>()
  // The arguments of a resolver: parent, arguments, context, information.
  return type === 'graphql' ? host.getArgByIndex<{ readonly req?: NestRequest } | undefined>(2)?.req : undefined
}

/** @throws TypeError unless the handler is `@Anonymous()`. */
function isOpen(host: ArgumentsHost, metadata: RouteMetadata | undefined): true {
  if (metadata === 'anonymous') return true
  throw new TypeError(
    `The guard finds no request in a message of type ${host.getType<string>()}: mark its handler @Anonymous(), and verify its token there.`,
  )
}
