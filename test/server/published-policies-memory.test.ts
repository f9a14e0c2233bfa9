// Policies that are made for a request leave nothing in memory: only those that are declared at start are kept.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type ClaimcheckEvent, createResourceServer, type ResourceServer } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { heapUsed } from '../support/heap.ts'
import { requestWith, testApiOptions } from '../support/resource-servers.ts'

/** A request that Express would give to a middleware. */
function expressRequest(next: () => void): [IncomingMessage, ServerResponse, () => void] {
  const request = new IncomingMessage(new Socket())
  return [request, new ServerResponse(request), next]
}

describe('50,000 anonymous requests with a policy made for each', () => {
  it.each<[string, (api: ResourceServer) => (id: number) => Promise<unknown>]>([
    ['api.guard', (api) => async (id) => api.guard(requestWith(), scope(`order:${id}`)).catch(() => {})],
    [
      'a guard of Express',
      (api) => {
        const guard = createGuard(api)
        const serveMetadata = guard.metadata()
        return async (id) => {
          serveMetadata(...expressRequest(() => {}))
          guard(scope(`order:${id}`))(...expressRequest(() => expect.fail('was let in')))
        }
      },
    ],
  ])('cost no memory, publish nothing and are told of once, by %s', { timeout: 60_000 }, async (_, asking) => {
    const faults: ClaimcheckEvent[] = []
    const { options } = testApiOptions({
      metadata: { resource: 'https://api.example.com' },
      policy: scope('api'),
      onEvent: (event) => event.type === 'policy.not_published' && faults.push(event),
    })
    const api = createResourceServer(options)
    const ask = asking(api)
    for (let id = 0; id < 1000; id++) await ask(id)
    const before = heapUsed()
    for (let id = 1000; id < 51_000; id++) await ask(id)
    expect(heapUsed() - before).toBeLessThan(1_000_000)
    const { body } = api.metadata({ method: 'GET', url: '/.well-known/oauth-protected-resource', headers: [] }) ?? {}
    expect(JSON.parse(body ?? '')).toMatchObject({ scopes_supported: ['api'] })
    expect(faults).toMatchObject([{ type: 'policy.not_published', policy: 'scope(order:0)' }])
  })
})
