// The contract of all adapters for "claimcheck/nest", in Nest applications on Express and Fastify. A guard of the contract is a guard of
// Nest with the metadata of one decorator; several of them stand in one @UseGuards().
import { createServer, type IncomingMessage } from 'node:http'
import {
  All,
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  HttpCode,
  type INestApplication,
  Module,
  Req,
  UseFilters,
  UseGuards,
} from '@nestjs/common'
import { BaseExceptionFilter, HttpAdapterHost, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Anonymous, createGuard, type NestGuard, UsePolicy } from 'claimcheck/nest'
import { describe } from 'vitest'
import { describeContract } from './contract.ts'
import { type App, authOn, type Framework, type Guard, portOf, serverOptions } from './framework.ts'
import { type Class, decorate, first } from './nest-decorators.ts'

type NestRequest = IncomingMessage
interface Hook {
  readonly guard?: CanActivate
  readonly middleware?: unknown
  readonly answer?: (request: NestRequest) => unknown
  readonly filters?: readonly ExceptionFilter[]
}
type Arguments = readonly unknown[]
type AnyCall = (...args: Arguments) => unknown

/** Asks `guard` as Nest does for a route that `decorator` marks. */
function onRoute(guard: NestGuard, decorator?: ClassDecorator): Hook {
  class Marked {}
  decorator?.(Marked)
  const canActivate = (context: ExecutionContext) => {
    const marked = { getHandler: { value: () => Marked }, getClass: { value: () => class {} } }
    return guard.canActivate(Object.create(context, marked) as ExecutionContext)
  }
  return { guard: { canActivate } }
}

function createContractGuard(...args: Arguments): Guard<NestRequest, Hook> {
  const guard = (createGuard as AnyCall)(...args) as NestGuard
  const { auth, maybeAuth, require, errors } = guard
  const passesOn = (args[1] as { readonly refusals?: string } | undefined)?.refusals === 'pass-on'
  const hook = (...policies: Arguments): Hook =>
    onRoute(guard, policies.length > 0 ? ((UsePolicy as AnyCall)(...policies) as ClassDecorator) : undefined)
  return Object.assign(hook, {
    optional: (...given: Arguments) => onRoute(guard, (Anonymous as AnyCall)(...given) as ClassDecorator),
    metadata: (): Hook => ({ middleware: guard.metadata() }),
    // Nest has handlers alone, and a filter beside them.
    handler: (...given: Arguments): Hook => ({
      ...hook(...given.slice(0, -1)),
      answer: given.at(-1) as (request: NestRequest) => unknown,
      filters: passesOn ? [] : [errors()],
    }),
    auth,
    maybeAuth,
    require,
    errors,
  }) as unknown as Guard<NestRequest, Hook>
}

interface Route {
  readonly path: string
  readonly hooks: readonly Hook[]
  readonly answer: (request: NestRequest) => unknown
}

function toController(routes: readonly Route[]): Class {
  class Contract {}
  const methods = routes.map(({ path, hooks, answer }, index) => {
    const name = `route${index}`
    // A function of its own: Nest keeps the metadata of a route on it.
    const value = (request: NestRequest): unknown => answer(request)
    Object.defineProperty(Contract.prototype, name, { value, configurable: true, writable: true })
    const guards = hooks.flatMap(({ guard }) => guard ?? [])
    const filters = hooks.flatMap((hook) => hook.filters ?? [])
    return [name, [All(path), HttpCode(200), UseGuards(...guards), UseFilters(...filters), first(Req())]] as const
  })
  decorate(Contract, [Controller()], Object.fromEntries(methods))
  return Contract
}

/** A filter of every error, from a function. */
function filterOf(answer: (error: unknown, host: ArgumentsHost) => void): ExceptionFilter {
  class Filter implements ExceptionFilter {
    catch(error: unknown, host: ArgumentsHost): void {
      answer(error, host)
    }
  }
  Catch()(Filter)
  return new Filter()
}

function createApp(createAdapter: () => unknown): App<NestRequest, Hook> {
  const errors: unknown[] = []
  const routes: Route[] = []
  const filters: unknown[] = []
  return {
    errors,
    route: (path, hooks, answer) => void routes.push({ path, hooks, answer }),
    handle: (path, hook) => void routes.push({ path, hooks: [hook], answer: hook.answer ?? (() => ({})) }),
    setErrorHandler: (handler) => void filters.push(handler),
    errorHandler: (answer) =>
      filterOf((error, host) => {
        const http = host.switchToHttp()
        const { cause = error } = Object(error) as { readonly cause?: unknown }
        // A guard hands an HttpException to the filters of Nest, whose cause is the refusal.
        const body = answer(cause, http.getRequest())
        http.getResponse<{ status(code: number): { send(body: unknown): void } }>().status(200).send(body)
      }),
    async listen() {
      class Root {}
      decorate(Root, [Module({ controllers: [toController(routes)] as never })])
      const app: INestApplication = await NestFactory.create(Root, createAdapter() as never, { logger: false })
      for (const { middleware } of routes.flatMap(({ hooks }) => hooks)) if (middleware) app.use(middleware)
      const own = new BaseExceptionFilter(app.get(HttpAdapterHost).httpAdapter)
      const record = filterOf((error, host) => {
        errors.push(error)
        own.catch(error, host)
      })
      app.useGlobalFilters(record, ...(filters as ExceptionFilter[]))
      await app.listen(0, '127.0.0.1')
      return { port: portOf(app.getHttpServer() as never), close: () => app.close() }
    },
  }
}

class LenientExpress extends ExpressAdapter {
  override initHttpServer(): void {
    this.httpServer = createServer(serverOptions, this.getInstance() as never) as never
  }
}

function frameworkOf(createAdapter: () => unknown): Framework<NestRequest, Hook> {
  return {
    createApp: () => createApp(createAdapter),
    createGuard: createContractGuard as Framework<NestRequest, Hook>['createGuard'],
    handlerOf: (guard, rules, answer) =>
      guard.handler(...rules, (request: NestRequest) => answer(request, guard.auth(request) as never)),
    before: (change) => ({
      guard: {
        canActivate(context) {
          change(context.switchToHttp().getRequest())
          return true
        },
      },
    }),
    attached: authOn,
    exceptions: [
      'decorators say what a route needs',
      'errors of others are 500',
      'policies are known at the first request',
    ],
  }
}

describe('on Express', () => describeContract(frameworkOf(() => new LenientExpress())))
describe('on Fastify', () => describeContract(frameworkOf(() => new FastifyAdapter({ http: serverOptions } as never))))
