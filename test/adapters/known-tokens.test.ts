// A token that is remembered costs no promise on its way through an adapter.
import { createHook } from 'node:async_hooks'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { createResourceServer } from 'claimcheck'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { allOf, claim, scope } from 'claimcheck/policy'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, it } from 'vitest'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const token = createToken({ claims: { scope: 'read write' } })
const policy = allOf(scope('read'), scope('write'), claim('sub', 'alice'))

/** How many promises `run` makes. */
function promisesOf(run: () => void): number {
  let promises = 0
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') promises++
    },
  })
  hook.enable()
  try {
    run()
  } finally {
    hook.disable()
  }
  return promises
}

function requestWith(authorization: string): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.rawHeaders.push('Host', 'api.example.com', 'Authorization', authorization)
  Object.assign(request.headers, { host: 'api.example.com', authorization })
  return request
}

it('counts promises, where there are some', () => {
  expect(promisesOf(() => void Promise.resolve().then(() => {}))).toBe(2)
})

it.each([
  ['without a policy', undefined],
  ['with policies that decide at once', policy],
])('makes none in Express, %s', async (_, routePolicy) => {
  const api = createResourceServer(testApiOptions().options)
  await api.verifyToken(token)
  const guard = createExpressGuard(api)
  const middlewares = [routePolicy ? guard(routePolicy) : guard(), guard.optional()]
  for (const middleware of middlewares) {
    const request = requestWith(`Bearer ${token}`)
    let passed = 0
    const promises = promisesOf(() => middleware(request, new ServerResponse(request), () => passed++))
    expect({ promises, passed }).toEqual({ promises: 0, passed: 1 })
    expect(guard.auth(request).claims.sub).toBe('alice')
  }
})

it('makes none in Fastify', async () => {
  const api = createResourceServer(testApiOptions().options)
  await api.verifyToken(token)
  const guard = createFastifyGuard(api)
  const hook = guard(policy)
  const request = { raw: requestWith(`Bearer ${token}`) } as FastifyRequest
  let passed = 0
  const promises = promisesOf(() => hook(request, {} as FastifyReply, () => passed++))
  expect({ promises, passed }).toEqual({ promises: 0, passed: 1 })
})

it('passes an error of what comes after it on, and does not take it for its own', async () => {
  const api = createResourceServer(testApiOptions().options)
  await api.verifyToken(token)
  const middleware = createExpressGuard(api)()
  const request = requestWith(`Bearer ${token}`)
  const calls: unknown[] = []
  const next = (error?: unknown): void => {
    calls.push(error)
    throw new Error('the application’s own')
  }
  expect(() => middleware(request, new ServerResponse(request), next)).toThrow('the application’s own')
  expect(calls).toEqual([undefined])
})
