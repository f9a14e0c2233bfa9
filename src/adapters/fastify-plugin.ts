// The guard of "claimcheck/fastify" as a plugin: deny by default. Every route of its scope needs a token, unless its config says more or less.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { checkArgumentCount } from '../internal/options.ts'
import { isBareRule } from '../policy/rules.ts'

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
    // Its own: a symbol on a prototype would open every route.
    const hook = Object.hasOwn(config, key) ? (Reflect.get(config, key) as Hook) : undefined
    if (!hook) {
      // A route that was there before the plugin has not been checked yet.
      const name = nameOf({ method, url })
      checkConfig(request.server, config, name)
      // An `onRoute` hook of the application, such as one that copies a config by JSON, may have lost the policy since.
      if (withPolicy.has(name)) throw new TypeError(lostPolicy(name))
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
      const name = nameOf(route)
      const { config = {}, ...options } = route
      if (isRouteConfig(options) || policyIn(options) !== undefined)
        throw new TypeError(ignoredPolicy(name, 'its options'))
      checkConfig(this, config, name)
      if (Reflect.has(config, key)) withPolicy.add(name)
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

interface RouteName {
  readonly method?: unknown
  readonly url?: unknown
}

/** @throws TypeError for a policy where no guard reads it: any good token would be let in. */
function checkConfig(app: FastifyInstance, config: object, name: string): void {
  for (const key of Object.getOwnPropertySymbols(config)) checkOwner(app, key, name)
  const member = policyIn(config)
  if (member !== undefined) throw new TypeError(ignoredPolicy(name, `config.${member}`))
}

/** @throws TypeError for a guard whose plugin is not registered here: every token of this guard would be let in. */
function checkOwner(app: FastifyInstance, key: symbol, route: string): void {
  if (key.description === keyName && !app.hasDecorator(key))
    throw new TypeError(
      `The route ${route} has the config of another guard, whose plugin is not registered in this scope.`,
    )
}

/** The name of the first member of `members` that holds a policy. */
function policyIn(members: object): string | undefined {
  return Object.entries(members).find(([name, value]) => isPolicy(name, value))?.[0]
}

/** A function may be anything, such as a hook: only its name tells that it is meant for a policy. */
function isPolicy(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((one) => isPolicy(name, one))
  if (typeof value === 'function') return name === 'policy' || isBareRule(value)
  return typeof value === 'object' && value !== null && ('evaluate' in value || isRouteConfig(value))
}

function isRouteConfig(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some(({ description }) => description === keyName)
}

function nameOf({ method, url }: RouteName): string {
  return `${String(method)} ${String(url)}`
}

function lostPolicy(route: string): string {
  return `The route ${route} has lost its policy: a hook has replaced its config without the symbol of guard.config().`
}

function ignoredPolicy(route: string, place: string): string {
  return `The route ${route} has a policy in ${place}, which nothing reads: write config: guard.config(policy).`
}
