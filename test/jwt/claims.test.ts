// Each check of one claim alone: both sides of every condition, and the exact moment at which time runs out.
import { describe, expect, it } from 'vitest'
import {
  checkAudience,
  checkClaimTypes,
  checkConfirmation,
  checkRequired,
  checkTimes,
  checkType,
} from '../../src/jwt/claims.ts'
import { now } from '../support/clock.ts'

describe('the types of claims', () => {
  const invalid = (claim: string, received: string) => ({ reason: 'claim_invalid', details: { claim, received } })

  it.each(['iss', 'sub', 'jti', 'client_id', 'azp', 'appid', 'tid', 'oid'])('are a string for %s', (name) => {
    expect(checkClaimTypes({ [name]: 'text' })).toBeUndefined()
    expect(checkClaimTypes({ [name]: '' })).toBeUndefined()
    expect(checkClaimTypes({ [name]: 1 })).toEqual(invalid(name, '1'))
    expect(checkClaimTypes({ [name]: null })).toEqual(invalid(name, 'null'))
    expect(checkClaimTypes({ [name]: ['text'] })).toEqual(invalid(name, 'text'))
    expect(checkClaimTypes({ [name]: {} })).toEqual(invalid(name, 'an object'))
  })

  it.each(['exp', 'nbf', 'iat', 'auth_time'])('are a finite number for %s', (name) => {
    for (const good of [now, 1.5, -1, 0]) expect(checkClaimTypes({ [name]: good })).toBeUndefined()
    for (const bad of [Number.POSITIVE_INFINITY, Number.NaN, '9999999999', true, null, [1], {}])
      expect(checkClaimTypes({ [name]: bad })).toMatchObject({ reason: 'claim_invalid', details: { claim: name } })
  })

  it.each(['exp', 'nbf', 'iat', 'auth_time'])('are of the year 9999 at the latest for %s, and say why not', (name) => {
    const end = Date.UTC(9999, 11, 31, 23, 59, 59, 999) / 1000
    expect(checkClaimTypes({ [name]: end })).toBeUndefined()
    for (const late of [Math.ceil(end), now * 1000, Number.MAX_VALUE]) {
      const refusal = checkClaimTypes({ [name]: late })
      expect(refusal).toMatchObject(invalid(name, String(late)))
      expect(refusal?.hint).toBe(
        `${name} lies beyond the year 9999: it looks like milliseconds, and must be in seconds`,
      )
    }
  })

  it('have a hint only where one would help', () => {
    expect(checkClaimTypes({ exp: 'soon' })).not.toHaveProperty('hint')
    expect(checkClaimTypes({ exp: Number.POSITIVE_INFINITY })).not.toHaveProperty('hint')
    expect(checkClaimTypes({ sub: now * 1000 })).not.toHaveProperty('hint')
  })

  it('are a string or a list of strings for aud', () => {
    for (const good of ['a', '', [], ['a'], ['a', 'b']]) expect(checkClaimTypes({ aud: good })).toBeUndefined()
    for (const bad of [1, null, false, { a: 'a' }, [1], ['a', 1], [['a']], [null]])
      expect(checkClaimTypes({ aud: bad })).toMatchObject({ reason: 'claim_invalid', details: { claim: 'aud' } })
  })

  it('[RFC8693-4.1-2] are an object for act: an unreadable actor must not count as absent', () => {
    expect(checkClaimTypes({ act: { sub: 'agent' } })).toBeUndefined()
    for (const bad of ['agent', '', 1, null, ['agent'], [{ sub: 'agent' }]])
      expect(checkClaimTypes({ act: bad })).toMatchObject({ reason: 'claim_invalid', details: { claim: 'act' } })
  })

  it('do not matter where a claim is absent, nor for other claims', () => {
    expect(checkClaimTypes({})).toBeUndefined()
    expect(checkClaimTypes({ email: 1, scope: {}, nonce: null })).toBeUndefined()
  })
})

describe('required claims', () => {
  it('must be there and not null; the first that is not is named', () => {
    expect(checkRequired({ a: 1, b: 2 }, ['a', 'b'])).toBeUndefined()
    expect(checkRequired({}, [])).toBeUndefined()
    expect(checkRequired({ a: 1 }, ['a', 'b', 'c'])).toEqual({ reason: 'claim_missing', details: { claim: 'b' } })
    expect(checkRequired({ a: null }, ['a'])).toEqual({ reason: 'claim_missing', details: { claim: 'a' } })
  })

  it('may be false, zero or empty', () => {
    expect(checkRequired({ a: false, b: 0, c: '' }, ['a', 'b', 'c'])).toBeUndefined()
  })

  it('are not what every object inherits', () => {
    expect(checkRequired({}, ['toString'])).toEqual({ reason: 'claim_missing', details: { claim: 'toString' } })
  })
})

describe('times', () => {
  const rules = { clockToleranceSeconds: 30, maxTokenAgeSeconds: undefined }
  const refusalAt = (nowMs: number, claims: object, changes = {}) =>
    checkTimes({ exp: now + 300, ...claims }, nowMs, { ...rules, ...changes })

  it.each([
    [
      'exp plus the tolerance',
      { exp: now },
      {},
      (now + 30) * 1000,
      { reason: 'token_expired', details: { claim: 'exp' } },
    ],
    [
      'exp without tolerance',
      { exp: now },
      { clockToleranceSeconds: 0 },
      now * 1000,
      { reason: 'token_expired', details: { claim: 'exp' } },
    ],
    [
      'a fraction of a second',
      { exp: now + 0.5 },
      {},
      (now + 30.5) * 1000,
      { reason: 'token_expired', details: { claim: 'exp' } },
    ],
    [
      'maxTokenAgeSeconds',
      { iat: now },
      { maxTokenAgeSeconds: 60 },
      (now + 90) * 1000,
      { reason: 'token_too_old', details: { claim: 'iat' } },
    ],
  ])('end at %s, and not a millisecond earlier', (_, claims, changes, endMs, refusal) => {
    expect(refusalAt(endMs - 1, claims, changes)).toBeUndefined()
    expect(refusalAt(endMs, claims, changes)).toMatchObject(refusal)
    expect(refusalAt(endMs + 1, claims, changes)).toMatchObject(refusal)
  })

  it.each([
    ['nbf less the tolerance', { nbf: now }, {}, (now - 30) * 1000, 'nbf'],
    ['nbf without tolerance', { nbf: now }, { clockToleranceSeconds: 0 }, now * 1000, 'nbf'],
    ['iat less the tolerance', { iat: now }, {}, (now - 30) * 1000, 'iat'],
    ['iat without tolerance', { iat: now }, { clockToleranceSeconds: 0 }, now * 1000, 'iat'],
  ])('begin at %s, and not a millisecond earlier', (_, claims, changes, startMs, claim) => {
    expect(refusalAt(startMs - 1, claims, changes)).toMatchObject({ reason: 'token_not_yet_valid', details: { claim } })
    expect(refusalAt(startMs, claims, changes)).toBeUndefined()
    expect(refusalAt(startMs + 1, claims, changes)).toBeUndefined()
  })

  it('need iat only where an age is limited', () => {
    const nowMs = now * 1000
    expect(refusalAt(nowMs, {})).toBeUndefined()
    expect(refusalAt(nowMs, {}, { maxTokenAgeSeconds: 60 })).toEqual({
      reason: 'claim_missing',
      details: { claim: 'iat' },
    })
    expect(refusalAt(nowMs, { iat: now - 3600 })).toBeUndefined()
  })
})

describe('aud', () => {
  const accepted = ['https://api.example.com', 'urn:orders']
  const mismatch = (expected: readonly string[], received: string) => ({
    reason: 'audience_mismatch',
    details: { claim: 'aud', expected, received },
  })

  it('passes when one of its values is one of ours', () => {
    expect(checkAudience({ aud: 'https://api.example.com' }, accepted)).toBeUndefined()
    expect(checkAudience({ aud: 'urn:orders' }, accepted)).toBeUndefined()
    expect(checkAudience({ aud: ['https://other.example.com', 'urn:orders'] }, accepted)).toBeUndefined()
  })

  it('is refused when none is, with both sides named and no hint where there is none', () => {
    expect(checkAudience({ aud: 'https://other.example.com' }, accepted)).toStrictEqual(
      mismatch(accepted, 'https://other.example.com'),
    )
    expect(checkAudience({ aud: ['urn:a', 'urn:b'] }, accepted)).toStrictEqual(mismatch(accepted, 'urn:a urn:b'))
    expect(checkAudience({ aud: [] }, accepted)).toStrictEqual(mismatch(accepted, ''))
    expect(checkAudience({ aud: '' }, accepted)).toStrictEqual(mismatch(accepted, ''))
  })

  it('is not part of another: no prefix, suffix or letter case counts', () => {
    for (const aud of [
      'https://api.example.com.evil.org',
      'https://api.example',
      'HTTPS://api.example.com',
      'urn:Orders',
    ])
      expect(checkAudience({ aud }, accepted)).toStrictEqual(mismatch(accepted, aud))
  })

  it.each([
    ['https://api.example.com/', ['urn:orders', 'https://api.example.com']],
    ['https://api.example.com', ['urn:orders', 'https://api.example.com/']],
    [
      ['urn:other', 'https://api.example.com/'],
      ['urn:orders', 'https://api.example.com'],
    ],
  ])('says so when only a slash at the end differs: %s', (aud, expected) => {
    const refusal = checkAudience({ aud }, expected)
    expect(refusal).toMatchObject(mismatch(expected, [aud].flat().join(' ')))
    expect(refusal?.hint).toBe(
      'aud differs from the configured audience only by a trailing slash: write exactly what the token says',
    )
  })

  it.each([
    ['orders', ['urn:x', 'api://orders']],
    ['api://orders', ['urn:x', 'orders']],
    [['urn:other', 'api://orders'], ['orders']],
  ])('says so when only api:// differs: %s', (aud, expected) => {
    const refusal = checkAudience({ aud }, expected)
    expect(refusal).toMatchObject(mismatch(expected, [aud].flat().join(' ')))
    expect(refusal?.hint).toBe('aud and the configured audience differ by api://: configure both forms')
  })

  it('gives no hint for api:// inside a value', () => {
    expect(checkAudience({ aud: 'x-api://orders' }, ['x-orders'])).not.toHaveProperty('hint')
  })
})

describe('typ', () => {
  it.each([
    ['at+jwt', ['at+jwt']],
    ['AT+JWT', ['at+jwt']],
    ['application/at+jwt', ['at+jwt']],
    ['Application/At+JWT', ['at+jwt']],
    ['at+jwt', ['application/at+jwt']],
    ['jwt', ['at+jwt', 'JWT', null]],
    [undefined, ['at+jwt', 'JWT', null]],
  ])('%s is accepted by %j', (typ, accepted) => {
    expect(checkType(typ, accepted)).toBeUndefined()
  })

  it.each([
    ['JWT', ['at+jwt']],
    [undefined, ['at+jwt', 'JWT']],
    ['', ['at+jwt', null]],
    ['at+jwt', [null]],
    ['x/application/at+jwt', ['at+jwt']],
    ['x/application/at+jwt', ['x/at+jwt']],
    ['application/application/at+jwt', ['at+jwt']],
    ['at+jwt ', ['at+jwt']],
    ['dpop+jwt', ['at+jwt', 'JWT', null]],
  ])('%s is not accepted by %j', (typ, accepted) => {
    expect(checkType(typ, accepted)?.reason).toBe('token_type_not_accepted')
  })

  it('is named in the refusal, with what would be accepted', () => {
    expect(checkType('dpop+jwt', ['at+jwt', null])).toEqual({
      reason: 'token_type_not_accepted',
      details: { claim: 'typ', expected: ['at+jwt', '(none)'], received: 'dpop+jwt' },
    })
  })
})

describe('cnf', () => {
  it('is refused whatever it holds, and says why to the operator', () => {
    for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }, {}, null, '', 0, false, []]) {
      const refusal = checkConfirmation({ cnf })
      expect(refusal?.reason).toBe('sender_constrained')
      expect(refusal?.hint).toMatch(/bound to a key \(cnf\).*plain Bearer/)
    }
  })

  it('is not missed', () => {
    expect(checkConfirmation({ sub: 'alice' })).toBeUndefined()
  })
})
