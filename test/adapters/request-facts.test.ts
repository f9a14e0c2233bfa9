// What an adapter tells of a request: logs name it, and a policy gets its signal.
import { type ClaimcheckEvent, createResourceServer, logTo } from 'claimcheck'
import { createGuard as createExpressGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import express from 'express'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { startLoopback } from '../support/loopback.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

const headers = { Authorization: `Bearer ${createToken()}` }

function createApi(events: ClaimcheckEvent[] = []) {
  const onEvent = (event: ClaimcheckEvent): number => events.push(event)
  return createResourceServer(testApiOptions({ onEvent }).options)
}

async function serveExpress(api: ReturnType<typeof createApi>): Promise<string> {
  const guard = createExpressGuard(api)
  const app = express()
  app.use((req, _, next) => (Object.assign(req, { id: 7 }), next()))
  app.get('/guarded', guard(), (_, res) => void res.send('in'))
  return `http://${(await startLoopback(app)).host}`
}

async function serveFastify(api: ReturnType<typeof createApi>): Promise<string> {
  const guard = createFastifyGuard(api)
  const app = fastify()
  onTestFinished(() => app.close())
  app.get('/guarded', { onRequest: guard() }, () => 'in')
  return app.listen({ host: '127.0.0.1', port: 0 })
}

it.each([
  ['Express', serveExpress, { id: '7', method: 'GET' }],
  ['Fastify', serveFastify, { id: 'req-1', method: 'GET', route: '/guarded' }],
])('%s names the refused request in its event, and never its path', async (_, serve, request) => {
  const events: ClaimcheckEvent[] = []
  const url = await serve(createApi(events))
  await fetch(`${url}/guarded?name=SECRET`, { headers: { Authorization: 'Bearer a.b.c' } })
  expect(events).toMatchObject([{ type: 'refusal', code: 'invalid_token', reason: 'token_malformed', request }])
  const lines: string[] = []
  const log = logTo({ warn: (line) => lines.push(line), info: (line) => lines.push(line) })
  for (const event of events) log(event)
  expect(lines[0]).toContain(` requestId="${request.id}" method="GET"`)
  expect(lines[0]).not.toContain('SECRET')
})

it('guard.require hands its signal to the policy, and knows no other option', async () => {
  const api = createApi()
  const guard = createExpressGuard(api)
  const signals: unknown[] = []
  const { signal } = new AbortController()
  const app = express()
  app.get(
    '/',
    guard.handler(async (req, res) => {
      await guard.require(req, ({ signal: given }) => signals.push(given) > 0, {}, { signal })
      await expect(guard.require(req, () => true, {}, { explain: true } as never)).rejects.toThrow(TypeError)
      res.send('in')
    }),
  )
  const url = `http://${(await startLoopback(app)).host}/`
  expect(await (await fetch(url, { headers })).text()).toBe('in')
  expect(signals).toEqual([signal])
})
