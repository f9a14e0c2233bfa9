// Scopes that imply others, and the one rule for users' scopes and applications' roles.
import { evaluate, scopeOrAppRole, scopeRules } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { allowed, denied } from './answers.ts'
import { asking } from './callers.ts'

function lacking(...scopes: readonly string[]) {
  return { effect: 'deny', missing: [{ kind: 'scope', scopes }] }
}

describe('scopeRules', () => {
  const { scope, anyScope } = scopeRules({
    implies: { admin: ['files'], files: ['files:read', 'files:write'], one: ['other'], other: ['one'] },
  })

  it('[MCP-SCOPE-3] counts a broader scope for a narrower one, however many steps away, and never the other way round', () => {
    for (const scopes of [['files:read'], ['files'], ['admin']]) {
      expect(evaluate(scope('files:read'), asking({ scopes }))).toEqual(allowed)
      expect(evaluate(anyScope('x', 'files:read'), asking({ scopes }))).toEqual(allowed)
    }
    for (const scopes of [[], ['files:write'], ['file'], ['ADMIN']])
      expect(evaluate(scope('files:read'), asking({ scopes }))).toEqual(lacking('files:read'))
    expect(evaluate(scope('files'), asking({ scopes: ['files:read', 'files:write'] }))).toEqual(lacking('files'))
    expect(evaluate(scope('files:read', 'files:write'), asking({ scopes: ['files'] }))).toEqual(allowed)
  })

  it('[MCP-SCOPE-3] names no scope in a challenge that another one in it implies', () => {
    expect(scope('files:read', 'admin', 'x').requires).toEqual([{ kind: 'scope', scopes: ['admin', 'x'] }])
    expect(scope('one', 'other').requires).toEqual([{ kind: 'scope', scopes: ['one'] }])
    expect(scope('files:read', 'files:read').requires).toEqual([
      { kind: 'scope', scopes: ['files:read', 'files:read'] },
    ])
    expect(scope('files:read', 'admin').id).toBe('scope(files:read admin)')
  })

  it('lets scopes imply each other', () => {
    expect(evaluate(scope('one'), asking({ scopes: ['other'] }))).toEqual(allowed)
    expect(evaluate(scope('other'), asking({ scopes: ['one'] }))).toEqual(allowed)
  })

  it('does not take what objects inherit for a scope', () => {
    expect(evaluate(scopeRules({ implies: {} }).scope('constructor'), asking())).toEqual(lacking('constructor'))
  })

  it.each([
    undefined,
    {},
    { implies: { 'a b': [] } },
    { implies: { a: 'b' } },
    { implies: { a: ['b"'] } },
    { implied: {} },
  ])('cannot be made of %j', (options) => {
    expect(() => scopeRules(options as never)).toThrow(TypeError)
  })

  it('needs at least one scope', () => {
    expect(() => (scope as () => unknown)()).toThrow(/at least one scope/)
    expect(() => (anyScope as () => unknown)()).toThrow(/at least one scope/)
  })
})

describe('scopeOrAppRole', () => {
  const rule = scopeOrAppRole('Orders.Read', 'Orders.Read.All')

  it('wants the scope of a user, or the app role of an application', () => {
    expect(evaluate(rule, asking({ scopes: ['Orders.Read'] }))).toEqual(allowed)
    expect(evaluate(rule, asking({ kind: 'application', roles: ['Orders.Read.All'] }))).toEqual(allowed)
    expect(rule).toMatchObject({ id: 'scopeOrAppRole(Orders.Read Orders.Read.All)', requires: [{ kind: 'scope' }] })
  })

  it('takes no role of a user, nor of an unknown caller, for an app role', () => {
    for (const kind of ['user', 'device', 'unknown'] as const)
      expect(evaluate(rule, asking({ kind, roles: ['Orders.Read.All'] }))).toEqual(lacking('Orders.Read'))
  })

  it('sends no application away for a scope that it cannot get', () => {
    expect(evaluate(rule, asking({ kind: 'application', roles: ['Orders.Read'] }))).toEqual(denied)
  })

  it('needs both names', () => {
    expect(() => scopeOrAppRole('a b', 'r')).toThrow(/no scope/)
    expect(() => scopeOrAppRole('a', '')).toThrow(/needs a scope and the name of an app role/)
  })
})
