// Protected resource metadata (RFC 9728): where it is, what it says, and that every challenge leads to it.
import {
  AuthError,
  createResourceServer,
  type RequestView,
  type ResourceServer,
  type ResourceServerOptions,
} from 'claimcheck'
import { entra, oidc } from 'claimcheck/issuers'
import { allOf, authorizationDetails, scope, stepUp } from 'claimcheck/policy'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChallengeParams } from '../../src/errors/challenge.ts'
import { readResources } from '../../src/http/resource-metadata.ts'
import { parseChallenge } from '../support/challenge-grammar.ts'
import {
  bearer,
  createTestApi,
  errorOf,
  headerOf,
  refused,
  requestWith,
  testApiOptions,
} from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

/** The parameters of every challenge of `api`. */
function paramsOf(api: ResourceServer, request?: RequestView): ChallengeParams {
  const lines = api.challenge(new AuthError('credential_missing'), request).headers
  return parseChallenge(lines.find(([name]) => name === 'WWW-Authenticate')?.[1] ?? '').params
}

const wellKnown = '/.well-known/oauth-protected-resource'
const orders = 'https://api.example.com/orders'

function publishing(metadata: ResourceServerOptions['metadata'], more: Partial<ResourceServerOptions> = {}) {
  return createTestApi({ metadata: metadata as never, ...more }).api
}

function requestFor(url: string, method = 'GET') {
  return { method, url, headers: [] }
}

describe('the address', () => {
  it.each([
    ['https://r.example.com', `https://r.example.com${wellKnown}`],
    ['https://r.example.com/', `https://r.example.com${wellKnown}`],
    ['https://r.example.com/mcp', `https://r.example.com${wellKnown}/mcp`],
    ['https://r.example.com/mcp/', `https://r.example.com${wellKnown}/mcp/`],
    ['https://r.example.com/a/b', `https://r.example.com${wellKnown}/a/b`],
    ['https://r.example.com/mcp?x=1', `https://r.example.com${wellKnown}/mcp?x=1`],
    ['https://r.example.com/?x=1', `https://r.example.com${wellKnown}?x=1`],
    ['https://r.example.com:8443/mcp', `https://r.example.com:8443${wellKnown}/mcp`],
    ['http://127.0.0.1:3000/mcp', `http://127.0.0.1:3000${wellKnown}/mcp`],
  ])('[RFC9728-3-1] [RFC9728-3.1-1] of %s drops only the slash after the host: %s', (resource, address) => {
    const [read] = readResources({ resource })
    expect(read?.metadataUrl).toBe(address)
    const { pathname, search } = new URL(address)
    expect(publishing({ resource }).metadata(requestFor(pathname + search))?.status).toBe(200)
  })

  it.each([
    ['https://r.example.com/mcp/', `${wellKnown}/mcp`],
    ['https://r.example.com/', `${wellKnown}/`],
    ['https://r.example.com', `${wellKnown}/`],
  ])('of %s, whose path ends in a slash, is found at %s, too', (resource, target) => {
    const answer = publishing({ resource }).metadata(requestFor(target))
    expect(JSON.parse(answer?.body ?? '{}')).toMatchObject({ resource })
  })

  it('with a slash at its end is found before one without, where both are resources', () => {
    const resource = ['https://r.example.com/mcp', 'https://r.example.com/mcp/']
    const found = ['/mcp', '/mcp/'].map((path) => publishing({ resource }).metadata(requestFor(wellKnown + path))?.body)
    expect(found.map((body) => (JSON.parse(body ?? '{}') as { resource?: string }).resource)).toEqual(resource)
  })

  it('that a challenge names is that of the resource, also where the request leaves its slash out', () => {
    const resource = ['https://r.example.com/other', 'https://r.example.com/mcp/']
    const { resource_metadata: named } = paramsOf(publishing({ resource }), requestFor('/mcp'))
    expect(named).toBe(`https://r.example.com${wellKnown}/mcp/`)
  })

  it.each([
    'http://r.example.com',
    'https://r.example.com/#x',
    'https://r.example.com/a"b',
    'https://r.example.com/a\\b',
    'https://r.example.com/a b',
    'https://r.example.com/é',
    'https://u:p@r.example.com',
    'r.example.com',
    'api://orders',
    '',
    'https://',
    'https://r.example.com/\r\nSet-Cookie: a=b',
  ])('[RFC9728-1.2-1] is for https identifiers without fragment, not for %j', (resource) => {
    expect(() => publishing({ resource })).toThrow(TypeError)
  })

  it.each([
    undefined,
    null,
    'https://r.example.com',
    {},
    { resource: [] },
    { resource: 1 },
    { resource: orders, name: 'x' },
  ])('cannot be made of %j', (metadata) => {
    const make = () => createResourceServer({ ...testApiOptions().options, metadata: metadata as never })
    if (metadata === undefined) return expect(make().metadata(requestFor(wellKnown))).toBeUndefined()
    expect(make).toThrow(TypeError)
  })
})

describe('the document', () => {
  it('[RFC9728-3.2-1] [RFC9728-2-1] [MCP-PRM-1] states the configuration and the policies in use, and no empty member', () => {
    const api = publishing({
      resource: orders,
      description: { resource_name: 'Orders', 'resource_name#de': 'Bestellungen' },
    })
    const answer = (one = api) => one.metadata(requestFor(`${wellKnown}/orders`))
    expect(answer()).toEqual({
      status: 200,
      headers: { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/json' },
      body: JSON.stringify({
        resource: orders,
        authorization_servers: ['https://sts.example.com'],
        bearer_methods_supported: ['header'],
        resource_name: 'Orders',
        'resource_name#de': 'Bestellungen',
      }),
    })
    const declaring = publishing({ resource: orders })
    declaring.declare(allOf(scope('a', 'b'), scope('b', 'offline_access'), stepUp({ acrValues: ['mfa'] })))
    declaring.declare(authorizationDetails('payment'))
    expect(JSON.parse(answer(declaring)?.body ?? '')).toMatchObject({
      scopes_supported: ['a', 'b'],
      authorization_details_types_supported: ['payment'],
    })
    expect(answer(declaring)?.body).not.toMatch(/mfa|acr/)
  })

  it('[MCP-SCOPE-4] names the scopes of the default policy, and never offline_access', () => {
    const api = publishing({ resource: orders }, { policy: scope('api', 'offline_access') })
    expect(JSON.parse(api.metadata(requestFor(`${wellKnown}/orders`))?.body ?? '').scopes_supported).toEqual(['api'])
  })

  it('names no scope when they are not to be published', () => {
    const api = publishing({ resource: orders }, { policy: scope('api'), publishScopes: false })
    expect(api.metadata(requestFor(`${wellKnown}/orders`))?.body).not.toContain('scope')
  })

  it('[RFC9728-3.3-1] [RFC9728-6-1] names the very identifier, of several too', () => {
    const resource = ['https://api.example.com', 'https://api.example.com/mcp', 'https://api.example.com/mcp/']
    const api = publishing({ resource })
    for (const one of resource) {
      const { target } = readResources({ resource: one })[0] ?? { target: '' }
      expect(JSON.parse(api.metadata(requestFor(target))?.body ?? '').resource).toBe(one)
      expect(JSON.parse(api.metadata(requestFor(`https://api.example.com${target}`))?.body ?? '').resource).toBe(one)
    }
    for (const other of ['/', '/mcp', `${wellKnown}/other`, `${wellKnown}?x`, `/x${wellKnown}`, `${wellKnown}/MCP`])
      expect(api.metadata(requestFor(other))).toBeUndefined()
  })

  it('names the authorization servers of Entra by their current issuer, unless others are given', () => {
    const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
    const issuer = entra({ tenant, clientId: 'b1c2d3e4-0000-4000-8000-00000000beef' })
    const serversOf = (metadata: NonNullable<ResourceServerOptions['metadata']>) => {
      const api = createResourceServer({ issuer, metadata })
      return (
        JSON.parse(api.metadata(requestFor(`${wellKnown}/orders`))?.body ?? '') as { authorization_servers: unknown }
      ).authorization_servers
    }
    expect(serversOf({ resource: orders })).toEqual([`https://login.microsoftonline.com/${tenant}/v2.0`])
    expect(serversOf({ resource: orders, authorizationServers: ['https://as'] })).toEqual(['https://as'])
  })

  it('names no authorization server by an issuer that is no URL: it has no address for metadata', () => {
    const jwksUri = 'https://keys.example.com/jwks'
    const named = oidc({ issuer: 'acme.com', audience: 'a', jwksUri })
    const metadataOf = (issuer: ResourceServerOptions['issuer']) => {
      const api = createResourceServer({ issuer, metadata: { resource: orders } } as ResourceServerOptions)
      return JSON.parse(api.metadata(requestFor(`${wellKnown}/orders`))?.body ?? '') as Record<string, unknown>
    }
    const found = oidc({ issuer: 'https://sts.example.com', audience: 'a' })
    expect(metadataOf([named, found]).authorization_servers).toEqual(['https://sts.example.com'])
    expect(metadataOf(named)).not.toHaveProperty('authorization_servers')
  })

  it('[OWN-PRM-1] may be read by any page', () => {
    const api = publishing({ resource: orders })
    const target = `${wellKnown}/orders`
    expect(api.metadata(requestFor(target, 'HEAD'))?.status).toBe(200)
    expect(api.metadata(requestFor(target, 'OPTIONS'))).toEqual({
      status: 204,
      headers: {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
        'Access-Control-Allow-Headers': '*',
        'Access-Control-Max-Age': '86400',
      },
      body: '',
    })
    expect(api.metadata(requestFor(target, 'POST'))).toMatchObject({
      status: 405,
      headers: { Allow: 'GET, HEAD, OPTIONS' },
    })
  })

  it.each([
    { resource_name: '' },
    { resource_name: 1 },
    { issuer: 'x' },
    { 'resource_name#"': 'x' },
    { resource: 'https://other' },
  ])('[RFC9728-2-1] is not described by %j', (description) => {
    expect(() => publishing({ resource: orders, description: description as never })).toThrow(TypeError)
  })
})

describe('every challenge', () => {
  const resource = ['https://api.example.com/', 'https://api.example.com/mcp', 'https://api.example.com/mcp/admin']
  const api = publishing({ resource }, { policy: scope('api') })

  it('[RFC9728-5.1-1] [MCP-PRM-2] leads to the metadata of what the client called', async () => {
    const at = async (url: string, claims?: object, ...lines: readonly string[]) => {
      const request = claims ? { ...bearer(claims as never), url } : { ...requestWith(...lines), url }
      const error = await errorOf(api.guard(request, scope('more')))
      const answer = headerOf(api.challenge(error, request), 'WWW-Authenticate')
      const params = parseChallenge(String(answer)).params
      // What a framework sends by itself says the same, save for tokens that the verifier has refused.
      if (params.error !== 'invalid_token') expect(error.headers['WWW-Authenticate']).toBe(answer)
      return `${params.error ?? 'none'} ${params.resource_metadata}`
    }
    const root = `https://api.example.com${wellKnown}`
    expect(await at('/')).toBe(`none ${root}`)
    expect(await at('/other')).toBe(`none ${root}`)
    expect(await at('/mcp?x=1')).toBe(`none ${root}/mcp`)
    expect(await at('/mcp/tools')).toBe(`none ${root}/mcp`)
    expect(await at('/mcp/admin/x', {})).toBe(`insufficient_scope ${root}/mcp/admin`)
    expect(await at('/mcpx', { exp: 1 })).toBe(`invalid_token ${root}`)
    expect(await at('/mcp', { exp: 1 })).toBe(`invalid_token ${root}/mcp`)
    expect(await at('/mcp', undefined, 'Bearer')).toBe(`invalid_request ${root}/mcp`)
    expect(await at('https://api.example.com/mcp')).toBe(`none ${root}/mcp`)
    expect(await at('//evil.example/mcp')).toBe(`none ${root}`)
  })

  it('[RFC9728-5.1-1] goes together with a step-up, and with what require throws', async () => {
    const auth = await api.verifyToken(createToken({ claims: { scope: 'api' } }))
    const rule = stepUp({ maxAgeSeconds: 5 })
    const error = await refusalOf(api.require(auth, rule, undefined, { request: requestFor('/mcp') }))
    expect(error.headers['WWW-Authenticate']).toMatch(
      new RegExp(`, resource_metadata="https://api.example.com${wellKnown}/mcp", max_age="5"$`),
    )
  })

  it('names no address that a request has made up', () => {
    const property = fc.property(fc.string(), (url) => {
      const { resource_metadata } = paramsOf(api, requestFor(url))
      expect(resource.map((one) => readResources({ resource: one })[0]?.metadataUrl)).toContain(resource_metadata)
    })
    fc.assert(property)
  })

  it('names none without metadata', async () => {
    expect((await refused(createTestApi().api.guard(requestWith()))).challenge).toBe('Bearer realm="orders"')
  })
})

describe('of several resources', () => {
  it.each([
    [['https://a.example', 'https://a.example/'], wellKnown],
    [['https://a.example/mcp', 'https://b.example', 'https://c.example/mcp'], `${wellKnown}/mcp`],
    [['https://a.example/mcp?x=1', 'https://a.example', 'https://b.example/mcp?x=1'], `${wellKnown}/mcp?x=1`],
    [['https://a.example/mcp', 'https://a.example/mcp'], `${wellKnown}/mcp`],
  ])('[RFC9728-3-1] two may not be published at one path: %j', (resource, path) => {
    expect(() => publishing({ resource })).toThrow(TypeError)
    expect(() => publishing({ resource })).toThrow(`would both be published at ${path}: name one.`)
  })

  it('[RFC9728-5.1-1] [RFC9728-3.3-1] none is named where the request is unknown', async () => {
    const several = publishing({ resource: ['https://api.example.com', 'https://api.example.com/mcp'] })
    const auth = await several.verifyToken(createToken())
    const thrown = async (request?: ReturnType<typeof requestFor>) =>
      refusalOf(several.require(auth, scope('a'), undefined, request && { request }))
    const words =
      'Bearer realm="orders", error="insufficient_scope", error_description="The access token lacks a scope that this resource needs."'
    const at = `resource_metadata="https://api.example.com${wellKnown}`
    const error = await thrown()
    expect(error.headers['WWW-Authenticate']).toBe(`${words}, scope="a"`)
    expect(headerOf(several.challenge(error), 'WWW-Authenticate')).toBe(`${words}, scope="a"`)
    expect((await thrown(requestFor('/mcp'))).headers['WWW-Authenticate']).toBe(`${words}, ${at}/mcp", scope="a"`)
    // An answer to the request itself knows it.
    const answered = headerOf(several.challenge(error, requestFor('/mcp')), 'WWW-Authenticate')
    expect(answered).toBe(`${words}, ${at}/mcp", scope="a"`)
    expect(paramsOf(several)).toEqual({ realm: 'orders' })
  })

  it('the only one is named in any case', () => {
    expect(paramsOf(publishing({ resource: orders }))).toEqual({
      realm: 'orders',
      resource_metadata: `https://api.example.com${wellKnown}/orders`,
    })
  })
})
