// Serverless adapters, engine.io and others imitate a ServerResponse, and their writeHead does not give it back.
import { createGuard } from 'claimcheck/express'
import { expect, it } from 'vitest'
import { testApiOptions } from '../support/resource-servers.ts'

function imitatedResponse() {
  const sent: { status?: number; body?: string } = {}
  const response = {
    writeHead: (status: number): void => void (sent.status = status),
    end: (body: string): void => void (sent.body = body),
  }
  return { sent, response: response as never }
}

const metadata = { resource: 'https://api.example.com' }

it('a guard refuses on a response that does not chain', () => {
  const guard = createGuard(testApiOptions({}).options)
  const { sent, response } = imitatedResponse()
  guard()({ method: 'GET', url: '/', headers: {}, rawHeaders: [] } as never, response, () => {})
  expect(sent).toMatchObject({ status: 401, body: expect.stringContaining('Unauthorized') as string })
})

it('metadata is answered on a response that does not chain', () => {
  const guard = createGuard(testApiOptions({ metadata }).options)
  const { sent, response } = imitatedResponse()
  const url = '/.well-known/oauth-protected-resource'
  guard.metadata()({ method: 'GET', url, headers: {}, rawHeaders: [] } as never, response, () => {})
  expect(sent).toMatchObject({ status: 200, body: expect.stringContaining(metadata.resource) as string })
})
