// Cloudflare Access: its samples, its options, its header.
import { createResourceServer } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { refused } from '../support/resource-servers.ts'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('cloudflareAccess')

const claims = fixture.accepted[0]?.claims ?? {}

describe('cloudflareAccess()', () => {
  it.each([
    [{ team: 'example.cloudflareaccess.com' }, "team must look like 'example', not 'example.cloudflareaccess.com'."],
    [{ team: 'Example' }, "team must look like 'example', not 'Example'."],
    [{ team: 'example/' }, "team must look like 'example', not 'example/'."],
    [{ team: 'example-' }, "team must look like 'example', not 'example-'."],
    [
      { audience: 'https://api.example.com' },
      "audience must look like '32eafc7626e737136ed1ec03d3ad09e1...', not 'https://api.example.com'.",
    ],
    [
      { audience: 'a'.repeat(31) },
      `audience must look like '32eafc7626e737136ed1ec03d3ad09e1...', not '${'a'.repeat(31)}'.`,
    ],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })

  it('is taken from its own header, and from no other', async () => {
    const fetch = async (url: string) => Response.json(fixture.served[url])
    const issuer = fixture.makeIssuer({})
    const api = createResourceServer({ issuer, fetch, clock: createTestClock() })
    const request = (name: string, value: string) => ({ method: 'GET', url: '/', headers: [[name, value]] as const })
    const token = tokenOf(fixture, { claims })
    const admission = await api.authenticate(request('Cf-Access-Jwt-Assertion', token))
    expect(admission.outcome).toBe('authenticated')
    expect((await refused(api.authenticate(request('Authorization', `Bearer ${token}`)))).reason).toBe(
      'token_in_wrong_header',
    )
  })

  it('takes a team of one letter', () => {
    expect(fixture.makeIssuer({ team: 'x' }).endpoints[0]?.issuer).toBe('https://x.cloudflareaccess.com')
  })

  it.each(['alice', 'x1a.access', '1a.access.example', '1a.ACCESS', '.access'])(
    'refuses the name %s of a certificate, which names no service token',
    async (name) => {
      const { verifyToken } = createFixtureVerifier(fixture)
      const service = { type: 'app', sub: '', common_name: name }
      const { email: _, identity_nonce: __, ...others } = claims
      const error = await expectInvalidToken(
        verifyToken(tokenOf(fixture, { claims: { ...others, ...service } })),
        'claim_invalid',
      )
      expect(error.details).toMatchObject({ claim: 'common_name', received: name })
      expect(error.hint).toContain('sub is empty')
    },
  )

  it.each([null, 7, [''], { sub: '' }])(
    'refuses the sub %j, which is not the empty one of a service token',
    async (sub) => {
      const { verifyToken } = createFixtureVerifier(fixture)
      const error = verifyToken(tokenOf(fixture, { claims: { ...claims, common_name: 'x', sub } }))
      expect((await expectInvalidToken(error, 'claim_invalid')).details.claim).toBe('sub')
    },
  )
})
