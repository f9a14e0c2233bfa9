// The rules about scopes and roles: exact comparison and no guessing.
import { anyScope, claim, type Decision, not, role, scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/policy/policy.ts'
import { allowed, denied } from './answers.ts'

function caller({ scopes = [] as readonly string[], roles = [] as readonly string[], claims = {} as object } = {}) {
  return { auth: { principal: { scopes, roles }, claims }, resource: undefined }
}

function lacking(...scopes: readonly string[]): Decision {
  return { effect: 'deny', missing: [{ kind: 'scope', scopes }] }
}

describe('scope', () => {
  it('wants every scope, and names all that it wants', () => {
    const rule = scope('a', 'b')
    expect(evaluate(rule, caller({ scopes: ['b', 'c', 'a'] }))).toEqual(allowed)
    for (const scopes of [[], ['a'], ['b'], ['c']])
      expect(evaluate(rule, caller({ scopes }))).toEqual(lacking('a', 'b'))
  })

  it('compares exactly: no scope implies another', () => {
    for (const granted of [
      'Orders.Read.All',
      'orders.read',
      'Orders',
      'Orders.Read ',
      ' Orders.Read',
      'x Orders.Read',
      '*',
    ]) {
      expect(evaluate(scope('Orders.Read'), caller({ scopes: [granted] }))).toEqual(lacking('Orders.Read'))
    }
  })

  it('says in advance what it wants', () => {
    expect(scope('a', 'b')).toMatchObject({ id: 'scope(a b)', requires: [{ kind: 'scope', scopes: ['a', 'b'] }] })
  })
})

describe('anyScope', () => {
  it('wants one of the scopes, and names the first', () => {
    const rule = anyScope('a', 'b')
    for (const scopes of [['a'], ['b'], ['x', 'b']]) expect(evaluate(rule, caller({ scopes }))).toEqual(allowed)
    for (const scopes of [[], ['c'], ['a b']]) expect(evaluate(rule, caller({ scopes }))).toEqual(lacking('a'))
  })

  it('says in advance what it wants', () => {
    expect(anyScope('a', 'b')).toMatchObject({ id: 'anyScope(a b)', requires: [{ kind: 'scope', scopes: ['a'] }] })
  })
})

describe.each([
  ['scope', scope],
  ['anyScope', anyScope],
] as const)('%s', (name, make) => {
  it('needs at least one scope, since an empty list would allow every caller', () => {
    const withNone = make as unknown as () => unknown
    expect(withNone).toThrow(new TypeError(`${name}() needs at least one scope.`))
  })

  it.each(['', 'a b', ' a', 'a ', 'a"', 'a\\', 'a\n', 'a\tb', 'a\u007f', 'ä', '\u0000', 'a", error="x', '😀'])(
    'refuses %j, which no server could grant',
    (wrong) => {
      const refused = `'${wrong}' can be no scope: one scope is printable ASCII without space, " and \\.`
      expect(() => make(wrong)).toThrow(new TypeError(refused))
      expect(() => make('good', wrong)).toThrow(new TypeError(refused))
    },
  )

  it.each([undefined, null, 1, ['a'], {}])('refuses %j, which is no string', (wrong) => {
    expect(() => make(wrong as unknown as string)).toThrow(TypeError)
  })

  it.each(['!', '#', '[', ']', '~', "a'b", 'https://api.example.com/orders.read', 'a:b/c?d=e&f'])(
    'takes %j, which RFC 6749 §3.3 allows',
    (right) => {
      expect(evaluate(make(right), caller({ scopes: [right] }))).toEqual(allowed)
    },
  )

  it('cannot be weakened through what it says that it requires', () => {
    const rule = make('a')
    const [required] = rule.requires as unknown as [{ scopes: string[] }]
    expect(() => required.scopes.pop()).toThrow(TypeError)
    expect(() => (rule.requires as unknown as unknown[]).pop()).toThrow(TypeError)
    const decision = rule.evaluate(caller()) as unknown as { missing: { scopes: string[] }[] }
    expect(() => decision.missing[0]?.scopes.pop()).toThrow(TypeError)
    expect(evaluate(rule, caller())).toEqual(lacking('a'))
  })
})

describe('role', () => {
  it('wants the role, exactly, and names nothing: no client can ask for a role', () => {
    expect(role('admin')).toEqual({ id: 'role(admin)', evaluate: expect.any(Function) })
    expect(evaluate(role('admin'), caller({ roles: ['user', 'admin'] }))).toEqual(allowed)
    for (const roles of [[], ['super admin'], ['Admin'], ['admins'], ['admin ']]) {
      expect(evaluate(role('admin'), caller({ roles }))).toEqual(denied)
    }
  })

  it('denies where the token lacks the role, for whatever reason, so that not lets that caller in', () => {
    expect(evaluate(not(role('blocked')), caller({ roles: [] }))).toEqual(allowed)
    expect(evaluate(not(role('blocked')), caller({ roles: ['blocked'] }))).toEqual(denied)
  })

  it('wants every role that it names', () => {
    const rule = role('admin', 'auditor')
    expect(rule.id).toBe('role(admin auditor)')
    expect(evaluate(rule, caller({ roles: ['auditor', 'user', 'admin'] }))).toEqual(allowed)
    for (const roles of [[], ['admin'], ['auditor'], ['admin auditor']])
      expect(evaluate(rule, caller({ roles }))).toEqual(denied)
  })

  it('does not take a scope for a role, nor a role for a scope', () => {
    expect(evaluate(role('admin'), caller({ scopes: ['admin'] }))).toEqual(denied)
    expect(evaluate(scope('admin'), caller({ roles: ['admin'] }))).toEqual(lacking('admin'))
  })

  it.each(['', undefined, null, 1, ['admin']])('needs a name, not %j', (name) => {
    const refused = new TypeError('role() needs the name of a role.')
    expect(() => role(name as string)).toThrow(refused)
    expect(() => role('admin', name as string)).toThrow(refused)
  })

  it('changed by who reads its decision, decides the next as before', () => {
    const first = role('admin').evaluate(caller()) as { effect: string }
    first.effect = 'allow'
    expect(role('admin').evaluate(caller())).toEqual(denied)
    expect(claim('a', 1).evaluate(caller())).toEqual(denied)
  })
})
