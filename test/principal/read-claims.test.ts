// Claims of many shapes, read into one.
import { describe, expect, it } from 'vitest'
import { readActor, readAuthentication, readScopes, readString, readStrings } from '../../src/principal/read-claims.ts'

describe('a string claim', () => {
  it('is read when it is a string with something in it', () => {
    expect(readString({ sub: 'alice' }, 'sub')).toBe('alice')
  })

  it.each([[{}], [{ sub: '' }], [{ sub: 1 }], [{ sub: ['alice'] }], [{ sub: null }]])('is absent in %j', (claims) => {
    expect(readString(claims, 'sub')).toBeUndefined()
  })

  it('is not what claims inherit', () => {
    expect(readString(Object.create({ sub: 'alice' }), 'sub')).toBeUndefined()
  })
})

describe('a list of strings', () => {
  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    ['a', ['a']],
    ['a b', ['a b']],
    [
      ['a', 1, null, '', {}, ['b'], 'c'],
      ['a', 'c'],
    ],
    ['', []],
    [1, []],
    [{ a: 'a' }, []],
    [null, []],
    [undefined, []],
  ])('reads %j as %j', (roles, list) => {
    expect(readStrings({ roles }, 'roles')).toEqual(list)
  })

  it('is empty where the claim is absent or inherited', () => {
    expect(readStrings({}, 'roles')).toEqual([])
    expect(readStrings(Object.create({ roles: ['admin'] }), 'roles')).toEqual([])
  })
})

describe('scopes', () => {
  it.each([
    [{ scope: 'orders:read orders:write' }, ['orders:read', 'orders:write']],
    [{ scp: 'Orders.Read Orders.Write' }, ['Orders.Read', 'Orders.Write']],
    [{ scp: ['a', 'b'] }, ['a', 'b']],
    [{ scope: ['a', 'b'] }, ['a', 'b']],
    [{ scope: 'a b', scp: ['b', 'c'] }, ['a', 'b', 'c']],
    [{ scope: ['a', 'b'], scp: 'b c' }, ['a', 'b', 'c']],
    [{ scope: 'c b', scp: 'b a' }, ['c', 'b', 'a']],
    [{ scope: '', scp: 'a' }, ['a']],
    [{ scope: ' a  b ' }, ['a', 'b']],
    [{ scope: 'a a' }, ['a']],
    [{ scope: 'a\tb' }, ['a\tb']],
    [{ scope: '' }, []],
    [{ scope: ' ' }, []],
    [{ scope: [] }, []],
    [{ scope: 42, scp: { a: 'a' } }, []],
    [{ scope: null }, []],
    [{}, []],
  ])('[RFC9068-2.2.3-1] of %j are %j', (claims, scopes) => {
    expect(readScopes(claims)).toEqual(scopes)
  })

  it('in a list are taken whole, so that one member cannot smuggle in two', () => {
    expect(readScopes({ scp: ['a b', 'c', 7, ''] })).toEqual(['a b', 'c'])
  })
})

describe('authentication', () => {
  it('has what the token says of the login', () => {
    expect(readAuthentication({ acr: 'loa3', amr: ['pwd', 'otp'], auth_time: 1.5 })).toStrictEqual({
      acr: 'loa3',
      amr: ['pwd', 'otp'],
      time: 1.5,
    })
  })

  it('has no member for what the token does not say', () => {
    expect(readAuthentication({})).toStrictEqual({})
    expect(readAuthentication({ acr: 3, amr: [], auth_time: '1' })).toStrictEqual({})
    expect(readAuthentication({ acr: '', amr: [1], auth_time: null })).toStrictEqual({})
    expect(readAuthentication(Object.create({ auth_time: 1 }))).toStrictEqual({})
  })

  it('takes an acr of 0 and an auth_time of 0 as given', () => {
    expect(readAuthentication({ acr: '0', auth_time: 0 })).toStrictEqual({ acr: '0', time: 0 })
  })
})

describe('the actor', () => {
  it.each<[string, unknown, unknown]>([
    ['is the outermost act', { sub: 'support', act: { sub: 'earlier' } }, { subject: 'support', traits: [] }],
    [
      'has its issuer',
      { sub: 's', iss: 'https://a.example' },
      { subject: 's', issuer: 'https://a.example', traits: [] },
    ],
    ['may be a client', { client_id: 'batch' }, { subject: 'batch', traits: [] }],
    ['is absent without act', undefined, undefined],
    ['is absent when act has no name', { iss: 'https://a.example', act: { sub: 'earlier' } }, undefined],
    ['is absent when act is no object', ['support'], undefined],
    ['is absent when its sub is no string', { sub: 7 }, undefined],
  ])('%s', (_, act, expected) => {
    expect(readActor(act === undefined ? {} : { act })).toEqual(expected)
  })
})

it('finds each of many scopes once', () => {
  for (const count of [31, 32, 33, 34, 100]) {
    const scopes = Array.from({ length: count }, (_, index) => `s${index}`)
    expect(readScopes({ scope: [...scopes, ...scopes].join(' '), scp: ['s0', 'last', 'last'] })).toEqual([
      ...scopes,
      'last',
    ])
  }
})

it('takes no member of a polluted Object.prototype for a claim', () => {
  const polluted = {
    scope: 'admin',
    scp: ['admin'],
    roles: ['admin'],
    acr: 'mfa',
    amr: ['mfa'],
    auth_time: 1,
    act: { sub: 'x' },
  }
  for (const [name, value] of Object.entries(polluted))
    Reflect.defineProperty(Object.prototype, name, { value, configurable: true })
  let read: unknown
  try {
    read = [readScopes({}), readStrings({}, 'roles'), readString({}, 'acr'), readAuthentication({}), readActor({})]
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
  }
  expect(read).toEqual([[], [], undefined, {}, undefined])
})
