// The guard of "claimcheck/fastify" as a plugin: deny by default. Every route of its scope needs a token, unless its config says more or less.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { checkArgumentCount } from '../internal/options.ts'

export type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** The policy of a route for the plugin, under a symbol of the guard: no name can be misspelt, and no other guard reads it. */
export type RouteConfig = Readonly<Record<symbol, unknown>>

interface Hooks {
  guard(...args: readonly unknown[]): Hook
  optional(): Hook
  metadata(): Hook
}

interface GuardPlugin {
  readonly plugin: FastifyPluginAsync
  config(...args: readonly unknown[]): RouteConfig
}

const keyName = 'claimcheck route'

/** @param hooks Makes the hooks of the guard. */
export function createPlugin(hooks: Hooks): GuardPlugin {
  const key = Symbol(keyName)
  const byDefault = hooks.guard()
  const metadata = hooks.metadata()
  /** The routes whose config had a policy when they were registered. */
  const withPolicy = new Set<string>()

  function config(...args: readonly unknown[]): RouteConfig {
    checkArgumentCount('guard.config()', args, 1)
    if (args.length === 0) throw new TypeError("guard.config() needs the policy of the route, or 'anonymous'.")
    const hook = args[0] === 'anonymous' ? hooks.optional() : hooks.guard(args[0])
    return Object.freeze({ [key]: hook })
  }

  const guardRoute: Hook = (request, reply, done) => {
    const { config, method, url } = request.routeOptions
    const hook = Reflect.get(config, key) as Hook | undefined
    if (!hook) {
      // A route that was there before the plugin has not been checked yet.
      checkRoute.call(request.server, { method, url, config })
      // An `onRoute` hook of the application, such as one that copies a config by JSON, may have lost the policy since.
      if (withPolicy.has(nameOf({ method, url }))) throw new TypeError(lostPolicy(nameOf({ method, url })))
    }
    ;(hook ?? byDefault)(request, reply, done)
  }

  // A callback that throws would leave Fastify waiting.
  async function plugin(app: FastifyInstance, options: object): Promise<void> {
    checkPluginOptions(options)
    checkScope(app)
    app.decorate(key, true)
    if (!app.hasRequestDecorator('auth')) app.decorateRequest('auth')
    app.addHook('onRoute', function rememberRoute(this: FastifyInstance, route: RouteOptions) {
      checkRoute.call(this, route)
      if (Reflect.has(route.config ?? {}, key)) withPolicy.add(nameOf(route))
    })
    app.addHook('onRequest', (request, reply, next) => {
      // Metadata needs no route of its own: the hooks of a scope also run for what no route answers.
      if (!request.is404) return guardRoute(request, reply, next)
      metadata(request, reply, (error) => (error ? next(error) : guardRoute(request, reply, next)))
    })
  }

  return { plugin: Object.assign(plugin, pluginMarks), config }
}

/** Fastify's marks of a plugin: its hooks belong to the scope that registers it, not to a new one where they would guard nothing. */
const pluginMarks = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'claimcheck',
  [Symbol.for('plugin-meta')]: { name: 'claimcheck', fastify: '5.x' },
}

/** Fastify ignores the prefix of a plugin that has no scope of its own: its author would think other routes open. */
function checkPluginOptions(options: object): void {
  if (Object.keys(options).length > 0)
    throw new TypeError('guard.plugin takes no options: register it within the plugin that has the prefix.')
}

/** A scope takes over the hooks of its parent when it is made: one that is there already would stay open. */
function checkScope(app: FastifyInstance): void {
  const children = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.children')
  const list: unknown = children && Reflect.get(app, children)
  if (Array.isArray(list) && list.length > 0)
    throw new TypeError('guard.plugin came too late to guard the plugins before it: register it before them.')
}

type Route = Pick<RouteOptions, 'config'> & { readonly method?: unknown; readonly url?: unknown }

/** @throws TypeError for a policy where no guard reads it: any good token would be let in. */
function checkRoute(this: FastifyInstance, { config = {}, ...route }: Route): void {
  const name = nameOf(route)
  if (isRouteConfig(route)) throw new TypeError(ignoredPolicy(name, 'its options'))
  for (const member of Reflect.ownKeys(config)) {
    if (typeof member === 'symbol') checkOwner(this, member, name)
    else if (isPolicy(Reflect.get(config, member))) throw new TypeError(ignoredPolicy(name, `config.${member}`))
  }
}

/** @throws TypeError for a guard whose plugin is not registered here: every token of this guard would be let in. */
function checkOwner(app: FastifyInstance, key: symbol, route: string): void {
  if (key.description === keyName && !app.hasDecorator(key))
    throw new TypeError(
      `The route ${route} has the config of another guard, whose plugin is not registered in this scope.`,
    )
}

function isPolicy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('evaluate' in value || isRouteConfig(value))
}

function isRouteConfig(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some(({ description }) => description === keyName)
}

function nameOf({ method, url }: Route): string {
  return `${String(method)} ${String(url)}`
}

function lostPolicy(route: string): string {
  return `The route ${route} has lost its policy: a hook has replaced its config without the symbol of guard.config().`
}

function ignoredPolicy(route: string, place: string): string {
  return `The route ${route} has a policy in ${place}, which nothing reads: write config: guard.config(policy).`
}
