import { expect, it } from 'vitest'
import { describeToken } from '../../src/jwt/parse.ts'

const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt', jku: 'https://evil.example', jwk: { kty: 'oct' } }
const claims = {
  iss: 'https://sts.example.com',
  aud: ['api', 'other'],
  azp: 'web',
  tid: 'tenant-1',
  iat: 1,
  nbf: 2,
  exp: 3,
  sub: 'alice',
  email: 'alice@example.com',
  jti: 'j1',
}

it('names only issuer, audience, client, tenant, kid, alg, typ and times', () => {
  expect(describeToken({ header, claims }, false)).toStrictEqual({
    verified: false,
    iss: 'https://sts.example.com',
    aud: 'api other',
    azp: 'web',
    tid: 'tenant-1',
    kid: 'k1',
    alg: 'ES256',
    typ: 'at+jwt',
    iat: 1,
    nbf: 2,
    exp: 3,
  })
})

it('says whether the signature had been verified', () => {
  expect(describeToken({ header: {}, claims: {} }, true)).toStrictEqual({ verified: true })
  expect(describeToken({ header: {}, claims: {} }, false)).toStrictEqual({ verified: false })
})

it.each([
  [{ azp: 'a', client_id: 'c', appid: 'i' }, 'a'],
  [{ client_id: 'c', appid: 'i' }, 'c'],
  [{ appid: 'i' }, 'i'],
  [{ azp: null, client_id: 'c' }, 'c'],
])('finds the client of %j', (client, azp) => {
  expect(describeToken({ header: {}, claims: client }, true)).toStrictEqual({ verified: true, azp })
})

it('cuts long text and replaces what must not stand in a log line', () => {
  const described = describeToken(
    { header: { kid: 'k'.repeat(300) }, claims: { iss: 'a\r\nb\u001b[31m\u202e' } },
    false,
  )
  expect(described.kid).toBe(`${'k'.repeat(200)}...`)
  expect(described.iss).toBe('a??b?[31m?')
})

it('does not print objects, and drops times that are no numbers', () => {
  const odd = { iss: { secret: 'x' }, aud: 5, exp: '3', nbf: null, iat: [1] }
  const described = describeToken({ header: {}, claims: odd }, false)
  expect(described).toStrictEqual({ verified: false, iss: 'an object', aud: '5' })
})
