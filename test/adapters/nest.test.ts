// "claimcheck/nest" in Nest applications on Express and Fastify: what is denied by default, and how a refusal reaches the client.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Injectable,
  Module,
  Post,
  Req,
  Scope,
} from '@nestjs/common'
import { APP_GUARD, ExternalContextCreator, NestFactory } from '@nestjs/core'
import { ClientTCP, EventPattern, MessagePattern, type MicroserviceOptions, Transport } from '@nestjs/microservices'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { AuthError, createResourceServer, type VerifiedToken } from 'claimcheck'
import { Anonymous, Auth, createGuard, type NestGuard, UsePolicy } from 'claimcheck/nest'
import { policy, type PolicyQuery, scope } from 'claimcheck/policy'
import { describe, expect, it, onTestFinished } from 'vitest'
import { badTokens } from '../support/bad-tokens.ts'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import {
  answerOf,
  bare,
  denied,
  invalidToken,
  keysUnavailable,
  malformed,
  policyUnavailable,
  repeated,
  scopeMissing,
} from './answers.ts'
import { portOf, serverOptions } from './framework.ts'
import { type Class, decorate, first } from './nest-decorators.ts'

/** A decorator that wraps the method and copies no metadata, as many for logs and traces do. */
function Traced(_target: object, _name: string, descriptor: PropertyDescriptor): void {
  const wrapped = descriptor.value as (...args: unknown[]) => unknown
  descriptor.value = function (this: unknown, ...args: unknown[]): unknown {
    return wrapped.apply(this, args)
  }
}

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, { readonly owner: string }>) => {
  return auth.principal.subject === resource.owner
})

class Inherited {
  inherited() {
    return 'let in'
  }
}
decorate(Inherited, [UsePolicy(scope('base'))], { inherited: [Get('/inherited')] })

class Orders extends Inherited {
  caller(auth: VerifiedToken) {
    return auth.principal.subject
  }
  scoped(auth: VerifiedToken) {
    return auth.principal.subject
  }
  own() {
    return 'let in'
  }
  open(auth?: VerifiedToken) {
    return auth?.principal.subject ?? 'nobody'
  }
}
decorate(Orders, [Controller('orders')], {
  caller: [Get('/caller'), UsePolicy(scope('base')), first(Auth())],
  scoped: [Get('/scoped'), UsePolicy(scope('orders:read')), first(Auth())],
  own: [Get('/own')],
  open: [Get('/open'), Anonymous(), first(Auth())],
})

class Plain {
  bare(auth: VerifiedToken) {
    return auth.principal.subject
  }
  post() {
    return 'let in'
  }
  metadata() {
    return 'let in'
  }
}
decorate(Plain, [Controller()], {
  bare: [Get('/bare'), first(Auth())],
  post: [Post('/post')],
})

class Open {
  index(auth?: VerifiedToken) {
    return auth?.principal.subject ?? 'nobody'
  }
  closed() {
    return 'let in'
  }
  foreign(auth?: VerifiedToken) {
    return auth?.principal.subject ?? 'nobody'
  }
}
decorate(Open, [Controller('open'), Anonymous()], {
  index: [Get(), first(Auth())],
  closed: [Get('/closed'), UsePolicy(scope('orders:read'))],
  foreign: [Get('/foreign'), first(Auth())],
})

type Guard = NestGuard

/** Handlers that ask the guard themselves; request-scoped, so that each request has its own. */
function createAsking(guard: Guard): Class {
  class Asking {
    order(req: never) {
      return guard.require(req, owner, { owner: 'bob' })
    }
    subject(req: never) {
      return guard.auth(req).principal.subject
    }
    broken() {
      throw new RangeError('a fault')
    }
  }
  decorate(Asking, [Controller({ path: 'asking', scope: Scope.REQUEST })], {
    order: [Get('/order'), first(Req())],
    subject: [Get('/subject'), first(Req())],
    broken: [Get('/broken')],
  })
  return Asking
}

interface Setup {
  readonly guard: Guard
  readonly change?: (app: INestApplication) => void
  readonly controllers?: readonly Class[]
  readonly providers?: readonly object[]
}

const platforms = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter({ http: serverOptions } as never)],
] as const

describe.each(platforms)('on %s', (platform, createAdapter) => {
  async function createApp({ guard, change, controllers = [], providers = [] }: Setup): Promise<INestApplication> {
    class App {}
    decorate(App, [
      Module({
        controllers: [Orders, Plain, Open, createAsking(guard), ...controllers] as never,
        providers: providers as never,
      }),
    ])
    const app = await NestFactory.create(App, createAdapter() as never, { logger: false })
    change?.(app)
    onTestFinished(() => app.close())
    return app
  }

  async function serve(setup: Setup) {
    const app = await createApp({ ...setup, change: setup.change ?? ((one) => one.useGlobalGuards(setup.guard)) })
    await app.listen(0, '127.0.0.1')
    const port = portOf(app.getHttpServer() as never)
    return (
      path: string,
      { method = 'GET', scopes, lines }: { method?: string; scopes?: string; lines?: readonly string[] } = {},
    ) => {
      const bearer = scopes === undefined ? [] : [`Authorization: Bearer ${createToken({ claims: { scope: scopes } })}`]
      return sendRaw(port, { path, method, lines: lines ?? bearer })
    }
  }

  /** Calls the method `orders` in the way in which @nestjs/graphql calls a resolver: parent, arguments, context, information. */
  async function resolverOf(guard: Guard, Resolver: new () => { orders(): unknown }) {
    const app = await createApp({ guard, change: (one) => one.useGlobalGuards(guard), providers: [Resolver] })
    await app.init()
    const resolver = app.get(Resolver)
    const [none, orders] = [undefined, resolver.orders]
    const creator = app.get(ExternalContextCreator)
    return creator.create(resolver as never, orders, 'orders', none, none, none, none, none, 'graphql')
  }

  const createTestGuard = (options?: Parameters<typeof createGuard>[1]) =>
    createGuard(testApiOptions().options, options)

  it('demands a token of every route, also of one without a decorator, and lets any good one in there', async () => {
    const send = await serve({ guard: createTestGuard() })
    expect(answerOf(await send('/bare'))).toEqual(bare())
    expect((await send('/bare', { method: 'HEAD' })).status).toBe(401)
    expect((await send('/post', { method: 'POST' })).status).toBe(401)
    const good = await send('/bare', { scopes: '' })
    expect([good.status, good.body]).toEqual([200, 'alice'])
  })

  it('asks the policy of the method, else of the class or its parent, and names its scope', async () => {
    const send = await serve({ guard: createTestGuard() })
    expect(answerOf(await send('/orders/scoped'))).toEqual(bare('orders:read'))
    expect(answerOf(await send('/orders/scoped', { scopes: 'base' }))).toEqual(scopeMissing('orders:read'))
    expect((await send('/orders/scoped', { scopes: 'orders:read' })).body).toBe('alice')
    for (const path of ['/orders/own', '/orders/inherited']) {
      expect(answerOf(await send(path, { scopes: 'orders:read' })), path).toEqual(scopeMissing('base'))
      expect((await send(path, { scopes: 'base' })).status, path).toBe(200)
    }
  })

  it('asks the policy of a method that another decorator wraps, and none for one that replaces it in a child', async () => {
    class Wrapped {
      admin() {
        return 'let in'
      }
      health() {
        return 'let in'
      }
    }
    class Child extends Wrapped {
      override health() {
        return 'let in'
      }
    }
    const marks = { admin: [Get('/admin'), Traced, UsePolicy(scope('admin'))] }
    decorate(Wrapped, [Controller('wrapped'), Anonymous()], { ...marks, health: [Get('/health'), Traced, Anonymous()] })
    decorate(Child, [Controller('child'), UsePolicy(scope('child'))], { health: [Get('/health'), Traced] })
    const send = await serve({ guard: createTestGuard(), controllers: [Wrapped, Child] })
    for (const path of ['/wrapped/admin', '/child/admin']) {
      expect(answerOf(await send(path)), path).toEqual(bare('admin'))
      expect(answerOf(await send(path, { scopes: 'other' })), path).toEqual(scopeMissing('admin'))
      expect((await send(path, { scopes: 'admin' })).status, path).toBe(200)
    }
    expect((await send('/wrapped/health')).status).toBe(200)
    expect(answerOf(await send('/child/health'))).toEqual(bare('child'))
  })

  it('lets anonymous requests in where the method or its class says so, and refuses bad tokens there', async () => {
    const send = await serve({ guard: createTestGuard() })
    for (const path of ['/orders/open', '/open']) {
      expect((await send(path)).body, path).toBe('nobody')
      expect((await send(path, { scopes: '' })).body, path).toBe('alice')
      expect(answerOf(await send(path, { lines: ['Authorization: Bearer garbage'] })), path).toEqual(invalidToken)
    }
    expect(answerOf(await send('/open/closed'))).toEqual(bare('orders:read'))
  })

  it('answers what is wrong with a credential as every adapter does', async () => {
    const send = await serve({ guard: createTestGuard() })
    const line = `Authorization: Bearer ${createToken()}`
    expect(answerOf(await send('/bare', { lines: [line, line] }))).toEqual(repeated)
    expect(answerOf(await send('/bare', { lines: [`${line} x`] }))).toEqual(malformed)
    for (const token of badTokens.filter(({ length }) => length < 12_000))
      expect(answerOf(await send('/bare', { lines: [`Authorization: Bearer ${token}`] }))).toEqual(invalidToken)
  })

  it('answers 503 and no challenge while keys or policies are out of reach', async () => {
    const fetch = () => Promise.reject(new Error('down'))
    const options = testApiOptions({ issuer: 'https://sts.example.com', fetch }).options
    const send = await serve({ guard: createGuard(options) })
    expect(answerOf(await send('/bare', { scopes: '' }))).toEqual(keysUnavailable)
    const broken = testApiOptions({ policy: () => Promise.reject(new Error('SECRET')) }).options
    const ask = await serve({ guard: createGuard(broken) })
    expect(answerOf(await ask('/bare', { scopes: '' }))).toEqual(policyUnavailable)
  })

  it('is a provider too: APP_GUARD, which needs no global guard', async () => {
    const guard = createTestGuard()
    const send = await serve({ guard, change: () => {}, providers: [{ provide: APP_GUARD, useFactory: () => guard }] })
    expect((await send('/bare')).status).toBe(401)
    expect((await send('/orders/scoped', { scopes: 'orders:read' })).status).toBe(200)
  })

  it('verifies once for two guards, and works in request-scoped controllers', async () => {
    const { options, verified } = testApiOptions()
    const guard = createGuard(options)
    const send = await serve({ guard, change: (app) => app.useGlobalGuards(guard, guard) })
    expect((await send('/asking/subject', { scopes: '' })).body).toBe('alice')
    expect(verified).toEqual(['alice'])
    expect((await send('/asking/subject')).status).toBe(401)
  })

  it('two guards of two APIs: both must let in', async () => {
    const other = createGuard(testApiOptions({ audience: 'https://other.example.com' }).options)
    const guard = createTestGuard()
    const send = await serve({ guard, change: (app) => app.useGlobalGuards(guard, other) })
    expect((await send('/bare', { scopes: '' })).status).toBe(401)
  })

  it('guard.errors() answers what guard.require throws as the guard would, and leaves other errors alone', async () => {
    const guard = createTestGuard()
    const send = await serve({ guard, change: (app) => app.useGlobalGuards(guard).useGlobalFilters(guard.errors()) })
    expect(answerOf(await send('/asking/order', { scopes: '' }))).toEqual(denied)
    expect((await send('/asking/broken', { scopes: '' })).status).toBe(500)
  })

  it('answers once, also where a filter of the application answers everything', async () => {
    const guard = createTestGuard()
    const caught: unknown[] = []
    class Everything implements ExceptionFilter {
      catch(error: unknown, host: ArgumentsHost) {
        caught.push(error)
        const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: string): void } }>()
        response.status(418).send('teapot')
      }
    }
    decorate(Everything, [Catch()])
    const send = await serve({ guard, change: (app) => app.useGlobalGuards(guard).useGlobalFilters(new Everything()) })
    expect(answerOf(await send('/bare'))).toEqual(bare())
    expect(caught).toEqual([])
    expect((await send('/asking/broken', { scopes: '' })).status).toBe(418)
  })

  it("refusals: 'pass-on' gives Nest an HttpException: its own filter answers with our status, challenge and body", async () => {
    const send = await serve({ guard: createTestGuard({ refusals: 'pass-on' }) })
    for (const [path, expected] of [
      ['/orders/scoped', scopeMissing('orders:read')],
      ['/bare', undefined],
    ] as const) {
      const answer = await send(path, { scopes: 'base', ...(!expected && { lines: [] }) })
      const { status, headers, body } = expected ?? bare()
      const challenge = headers.find((line) => line.startsWith('www-authenticate: '))
      expect([answer.status, JSON.parse(answer.body)]).toEqual([status, JSON.parse(body)])
      expect(`www-authenticate: ${valuesOf(answer, 'WWW-Authenticate').join()}`).toBe(challenge)
      expect(valuesOf(answer, 'Cache-Control')).toEqual(['no-store'])
    }
  })

  it('[RFC9728-3-1] serves the metadata by middleware, before any route', async () => {
    const resource = 'https://api.example.com/orders'
    const guard = createGuard(testApiOptions({ metadata: { resource } }).options)
    const send = await serve({ guard, change: (app) => void app.useGlobalGuards(guard).use(guard.metadata()) })
    const path = '/.well-known/oauth-protected-resource/orders'
    expect(JSON.parse((await send(path)).body)).toMatchObject({ resource })
    expect(valuesOf(await send('/bare'), 'WWW-Authenticate').join()).toContain(
      `resource_metadata="https://api.example.com${path}"`,
    )
  })

  it('takes nothing for a caller that other middleware has put on the request', async () => {
    const guard = createTestGuard()
    const forge = (req: object, _res: unknown, next: () => void) => {
      Object.assign(req, { auth: { principal: { subject: 'mallory' } } })
      next()
    }
    const send = await serve({
      guard,
      change: (app) => {
        if (platform === 'Express') app.use(forge)
        else
          (app.getHttpAdapter().getInstance() as { addHook: (...args: unknown[]) => void }).addHook('onRequest', forge)
        app.useGlobalGuards(guard)
      },
    })
    expect((await send('/open/foreign')).body).toBe('nobody')
  })

  it('guards GraphQL resolvers by the request of their context', async () => {
    const guard = createTestGuard()
    class Resolver {
      orders() {
        return 'let in'
      }
    }
    decorate(Resolver, [Injectable()], { orders: [UsePolicy(scope('orders:read'))] })
    const resolve = await resolverOf(guard, Resolver)
    const ask = (scopes?: string) => {
      const rawHeaders =
        scopes === undefined ? [] : ['Authorization', `Bearer ${createToken({ claims: { scope: scopes } })}`]
      const headers = scopes === undefined ? {} : { authorization: rawHeaders[1] }
      return resolve({}, {}, { req: { method: 'POST', url: '/graphql', rawHeaders, headers } }, {}) as Promise<unknown>
    }
    expect(await ask('orders:read')).toBe('let in')
    await expect(ask('other')).rejects.toMatchObject({ status: 403, response: { error: 'insufficient_scope' } })
    await expect(ask()).rejects.toMatchObject({ status: 401, cause: { reason: 'credential_missing' } })
    await expect(resolve({}, {}, {}, {})).rejects.toThrow(/finds no request in a message of type graphql/)
  })

  it('judges each message of GraphQL on a WebSocket anew: its token may have expired since the last', async () => {
    const { options, clock } = testApiOptions()
    const guard = createGuard(options)
    class Resolver {
      orders() {
        return 'let in'
      }
    }
    decorate(Resolver, [Injectable()], { orders: [UsePolicy(scope('orders:read'))] })
    const resolve = await resolverOf(guard, Resolver)
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    const upgraded = once(server, 'upgrade')
    await once(server, 'listening')
    const token = createToken({ claims: { scope: 'orders:read' } })
    const client = request({
      port: portOf(server),
      headers: { connection: 'Upgrade', upgrade: 'websocket', authorization: `Bearer ${token}` },
    })
    client.on('error', () => {}).end()
    const [req, socket] = (await upgraded) as [IncomingMessage, Duplex]
    onTestFinished(() => void socket.destroy())
    const ask = () => resolve({}, {}, { req }, {})
    expect(await Promise.all([ask(), ask()])).toEqual(['let in', 'let in'])
    clock.advanceMs(86_400_000)
    await expect(ask()).rejects.toMatchObject({ status: 401, cause: { reason: 'token_expired' } })
    expect(() => guard.auth(req)).toThrow(AuthError)
  })
})

describe('in a microservice', () => {
  it('refuses messages, which bring no request, unless their handler is anonymous', async () => {
    const seen: string[] = []
    class Messages {
      closed() {
        seen.push('closed')
        return 'let in'
      }
      open() {
        return 'let in'
      }
      event() {
        seen.push('event')
      }
    }
    decorate(Messages, [Controller()], {
      closed: [MessagePattern('closed')],
      open: [MessagePattern('open'), Anonymous()],
      event: [EventPattern('event')],
    })
    class App {}
    const guard = createGuard(testApiOptions().options)
    decorate(App, [Module({ controllers: [Messages], providers: [{ provide: APP_GUARD, useValue: guard }] })])
    const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(App, { ...options, logger: false })
    await app.listen()
    onTestFinished(() => app.close())
    const server = app.unwrap<{ address(): { port: number } }>()
    const client = new ClientTCP({ host: '127.0.0.1', port: server.address().port })
    onTestFinished(() => client.close())
    const { lastValueFrom } = await import('rxjs')
    expect(await lastValueFrom(client.send('open', {}))).toBe('let in')
    await expect(lastValueFrom(client.send('closed', {}))).rejects.toMatchObject({ status: 'error' })
    await lastValueFrom(client.emit('event', {}))
    // A later message that is answered: the event before it has been judged.
    expect(await lastValueFrom(client.send('open', {}))).toBe('let in')
    expect(seen).toEqual([])
  })
})

describe('decorators', () => {
  class Twice {
    handler() {}
  }

  it.each<[string, () => unknown, RegExp]>([
    ['a policy that is undefined', () => UsePolicy(undefined as never), /^The policy is undefined/],
    ['no policy', () => (UsePolicy as () => unknown)(), /^The policy is undefined/],
    [
      'a second policy',
      () => (UsePolicy as (...args: unknown[]) => unknown)(scope('a'), scope('b')),
      /takes 1 argument/,
    ],
    [
      'Anonymous with a policy',
      () => (Anonymous as (...args: unknown[]) => unknown)(scope('a')),
      /takes 0 argument|no argument/,
    ],
    [
      'two policies of one method, of which one would be ignored',
      () => decorate(Twice, [], { handler: [UsePolicy(scope('a')), UsePolicy(scope('b'))] }),
      /two decorators for one route or controller: write @UsePolicy\(allOf/,
    ],
    [
      'two policies of one method, with a decorator between them that wraps it',
      () =>
        decorate(
          class {
            handler() {}
          },
          [],
          { handler: [UsePolicy(scope('a')), Traced, UsePolicy(scope('b'))] },
        ),
      /two decorators/,
    ],
    [
      'a policy of an anonymous class',
      () => decorate(class {}, [UsePolicy(scope('a')), Anonymous()]),
      /two decorators/,
    ],
  ])('refuse %s with a TypeError', (_, make, words) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(words)
  })

  it('take a decorator of their own where a parent class has one', () => {
    class Parent {}
    class Child extends Parent {}
    decorate(Parent, [UsePolicy(scope('a'))])
    expect(() => decorate(Child, [Anonymous()])).not.toThrow()
  })

  it('createGuard refuses what it does not know', () => {
    const create = createGuard as (...args: readonly unknown[]) => unknown
    const api = createResourceServer(testApiOptions().options)
    expect(() => create(api, { refuse: 1 })).toThrow(/no option refuse/)
    expect(() => create(api, {}, {})).toThrow(/takes 2 arguments, not 3/)
    expect(() => (createGuard(api).errors as (one: unknown) => unknown)(1)).toThrow(/takes 0 arguments/)
  })
})
