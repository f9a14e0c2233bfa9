// CORS preflights: a guard never lets one through to a handler; CORS middleware before it answers them.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { ClaimcheckEvent } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { authenticated } from 'claimcheck/policy'
import cors from 'cors'
import express, { type RequestHandler } from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { portOf } from './framework.ts'

const preflight = {
  method: 'OPTIONS',
  path: '/orders',
  lines: [
    'Origin: https://app.example.com',
    'Access-Control-Request-Method: DELETE',
    'Access-Control-Request-Headers: authorization',
  ],
}

async function start(...before: readonly RequestHandler[]) {
  const events: ClaimcheckEvent[] = []
  let handled = 0
  const guard = createGuard({ ...testApiOptions({}).options, onEvent: (event) => events.push(event) })
  const app = express()
  app.use(...(before.length > 0 ? before : ([(_req, _res, next) => next()] as RequestHandler[])))
  app.all('/orders', guard(authenticated), (_req, res) => {
    handled++
    res.json({})
  })
  const server: Server = createServer(app).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { port: portOf(server), events, handled: () => handled }
}

describe('a preflight', () => {
  it('is refused by a guard, never reaches the handler, and the log says what to do', async () => {
    const { port, events, handled } = await start()
    expect(await sendRaw(port, preflight)).toMatchObject({ status: 401 })
    expect(handled()).toBe(0)
    expect(events).toMatchObject([
      { type: 'refusal', hint: expect.stringContaining('put your CORS middleware before the guard') as string },
    ])
  })

  it('is answered by CORS middleware before the guard', async () => {
    const { port, events, handled } = await start(cors({ origin: 'https://app.example.com' }))
    const answer = await sendRaw(port, preflight)
    expect(answer.status).toBe(204)
    expect(valuesOf(answer, 'Access-Control-Allow-Origin')).toEqual(['https://app.example.com'])
    expect({ events, handled: handled() }).toEqual({ events: [], handled: 0 })
  })

  it('leaves the request itself to the guard, whose refusal a browser may read', async () => {
    const { port } = await start(cors({ origin: 'https://app.example.com' }))
    const answer = await sendRaw(port, { path: '/orders', lines: ['Origin: https://app.example.com'] })
    expect(answer.status).toBe(401)
    expect(valuesOf(answer, 'Access-Control-Allow-Origin')).toEqual(['https://app.example.com'])
  })

  it('is what it is only with its header: other OPTIONS requests get no such hint', async () => {
    const { port, events } = await start()
    await sendRaw(port, { method: 'OPTIONS', path: '/orders' })
    expect(events).toMatchObject([{ type: 'refusal', hint: undefined }])
  })
})
