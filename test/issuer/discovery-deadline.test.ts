// One deadline for the whole way from nothing to keys, and shares of it, so that one address that hangs leaves time for the next.
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { type Answer, faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createToken, keyFor } from '../support/tokens.ts'

const keys = [keyFor('ES256').publicJwk]
const jwks = { keys }

let server: KeyServer
beforeEach(async () => {
  server = await startKeyServer({ keys, path: '/a' })
})
afterEach(() => server.stop())

const addresses = (): string[] => [
  '/.well-known/oauth-authorization-server/a',
  '/.well-known/openid-configuration/a',
  '/a/.well-known/openid-configuration',
]
const document = (): Answer => faults.json({ issuer: server.issuer, jwks_uri: `${new URL(server.issuer).origin}/jwks` })

describe('an address that hangs', () => {
  it.each([
    ['the first', 0, 1],
    ['the first and the second', 0, 2],
    ['the second', 1, 2],
  ])('(%s of three) leaves time for the one that answers', async (_, firstHanging, good) => {
    for (const address of addresses().slice(firstHanging, good)) server.answer(address, faults.hang)
    server.answer(addresses()[good] ?? '', document())
    // Time enough for a busy machine, of which a third is lost for each address that hangs.
    const { ready, verifyToken } = createVerifier({
      issuer: server.issuer,
      audience,
      clock: createTestClock(),
      fetchTimeoutMs: 1800,
    })
    expect(await ready()).toEqual([{ issuer: server.issuer, ok: true }])
    await verifyToken(createToken({ claims: { iss: server.issuer } }))
  })

  it('is named with its share of the time, and the last address has what is left', async () => {
    server.answer('*', faults.hang)
    const { ready } = createVerifier({ issuer: server.issuer, audience, fetchTimeoutMs: 300 })
    const [readiness] = await ready()
    const { message } = readiness?.error as Error
    const { host, origin } = new URL(server.issuer)
    const [first, second, last] = addresses().map((path) => origin + path)
    expect(message).toBe(
      `no metadata: ${host} did not answer within 100 ms (${first}, ${second}); ${host} did not answer within 300 ms (${last})`,
    )
  })

  it('does not keep a known address of the keys from being asked in time', async () => {
    const clock = createTestClock()
    server.answer(addresses()[0] ?? '', document())
    const { ready, keys: health } = createVerifier({ issuer: server.issuer, audience, clock, fetchTimeoutMs: 1000 })
    await ready()
    server.answer(addresses()[0] ?? '', faults.hang)
    clock.advanceMs(10 * 60_000)
    await ready()
    await expect.poll(() => health()[0], { interval: 5, timeout: 2000 }).toMatchObject({ state: 'fresh', ageMs: 0 })
    expect(server.count()).toBe(2)
  })
})

describe('the deadline', () => {
  /** Metadata takes `metadataMs`; says whether the fetch of the keys, which hangs, is ended within `keysMs`. */
  function endsWithin(metadataMs: number, keysMs: number, fetchTimeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const fetch = async (url: string, { signal }: RequestInit): Promise<Response> => {
        if (url.includes('/.well-known/')) {
          await new Promise((answer) => setTimeout(answer, metadataMs))
          return Response.json({ issuer: 'https://sts.example.com', jwks_uri: 'https://sts.example.com/jwks' })
        }
        setTimeout(() => resolve(signal?.aborted === true), keysMs)
        return new Promise(() => {})
      }
      const issuer = oidc({ issuer: 'https://sts.example.com', audience })
      void createVerifier({ issuer, fetch, clock: createTestClock(), fetchTimeoutMs }).ready()
    })
  }

  it('is one for metadata and keys', async () => {
    // Timers fire in their order, however late: the deadline 200 ms after the keys were asked for, its end seen after 250.
    expect(await endsWithin(100, 250, 300)).toBe(true)
  })

  it('of a fixed address is all for the keys', async () => {
    const aborted: boolean[] = []
    const fetch = (_: string, { signal }: RequestInit): Promise<Response> => {
      setTimeout(() => aborted.push(signal?.aborted === true), 50)
      return new Promise((resolve) => setTimeout(() => resolve(Response.json(jwks)), 60))
    }
    const issuer = oidc({ issuer: 'https://sts.example.com', audience, jwksUri: 'https://sts.example.com/jwks' })
    const { ready } = createVerifier({ issuer, fetch, clock: createTestClock(), fetchTimeoutMs: 5000 })
    expect(await ready()).toMatchObject([{ ok: true }])
    expect(aborted).toEqual([false])
  })
})
