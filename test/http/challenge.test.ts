// The answer to a refused request: status, headers and problem document, for every code and every option.
import { AuthError, createResourceServer } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { anyScope, scope } from 'claimcheck/policy'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AuthErrorReason, errorTable } from '../../src/errors/reasons.ts'
import { refusalAnswer } from '../../src/server/response.ts'
import { parseChallenge } from '../support/challenge-grammar.ts'
import { errorOf, headerOf } from '../support/resource-servers.ts'
import { audience, issuer, keyFor } from '../support/tokens.ts'

const reasons = Object.keys(errorTable) as AuthErrorReason[]
const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

describe.each(reasons)('the answer for %s', (reason) => {
  const { status, text, code } = errorTable[reason]
  const isChallenged = code.startsWith('in') // invalid_…, insufficient_…
  const answer = refusalAnswer(new AuthError(reason), { realm: 'orders' })

  it('[RFC9111-3.5-1] may not be stored by any cache', () => {
    expect(answer.headers['Cache-Control']).toBe('no-store')
  })

  it('[OWN-BODY-1] has a problem document with the facts of the challenge alone', () => {
    expect(answer.headers['Content-Type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body)).toEqual({
      title: titles[status],
      status,
      detail: text,
      ...(isChallenged && { error: code }),
    })
    const challenge = answer.headers['WWW-Authenticate']
    if (challenge === undefined || !isChallenged) return
    expect(parseChallenge(String(challenge)).params).toEqual({
      realm: 'orders',
      error: code,
      error_description: text,
    })
  })

  it('[RFC9110-11.6.1-1] has the status of the table, and a challenge for every 401', () => {
    expect(answer.status).toBe(status)
    if (status === 401) expect(parseChallenge(String(answer.headers['WWW-Authenticate'])).params.realm).toBe('orders')
    if (status === 503) expect(answer.headers).not.toHaveProperty('WWW-Authenticate')
    expect('Retry-After' in answer.headers).toBe(status === 503)
  })
})

it('[OWN-BODY-1] is these bytes for every token that is not acceptable', () => {
  expect(refusalAnswer(new AuthError('token_expired'), { realm: 'orders' })).toEqual({
    status: 401,
    headers: {
      'Cache-Control': 'no-store',
      'WWW-Authenticate':
        'Bearer realm="orders", error="invalid_token", error_description="The access token is malformed, expired, revoked, or not meant for this resource."',
      'Content-Type': 'application/problem+json',
    },
    body: '{"title":"Unauthorized","status":401,"detail":"The access token is malformed, expired, revoked, or not meant for this resource.","error":"invalid_token"}',
  })
})

it('[RFC6750-3.1-1] has no error information when no credential was sent', () => {
  const { headers, body } = refusalAnswer(new AuthError('credential_missing'), { realm: 'orders' })
  expect(headers['WWW-Authenticate']).toBe('Bearer realm="orders"')
  expect(body).not.toContain('error')
})

it('keeps the seconds until a retry', () => {
  const error = new AuthError('keys_unavailable', { retryAfterSeconds: 9 })
  expect(refusalAnswer(error, { realm: 'orders' }).headers).toEqual({
    'Cache-Control': 'no-store',
    'Retry-After': '9',
    'Content-Type': 'application/problem+json',
  })
})

it('joins the parameters of the error to those of the resource server; the error wins', () => {
  const error = new AuthError('credential_missing', { challengeParams: { realm: 'invoices', scope: 'a b' } })
  expect(refusalAnswer(error, { realm: 'orders' }).headers['WWW-Authenticate']).toBe(
    'Bearer realm="invoices", scope="a b"',
  )
  expect(refusalAnswer(error, {}).headers['WWW-Authenticate']).toBe('Bearer realm="invoices", scope="a b"')
})

describe('every challenge, whatever the options', () => {
  const unit = fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 1, arbitrary: fc.nat(0xffff) },
  )
  const text = fc.string({ unit: unit.map((code) => String.fromCharCode(code)), maxLength: 12 })
  const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const rules = { scope, anyScope }

  it('[RFC9110-11.2-3] [RFC6750-3-3] [RFC6750-3-4] is read by a strict parser, or its options are a TypeError', async () => {
    const outcomes = { read: 0, refused: 0 }
    const property = fc.asyncProperty(
      text,
      fc.array(text, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('scope', 'anyScope'),
      async (realm, [first = '', ...more], rule) => {
        const made = orTypeError(() => ({
          api: createResourceServer({ issuer: trusted, realm }),
          policy: rules[rule](first, ...more),
        }))
        if (!made) return void outcomes.refused++
        const error = await errorOf(made.api.guard({ method: 'GET', url: '/', headers: [] }, made.policy))
        const wanted = rule === 'scope' ? [...new Set([first, ...more])].join(' ') : first
        const challenge = headerOf(made.api.challenge(error), 'WWW-Authenticate')
        expect(parseChallenge(String(challenge)).params).toEqual({ realm, scope: wanted })
        outcomes.read++
      },
    )
    await fc.assert(property, { numRuns: 300, seed: 6750 })
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(30)
  })

  it('[RFC6750-3-4] is read by a strict parser for every reason, or is never made', () => {
    const property = fc.property(fc.constantFrom(...reasons), text, text, (reason, realm, scopes) => {
      const error = new AuthError(reason, { challengeParams: { realm, scope: `x${scopes}` } })
      const challenge = orTypeError(() => error.headers)?.['WWW-Authenticate']
      if (challenge !== undefined) expect(challenge).toMatch(/^Bearer realm="[ !#-[\]-~]*"(, [a-z_]+="[ !#-[\]-~]*")+$/)
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('[RFC6750-3-4] is not made at all from what would break out of it', () => {
    for (const realm of ['a"b', 'a\\b', 'a\r\nSet-Cookie: a=b', 'é']) {
      expect(() => createResourceServer({ issuer: trusted, realm })).toThrow(/realm.*printable ASCII/)
    }
  })
})

function orTypeError<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return undefined
  }
}
