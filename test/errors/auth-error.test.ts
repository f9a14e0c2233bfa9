// The one table of refusals, word for word: it is what clients see, and what operators' alarms are built on.
import { inspect } from 'node:util'
import { AuthError, type AuthErrorReason } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { challengeOf } from '../../src/errors/challenge.ts'
import { errorTable } from '../../src/errors/reasons.ts'
import { parseChallenge } from '../support/challenge-grammar.ts'

const badToken = {
  fault: 'token',
  status: 401,
  code: 'invalid_token',
  text: 'The access token is malformed, expired, revoked, or not meant for this resource.',
}
const unavailable = {
  fault: 'dependency',
  status: 503,
  code: 'temporarily_unavailable',
  text: 'The access token cannot be checked right now. It may be good: please try again.',
}
const denied = { fault: 'policy', status: 403, code: 'access_denied', text: 'The caller may not do this.' }
const badTokenReasons = [
  'token_too_large token_malformed token_encrypted critical_header_unsupported issuer_unknown algorithm_not_allowed',
  'token_type_not_accepted not_an_access_token token_for_other_resource claim_missing claim_invalid token_expired',
  'token_not_yet_valid token_too_old audience_mismatch tenant_mismatch sender_constrained token_without_permissions',
  'key_not_found signature_invalid claims_schema_mismatch token_revoked token_in_wrong_header',
].flatMap((line) => line.split(' '))
const unavailableReasons = [
  'keys_unavailable',
  'claims_schema_unavailable',
  'verification_unavailable',
  'revocation_unavailable',
]
const reasons = Object.keys(errorTable) as AuthErrorReason[]

it('[RFC6750-3.1-2] maps every reason to whose fault it is, its status, its public code and its public text', () => {
  expect(errorTable).toEqual({
    ...Object.fromEntries(badTokenReasons.map((reason) => [reason, badToken])),
    ...Object.fromEntries(unavailableReasons.map((reason) => [reason, unavailable])),
    policy_unavailable: { ...unavailable, text: 'Access cannot be decided right now. Please try again.' },
    credential_missing: {
      fault: 'request',
      status: 401,
      code: 'unauthenticated',
      text: 'This resource needs an access token.',
    },
    credential_malformed: {
      fault: 'request',
      status: 400,
      code: 'invalid_request',
      text: 'The Authorization header must be the word Bearer, a space, and one access token.',
    },
    credential_repeated: {
      fault: 'request',
      status: 400,
      code: 'invalid_request',
      text: 'The request must carry exactly one Authorization header.',
    },
    headers_truncated: {
      fault: 'request',
      status: 400,
      code: 'invalid_request',
      text: 'The request has too many header lines.',
    },
    target_ambiguous: {
      fault: 'request',
      status: 400,
      code: 'invalid_request',
      text: 'The request does not say unambiguously what it is for.',
    },
    insufficient_scope: {
      fault: 'policy',
      status: 403,
      code: 'insufficient_scope',
      text: 'The access token lacks a scope that this resource needs.',
    },
    insufficient_user_authentication: {
      fault: 'policy',
      status: 401,
      code: 'insufficient_user_authentication',
      text: 'This resource needs a stronger or more recent login.',
    },
    insufficient_claims: {
      fault: 'policy',
      status: 401,
      code: 'insufficient_claims',
      text: 'This resource needs a login that satisfies an authentication context.',
    },
    facts_incomplete: denied,
    access_denied: denied,
    route_unknown: denied,
    peer_untrusted: denied,
  })
})

describe.each(reasons)('the error %s', (reason) => {
  const { status, text, code } = errorTable[reason]
  const error = new AuthError(reason, { hint: 'a hint', details: { iss: 'sts' }, challengeParams: { scope: 'a b' } })
  const challenge = error.headers['WWW-Authenticate']

  it('is an Error with the fixed text, code and status of the table', () => {
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('AuthError')
    expect({ code: error.code, status: error.status, message: error.message }).toEqual({ code, status, message: text })
    expect(error.reason).toBe(reason)
    expect(error.headers['Cache-Control']).toBe('no-store')
  })

  it('[RFC9110-11.6.1-1] has a challenge whenever the status is 401, and none for 503', () => {
    if (status === 401) expect(challenge).toBeDefined()
    if (status === 503) expect(challenge).toBeUndefined()
    expect(error.headers['Retry-After']).toBe(status === 503 ? '1' : undefined)
  })

  it('[RFC6750-3-1] [RFC6750-3-2] [RFC6750-3-3] writes its challenge by the grammar', () => {
    if (status === 503 || code === 'access_denied') return expect(challenge).toBeUndefined()
    const described = code === 'unauthenticated' ? {} : { error: code, error_description: text }
    expect(parseChallenge(String(challenge))).toEqual({
      scheme: 'Bearer',
      params: { realm: 'api', ...described, scope: 'a b' },
    })
  })
})

it('[RFC6750-3-2] has at least a realm in its challenge when nothing is configured', () => {
  expect(new AuthError('credential_missing').headers).toEqual({
    'Cache-Control': 'no-store',
    'WWW-Authenticate': 'Bearer realm="api"',
  })
  expect(challengeOf('credential_missing')).toBe('Bearer realm="api"')
  expect(challengeOf('access_denied')).toBeUndefined()
})

it('takes the realm and the scope of its challenge from what it is given', () => {
  const error = new AuthError('insufficient_scope', { challengeParams: { realm: 'orders', scope: 'orders:read' } })
  expect(error.headers['WWW-Authenticate']).toBe(
    'Bearer realm="orders", error="insufficient_scope", error_description="The access token lacks a scope that this resource needs.", scope="orders:read"',
  )
})

it.each([
  [undefined, '1'],
  [-5, '1'],
  [0, '1'],
  [0.2, '1'],
  [1, '1'],
  [1.01, '2'],
  [59.5, '60'],
  [Number.NEGATIVE_INFINITY, '1'],
  [Number.NaN, '1'],
  [Number.POSITIVE_INFINITY, '1'],
  [1e21, '1'],
])('asks for a retry in whole seconds, and never at once: %s becomes %s', (seconds, retryAfter) => {
  const error = new AuthError('keys_unavailable', seconds === undefined ? {} : { retryAfterSeconds: seconds })
  expect(error.headers).toEqual({ 'Cache-Control': 'no-store', 'Retry-After': retryAfter })
})

it('says when to retry for 503 only', () => {
  expect(new AuthError('token_expired', { retryAfterSeconds: 7 }).headers).not.toHaveProperty('Retry-After')
})

it('is made also where nothing may change Error, as with frozen intrinsics', () => {
  const { stackTraceLimit } = Error
  Object.defineProperty(Error, 'stackTraceLimit', { writable: false })
  try {
    expect(new AuthError('access_denied').message).toBe('The caller may not do this.')
  } finally {
    Object.defineProperty(Error, 'stackTraceLimit', { value: stackTraceLimit, writable: true })
  }
})

it('leaves other errors their stack, also where its reason is unknown', () => {
  const limit = Error.stackTraceLimit
  try {
    expect(() => new AuthError('misspelt' as never)).toThrow(TypeError)
    expect(Error.stackTraceLimit).toBe(limit)
    expect(new AuthError('access_denied').stack).not.toContain('at ')
    expect(Error.stackTraceLimit).toBe(limit)
  } finally {
    Error.stackTraceLimit = limit
  }
})

describe('what the operator may know', () => {
  const details = { iss: 'https://sts.example.com', received: 'SECRET-received', cause: new Error('SECRET-cause') }
  const error = new AuthError('audience_mismatch', {
    hint: 'SECRET-hint',
    details,
  })

  it('is readable by name', () => {
    expect(error.hint).toBe('SECRET-hint')
    expect(error.details).toEqual(details)
    expect(error.reason).toBe('audience_mismatch')
  })

  it('[RFC9700-4.9.3-1] shows up in no message, stack, JSON or inspection', () => {
    const shown = [error.message, error.stack, String(error), JSON.stringify(error), JSON.stringify({ ...error })]
    const copies = [inspect({ ...error }), inspect(structuredClone(error))]
    for (const text of [...shown, ...copies]) expect(text).not.toMatch(/SECRET|audience_mismatch/)
    expect(Object.keys(error)).toEqual(['code', 'status'])
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'invalid_token', status: 401 })
  })

  it('shows its code, its reason and its hint to an inspection, and never its details', () => {
    const shown = inspect(error, { depth: 9 })
    expect(shown).toBe(`${error.stack} { code: 'invalid_token', reason: 'audience_mismatch', hint: "SECRET-hint" }`)
    expect(inspect(new AuthError('access_denied'))).toMatch(/ \{ code: 'access_denied', reason: 'access_denied' \}$/)
    expect(inspect({ error }, { depth: 9 })).not.toContain('SECRET-received')
  })

  it('cannot be changed, nor can the headers', () => {
    expect(Object.isFrozen(error.details)).toBe(true)
    expect(Object.isFrozen(error.headers)).toBe(true)
    expect(() => Object.assign(error, { hint: 'another' })).toThrow(TypeError)
    expect(() => Object.assign(error, { details: {} })).toThrow(TypeError)
  })

  it('has a code and a status that nothing can change, though members may be added to an error', () => {
    expect(() => Object.assign(error, { reason: 'access_denied' })).toThrow(TypeError)
    expect(Reflect.set(error, 'code', 'access_granted')).toBe(false)
    for (const name of ['code', 'status'] as const) {
      expect(Object.getOwnPropertyDescriptor(error, name)).toMatchObject({ configurable: false, enumerable: true })
      expect(() => Object.defineProperty(error, name, { value: 200 })).toThrow(TypeError)
      expect(Reflect.deleteProperty(error, name)).toBe(false)
    }
    // Koa assigns the status of what it answers: it must be able to, and without effect.
    Object.assign(error, { status: 200 })
    expect([error.code, error.status]).toEqual(['invalid_token', 401])
    expect(new AuthError('token_expired').status).toBe(401)
    // Monitoring and frameworks mark the errors that they have seen.
    expect(Object.assign(error, { seen: true })).toHaveProperty('seen', true)
    Reflect.deleteProperty(error, 'seen')
  })

  it('is a copy, so that later changes by its maker do not reach it', () => {
    const mine: Record<string, string> = { iss: 'one' }
    const made = new AuthError('token_expired', { details: mine })
    mine.iss = 'two'
    expect(made.details).toEqual({ iss: 'one' })
    expect(mine).toEqual({ iss: 'two' })
  })

  it('is empty by default', () => {
    const bare = new AuthError('token_expired')
    expect({ hint: bare.hint, details: bare.details }).toEqual({ hint: undefined, details: {} })
  })
})

it('has an heir, as clones by Object.create() are, whose headers have no challenge', () => {
  const error = new AuthError('token_expired')
  const heir = Object.assign(Object.create(AuthError.prototype) as AuthError, error)
  expect([heir instanceof AuthError, heir.status]).toEqual([true, 401])
  expect(heir.headers).toEqual({ 'Cache-Control': 'no-store' })
})

it('has its name on the prototype, where no copy of an error shows it', () => {
  const error = new AuthError('token_expired')
  expect(Object.hasOwn(error, 'name')).toBe(false)
  expect(error.stack).toMatch(/^AuthError: The access token is malformed/)
  expect(`${error}`).toBe(`AuthError: ${badToken.text}`)
})

it('refuses to write a challenge that no header can carry', () => {
  const error = new AuthError('credential_missing', { challengeParams: { realm: 'a"b' } })
  expect(() => error.headers).toThrow(TypeError)
})
