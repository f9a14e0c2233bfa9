// What adapters know of a route's parameters, and a guard without its parentheses where types can tell.
import { createGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import express from 'express'
import { fastify } from 'fastify'

const options = { issuer: 'https://sts.example.com', audience: 'https://api.example.com' } as const

const guard = createGuard(options)
express().get(
  '/orders/:id',
  guard.handler((req, res) => {
    const id: string | readonly string[] | undefined = req.params['id']
    res.json(id)
  }),
)
express().get(
  '/orders/:id',
  guard.handler<{ id: string }>((req, res) => {
    const id: string = req.params.id
    // @ts-expect-error the route has no such parameter
    res.json([id, req.params.name])
  }),
)

const fastifyGuard = createFastifyGuard(options)
fastify().get<{ Params: { id: string } }>(
  '/orders/:id',
  fastifyGuard.handler((request) => {
    const id: string = request.params.id
    // @ts-expect-error the route has no such parameter
    return [id, request.params.name]
  }),
)
// @ts-expect-error the guard itself is no hook: write fastifyGuard()
fastify().get('/orders', { onRequest: fastifyGuard }, () => 'orders')
