// Claims that tell the kind of a token.
import { describe, expect, it } from 'vitest'
import { checkAccessToken, notAnAccessToken } from '../../src/jwt/claims.ts'

const hint = (claim: string) =>
  `the claim ${claim} says that this is not an access token: send the access token, not the ID or refresh token`

describe('a token is refused', () => {
  it.each(['at_hash', 'c_hash', 's_hash', 'events', 'token_introspection', 'status_list'])('for its %s', (name) => {
    for (const value of ['x', {}, '', null]) {
      expect(checkAccessToken({ sub: 'alice', [name]: value })).toStrictEqual({
        reason: 'not_an_access_token',
        hint: hint(name),
        details: { claim: name },
      })
    }
  })

  it.each([
    ['id', 'id'],
    ['refresh', 'refresh'],
    ['Access', 'Access'],
    ['', ''],
    [null, 'null'],
    [['access'], 'access'],
  ])('for its token_use %j', (token_use, received) => {
    expect(checkAccessToken({ token_use })).toStrictEqual({
      reason: 'not_an_access_token',
      hint: hint('token_use'),
      details: { claim: 'token_use', received },
    })
  })

  it.each([
    ['ID', 'ID'],
    ['Refresh', 'Refresh'],
    ['Offline', 'Offline'],
    ['Logout', 'Logout'],
    ['', ''],
    [null, 'null'],
    [['Bearer'], 'Bearer'],
  ])('for its payload typ %j', (typ, received) => {
    expect(checkAccessToken({ typ })).toStrictEqual({
      reason: 'not_an_access_token',
      hint: hint('typ'),
      details: { claim: 'typ', received },
    })
  })
})

describe('a token passes', () => {
  it('when no claim tells its kind', () => {
    expect(checkAccessToken({ sub: 'alice', nonce: 'some STSs put it into access tokens' })).toBeUndefined()
  })

  it('with the token_use of an access token', () => {
    expect(checkAccessToken({ token_use: 'access' })).toBeUndefined()
  })

  it.each(['Bearer', 'DPoP', 'at+jwt', 'JWT', 'access', 'Access_Token'])('with the payload typ %s', (typ) => {
    expect(checkAccessToken({ typ })).toBeUndefined()
  })
})

it('names a claim with its value only where there is one to show', () => {
  expect(notAnAccessToken('nonce')).toStrictEqual({
    reason: 'not_an_access_token',
    hint: hint('nonce'),
    details: { claim: 'nonce' },
  })
})
