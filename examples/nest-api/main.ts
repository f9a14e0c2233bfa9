// A NestJS API that denies by default: every route needs a token, and a decorator says which policy, or `@Anonymous()`.
import { randomUUID } from 'node:crypto'
import { Controller, Get, Module, NotFoundException, Param, Post, Req } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import type { VerifiedToken } from 'claimcheck'
import { Anonymous, Auth, createGuard, UsePolicy } from 'claimcheck/nest'
import { policy, type PolicyQuery, scope } from 'claimcheck/policy'

interface Order {
  readonly id: string
  readonly owner: string
}

const owner = policy('owner', ({ auth, resource }: PolicyQuery<VerifiedToken, Order>) => {
  return auth.principal.key === resource.owner
})

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env
const guard = createGuard({ issuer, audience })
const orders = new Map<string, Order>()

@Controller()
class OrdersController {
  @Get('health')
  @Anonymous()
  health(): string {
    return 'ok'
  }

  @Post('orders')
  @UsePolicy(scope('orders:write'))
  create(@Auth() { principal }: VerifiedToken): Order {
    const order = { id: randomUUID(), owner: principal.key }
    orders.set(order.id, order)
    return order
  }

  @Get('orders/:id')
  @UsePolicy(scope('orders:read'))
  async read(@Req() request: Parameters<typeof guard.auth>[0], @Param('id') id: string): Promise<Order> {
    const order = orders.get(id)
    if (!order) throw new NotFoundException()
    return guard.require(request, owner, order)
  }
}

@Module({ controllers: [OrdersController], providers: [{ provide: APP_GUARD, useValue: guard }] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
app.useGlobalFilters(guard.errors())
await app.listen(Number(PORT), '127.0.0.1')
console.log(await app.getUrl())
