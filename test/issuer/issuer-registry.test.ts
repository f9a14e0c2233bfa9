// The trusted issuers: found by their exact name only, each with keys that serve no other.
import { oidc } from 'claimcheck/issuers'
import { afterAll, describe, expect, it } from 'vitest'
import { createIssuerRegistry } from '../../src/issuer/registry.ts'
import { createTestClock } from '../support/clock.ts'
import { type KeyServer, startKeyServer } from '../support/key-server.ts'
import { issuer, keyFor } from '../support/tokens.ts'

const jwks = { keys: [keyFor('ES256').publicJwk] }
const servers: KeyServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.stop())))

const network = {
  fetch: (url: string, init: RequestInit) => fetch(url, init),
  fetchTimeoutMs: 5000,
  clock: createTestClock(),
  random: () => 0.5,
  emit: () => {},
  signal: new AbortController().signal,
  keepAlive: () => {},
}

async function startServer() {
  const server = await startKeyServer(jwks)
  servers.push(server)
  return server
}

describe('an issuer', () => {
  const one = oidc({ issuer, jwks })
  const two = oidc({ issuer: 'https://two.example.com', jwks })
  const registry = createIssuerRegistry([one, two], { network })

  it('is found by its exact name', () => {
    expect(registry.find({ iss: issuer })).toMatchObject({ issuer, profile: one })
    expect(registry.find({ iss: 'https://two.example.com' })).toMatchObject({
      issuer: 'https://two.example.com',
      profile: two,
    })
    expect(registry.find({ iss: issuer })?.profile).toBe(one)
  })

  it.each([undefined, null, '', 0, [issuer], { toString: () => issuer }, `${issuer}/`, 'toString', '__proto__'])(
    'is not found by %j',
    (iss) => {
      expect(registry.find({ iss })).toBeUndefined()
    },
  )

  it('is listed once for each of its names, in the order of the options', () => {
    expect(registry.all.map((trusted) => trusted.issuer)).toEqual([issuer, 'https://two.example.com'])
    const twice = { ...one, endpoints: [...two.endpoints, ...one.endpoints] }
    const { all, find } = createIssuerRegistry([twice], { network })
    expect(all.map((trusted) => trusted.issuer)).toEqual(['https://two.example.com', issuer])
    expect(find({ iss: issuer })?.profile).toBe(twice)
  })

  it('cannot be there twice', () => {
    const message = `Two configured issuers answer to '${issuer}': leave one out.`
    expect(() => createIssuerRegistry([one, two, oidc({ issuer, jwks })], { network })).toThrow(new TypeError(message))
  })
})

describe('keys', () => {
  it('of the options need no network', async () => {
    const offline = { ...network, fetch: () => Promise.reject(new Error('must not fetch')) }
    const { keys } = createIssuerRegistry([oidc({ issuer, jwks })], { network: offline }).find({ iss: issuer }) ?? {}
    expect((await keys?.findKey({ alg: 'ES256', kid: 'ES256' }))?.kid).toBe('ES256')
  })

  it('at an address are fetched from there, without metadata', async () => {
    const server = await startServer()
    const trusted = oidc({ issuer: server.issuer, jwksUri: `${server.issuer}/jwks` })
    const { keys } = createIssuerRegistry([trusted], { network }).find({ iss: server.issuer }) ?? {}
    expect((await keys?.findKey({ alg: 'ES256', kid: 'ES256' }))?.kid).toBe('ES256')
    expect(server.requests).toEqual(['/jwks'])
  })

  it('behind metadata are fetched from where it says', async () => {
    const server = await startServer()
    const { keys } =
      createIssuerRegistry([oidc({ issuer: server.issuer })], { network }).find({ iss: server.issuer }) ?? {}
    expect((await keys?.findKey({ alg: 'ES256', kid: 'ES256' }))?.kid).toBe('ES256')
    expect(server.requests.at(-1)).toBe('/jwks')
  })

  it('serve only the algorithms of their issuer', async () => {
    const trusted = oidc({ issuer, jwks: { keys: [...jwks.keys, keyFor('EdDSA').publicJwk] }, algorithms: ['EdDSA'] })
    const { keys } = createIssuerRegistry([trusted], { network }).find({ iss: issuer }) ?? {}
    expect((await keys?.findKey({ alg: 'EdDSA', kid: 'EdDSA' }))?.kid).toBe('EdDSA')
    expect(await keys?.findKey({ alg: 'ES256', kid: 'ES256' })).toBeUndefined()
  })

  it('[RFC8725bis-3.8-1] of one issuer are not those of another', async () => {
    const server = await startServer()
    const trusted = [oidc({ issuer, jwks: { keys: [keyFor('EdDSA').publicJwk] } }), oidc({ issuer: server.issuer })]
    const registry = createIssuerRegistry(trusted, { network })
    expect(await registry.find({ iss: issuer })?.keys.findKey({ alg: 'ES256', kid: 'ES256' })).toBeUndefined()
    expect(server.requests).toEqual([])
    expect(await registry.find({ iss: server.issuer })?.keys.findKey({ alg: 'EdDSA', kid: 'EdDSA' })).toBeUndefined()
  })
})
