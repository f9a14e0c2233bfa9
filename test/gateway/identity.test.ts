import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIdentity, encodeValue } from '../../src/gateway/identity.ts'
import { isOurs } from '../../src/gateway/request.ts'
import { ask, bearer, createTestGateway } from './support.ts'
import { authenticated } from 'claimcheck/policy'
import { anonymous, optional } from 'claimcheck/gateway'

const names = [
  'X-Auth-Principal',
  'X-Auth-Kind',
  'X-Auth-Subject',
  'X-Auth-Tenant',
  'X-Auth-Client',
  'X-Auth-Scopes',
  'X-Auth-Roles',
  'X-Auth-Expires',
  'X-Auth-Omitted',
]

async function identityOf(claims: Record<string, unknown>, route: Parameters<typeof createTestGateway>[0][string]) {
  const { gateway, sts } = createTestGateway({ '/x': route })
  const decision = await gateway.decide(ask('/x', { headers: bearer(sts.token(claims)) }))
  if (decision.effect !== 'allow') throw new Error(decision.reason)
  return decision.identity
}

/** Every character of one UTF-16 unit. */
const characters = Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code))

test('a text that needs no encoding is the one that encoding would make', () => {
  // Beside a sign that is always encoded, each character takes the long way.
  expect(characters.filter((one) => `${encodeValue(one)}%25` !== encodeValue(`${one}%`))).toEqual([])
  expect(characters.filter((one) => encodeValue(one) === one).join('')).not.toMatch(/[%,{}"\\;\s]|[^ -~]/)
})

test('every spelling of an identity header is ours, and no other name is', () => {
  const known = new Set(['x-auth-subject', 'remote-user'])
  const ours = ['x-auth-subject', 'X_Auth.Subject', 'REMOTE_USER', 'Remote~User', 'X-Claimcheck-Recipe']
  expect(ours.filter((name) => !isOurs(name, known))).toEqual([])
  expect(['Authorization', '-auth-subject', 'x-team', 'remote-addr', ''].filter((name) => isOurs(name, known))).toEqual(
    [],
  )
})

test('says who is calling, in every header', async () => {
  const identity = await identityOf(
    { sub: 'alice', client_id: 'web', scope: 'a b', roles: ['r 1', 'r,2'] },
    authenticated,
  )
  expect(Object.keys(identity)).toEqual(names)
  expect(identity).toMatchObject({
    'X-Auth-Subject': 'alice',
    'X-Auth-Client': 'web',
    'X-Auth-Scopes': 'a,b',
    'X-Auth-Roles': 'r%201,r%2C2',
    'X-Auth-Tenant': '',
    'X-Auth-Omitted': '',
  })
})

test.each([
  ['an anonymous route', anonymous, 'good'],
  ['an optional route without a token', optional, 'none'],
])('every header is there and empty on %s', async (_, route, which) => {
  const { gateway, sts } = createTestGateway({ '/x': route })
  const headers = which === 'good' ? bearer(sts.token()) : []
  const decision = await gateway.decide(ask('/x', { headers }))
  expect(decision).toMatchObject({ effect: 'allow', identity: Object.fromEntries(names.map((name) => [name, ''])) })
  expect('auth' in decision).toBe(false)
})

test('tells nothing of a claim that is null, and not the text null', () => {
  expect(encodeValue(null as never)).toBe('')
  expect(encodeValue(undefined)).toBe('')
})

test('writes ASCII without separators, which decodes to what the token says', () => {
  expect(encodeValue('zoë 漢\r\nx')).toBe('zo%C3%AB%20%E6%BC%A2%0D%0Ax')
  expect(encodeValue('{http.request.uri};"a\\b"')).toBe('%7Bhttp.request.uri%7D%3B%22a%5Cb%22')
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (list) => {
      const text = encodeValue(list) ?? ''
      expect(text).toMatch(/^[!-~]*$/)
      expect(text).not.toMatch(/["{};\\]/)
      if (list.length > 0) expect(text.split(',').map(decodeURIComponent)).toEqual(list)
    }),
  )
})

test('leaves a value out that is longer than 4 KiB or has no UTF-8, and names its header: it is never cut', async () => {
  expect(encodeValue('a'.repeat(4096))).toHaveLength(4096)
  expect(encodeValue('a'.repeat(4097))).toBeUndefined()
  expect(encodeValue('\ud800')).toBeUndefined()
  const identity = await identityOf(
    { roles: Array.from({ length: 900 }, (_, index) => `role-${index}`) },
    authenticated,
  )
  expect(identity['X-Auth-Roles']).toBe('')
  expect(identity['X-Auth-Omitted']).toBe('X-Auth-Roles')
})

test('the fingerprint names the list of headers, and not its order', () => {
  const of = (...list: readonly string[]) =>
    createIdentity(Object.fromEntries(list.map((name) => [name, () => '']))).fingerprint
  expect(of('X-A', 'X-B')).toBe(of('x-b', 'x-a'))
  expect(of('X-A', 'X-B')).not.toBe(of('X-A'))
})

test('a header that cannot be made is a 503, and no allow', async () => {
  const { gateway, sts, events } = createTestGateway(
    { '/x': authenticated },
    {
      identity: {
        'X-User': () => {
          throw new RangeError('broken')
        },
      },
    },
  )
  const decision = await gateway.decide(ask('/x', { headers: bearer(sts.token()) }))
  expect(decision).toMatchObject({ effect: 'unavailable', status: 503 })
  expect(events.slice(1)).toMatchObject([{ type: 'refusal', reason: 'policy_unavailable' }])
})

describe('throws a TypeError for the header', () => {
  test.each([
    ...['Authorization', 'Host', 'Connection', 'X_Auth_Subject', 'X-Auth_Subject', 'X-Forwarded-Uri', 'X-Original-URL'],
    ...['X-Auth-Status', 'X-Auth-Problem', 'X-Claimcheck-Recipe', 'Content-Length', 'X-', 'X-A b', 'Cookie'],
  ])('%s', (name) => {
    expect(() => createIdentity({ [name]: () => '' })).toThrow(/cannot be an identity header/)
  })

  test('that is there twice', () => {
    expect(() => createIdentity({ 'X-A': () => '', 'x-a': () => '' })).toThrow(/twice/)
  })
})
