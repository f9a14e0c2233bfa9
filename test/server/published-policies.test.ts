// What is kept and published of policies: that of routes, which are declared at start, and nothing that was made for a request.
import {
  type ClaimcheckEvent,
  createResourceServer,
  logTo,
  type ResourceServer,
  type ResourceServerOptions,
} from 'claimcheck'
import { allOf, role, scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { bearer, refused, requestWith, testApiOptions } from '../support/resource-servers.ts'

const metadata = { resource: 'https://api.example.com' }
const atMetadata = { method: 'GET', url: '/.well-known/oauth-protected-resource', headers: [] }

interface Publishing {
  readonly api: ResourceServer
  readonly published: () => readonly string[]
  readonly faults: readonly ClaimcheckEvent[]
}

function createPublishing(changes: Partial<ResourceServerOptions> = {}): Publishing {
  const faults: ClaimcheckEvent[] = []
  const onEvent = (event: ClaimcheckEvent) => event.type === 'policy.not_published' && faults.push(event)
  const api = createResourceServer(testApiOptions({ metadata, onEvent, ...changes }).options)
  const document = () => JSON.parse(api.metadata(atMetadata)?.body ?? '') as { scopes_supported?: string[] }
  return { api, published: () => document().scopes_supported ?? [], faults }
}

describe('a policy that is declared after the first request', () => {
  it.each<[string, (api: ResourceServer) => unknown]>([
    ['anonymous', (api) => refused(api.guard(requestWith()))],
    ['authenticated', (api) => api.authenticate(bearer())],
    ['for metadata', (api) => api.metadata(atMetadata)],
  ])('is not published, and one event says so: %s', async (_, firstRequest) => {
    const { api, published, faults } = createPublishing()
    api.declare(scope('a'))
    await firstRequest(api)
    for (const late of [scope('late'), scope('later'), role('r'), scope('a')]) api.declare(late)
    expect(published()).toEqual(['a'])
    const reason = 'it came after the first request: declare the policies of all routes at start'
    expect(faults).toEqual([{ type: 'policy.not_published', policy: 'scope(late)', reason }])
  })

  it('is asked all the same', async () => {
    const { api } = createPublishing()
    await api.authenticate(requestWith())
    api.declare(scope('late'))
    expect(await refused(api.guard(bearer(), scope('late')))).toMatchObject({ code: 'insufficient_scope' })
  })

  it('is no fault where all that it requires is published', async () => {
    const { api, faults } = createPublishing()
    api.declare(scope('a'))
    await api.authenticate(requestWith())
    api.declare(allOf(scope('a'), role('r')))
    await refused(api.guard(bearer(), scope('a')))
    expect(faults).toEqual([])
  })
})

describe('a policy that is asked and was never declared', () => {
  it('is reported where there is metadata to publish it in', async () => {
    const { api, published, faults } = createPublishing()
    await refused(api.guard(requestWith(), scope('undeclared')))
    expect(published()).toEqual([])
    expect(faults).toMatchObject([{ policy: 'scope(undeclared)' }])
  })

  it('is no fault where there is none', async () => {
    const { api, faults } = createPublishing({ metadata: undefined as never })
    await refused(api.guard(requestWith(), scope('undeclared')))
    expect(faults).toEqual([])
  })
})

it('at most 1,000 requirements are kept, and one event says so', () => {
  const { api, published, faults } = createPublishing()
  for (let number = 0; number < 1010; number++) api.declare(scope(`s${number}`))
  expect(published()).toHaveLength(1000)
  expect(published().at(-1)).toBe('s999')
  const reason = 'the declared policies require more than 1000 things'
  expect(faults).toEqual([{ type: 'policy.not_published', policy: 'scope(s1000)', reason }])
})

it('logTo writes a line for it, whatever the name of the policy', async () => {
  const lines: string[] = []
  const { api } = createPublishing({ onEvent: logTo({ warn: (line) => lines.push(line), info: () => {} }) })
  await api.authenticate(requestWith())
  api.declare({ id: 'a\nb', requires: [{ kind: 'scope', scopes: ['s'] }], evaluate: () => ({ effect: 'allow' }) })
  expect(lines).toEqual([
    'claimcheck policy.not_published policy="a?b" reason="it came after the first request: declare the policies of all routes at start"',
  ])
})
