// The rules about who is calling: exact comparison, and nothing guessed.
import {
  actor,
  application,
  authenticated,
  client,
  type Decision,
  device,
  evaluate,
  group,
  not,
  permission,
  type PolicyLike,
  tenant,
  user,
} from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { allowed, denied } from './answers.ts'
import { asking } from './callers.ts'

const kinds = ['user', 'application', 'device', 'unknown'] as const

it('authenticated allows every verified caller', () => {
  for (const kind of kinds) expect(evaluate(authenticated, asking({ kind }))).toEqual(allowed)
})

it('[RFC9700-4.15-1] user, application and device each want their own kind, and never one that is unknown', () => {
  const rules = { user, application, device }
  for (const [wanted, rule] of Object.entries(rules)) {
    for (const kind of kinds) {
      expect(evaluate(rule, asking({ kind })), `${wanted} ${kind}`).toEqual(kind === wanted ? allowed : denied)
    }
  }
})

it('permission wants the permission, exactly, and takes neither scope nor role for it', () => {
  expect(evaluate(permission('orders:refund'), asking({ permissions: ['x', 'orders:refund'] }))).toEqual(allowed)
  for (const changes of [{}, { permissions: ['orders'] }, { scopes: ['orders:refund'] }, { roles: ['orders:refund'] }])
    expect(evaluate(permission('orders:refund'), asking(changes))).toEqual(denied)
})

it('permission wants every permission that it names', () => {
  const rule = permission('orders:refund', 'orders:read')
  expect(rule.id).toBe('permission(orders:refund orders:read)')
  expect(evaluate(rule, asking({ permissions: ['orders:read', 'x', 'orders:refund'] }))).toEqual(allowed)
  for (const permissions of [[], ['orders:refund'], ['orders:read']])
    expect(evaluate(rule, asking({ permissions }))).toEqual(denied)
})

describe('group', () => {
  const listed = (values: readonly string[], complete: boolean) => asking({ groups: { values, complete } })

  it('allows a member and denies every other caller, when the token lists all groups', () => {
    expect(evaluate(group('g1'), listed(['g0', 'g1'], true))).toEqual(allowed)
    expect(evaluate(group('g1'), listed(['g0', 'G1'], true))).toEqual(denied)
  })

  it('cannot tell when the token left groups out, unless the group is one of the rest', () => {
    const incomplete = { effect: 'indeterminate', kind: 'incomplete', cause: expect.any(Error) }
    expect(evaluate(group('g1'), listed(['g1'], false))).toEqual(allowed)
    expect(evaluate(group('g1'), listed([], false))).toEqual(incomplete)
    expect(evaluate(not(group('blocked')), listed([], false))).toEqual(incomplete)
    expect(evaluate(not(group('blocked')), listed(['blocked'], false))).toEqual(denied)
  })

  const guid = '0f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b'
  it.each([
    ['in capitals in the policy', guid.toUpperCase(), guid],
    ['in capitals in the token', guid, guid.toUpperCase()],
  ])('recognises a GUID that is written %s', (_, inPolicy, inToken) => {
    for (const complete of [true, false]) {
      expect(evaluate(group(inPolicy), listed(['g0', inToken], complete))).toEqual(allowed)
      expect(evaluate(not(group(inPolicy)), listed(['g0', inToken], complete))).toEqual(denied)
    }
    expect(evaluate(group(inPolicy), listed([`${inToken}0`, `x${inToken}`], true))).toEqual(denied)
  })

  it('wants every group that it names, and cannot tell when an incomplete list lacks one', () => {
    const rule = group('g1', 'g2')
    expect(rule.id).toBe('group(g1 g2)')
    for (const complete of [true, false]) expect(evaluate(rule, listed(['g2', 'g0', 'g1'], complete))).toEqual(allowed)
    for (const values of [[], ['g1'], ['g2'], ['g0']]) {
      expect(evaluate(rule, listed(values, true))).toEqual(denied)
      expect(evaluate(rule, listed(values, false))).toMatchObject({ effect: 'indeterminate', kind: 'incomplete' })
      expect(evaluate(not(rule), listed(values, false))).toMatchObject({ effect: 'indeterminate', kind: 'incomplete' })
    }
  })
})

it.each([
  ['tenant', tenant, (id: string) => ({ tenant: id })],
  ['client', client, (id: string) => ({ client: { id, type: 'unknown' } })],
  ['actor', actor, (subject: string) => ({ actor: { subject } })],
] as const)(
  '%s compares GUIDs without regard to case: not(…) with one in capitals lets nobody in',
  (_, rule, holding: (id: string) => object) => {
    const small = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
    const written = small.toUpperCase()
    expect(evaluate(not(rule(written)), asking(holding(small)))).toEqual(denied)
    expect(evaluate(rule(small), asking(holding(written)))).toEqual(allowed)
  },
)

it('tenant and client want one of those named, and never an absent one', () => {
  expect(evaluate(tenant('t1', 't2'), asking({ tenant: 't2' }))).toEqual(allowed)
  for (const changes of [{}, { tenant: 't3' }, { tenant: 'T1' }, { tenant: '' }])
    expect(evaluate(tenant('t1', 't2'), asking(changes))).toEqual(denied)
  expect(evaluate(client('web', 'cli'), asking({ client: { id: 'cli', type: 'public' } }))).toEqual(allowed)
  expect(evaluate(client('web'), asking({ client: { id: 'cli', type: 'public' } }))).toEqual(denied)
  // The subject of an application's token may be named like a client: that is another thing.
  expect(evaluate(client('alice'), asking())).toEqual(denied)
  expect(tenant('t1', 't2').id).toBe('tenant(t1 t2)')
})

describe('actor', () => {
  const acting = (subject: string) => asking({ actor: { subject, traits: [] } })

  it('[RFC8693-4.1-1] wants the outermost actor, by subject or by function, and sees no other', () => {
    expect(evaluate(actor('agent-7'), acting('agent-7'))).toEqual(allowed)
    expect(evaluate(actor('agent-7'), acting('agent-8'))).toEqual(denied)
    const nested = asking(
      { actor: { subject: 'outer', traits: [] } },
      { claims: { act: { sub: 'outer', act: { sub: 'agent-7' } } } },
    )
    expect(evaluate(actor('agent-7'), nested)).toEqual(denied)
    expect(
      evaluate(
        actor(({ subject }) => subject.startsWith('agent-')),
        acting('agent-9'),
      ),
    ).toEqual(allowed)
  })

  it('wants one of several subjects', () => {
    const rule = actor('agent-7', 'agent-8')
    expect(rule.id).toBe('actor(agent-7 agent-8)')
    for (const subject of ['agent-7', 'agent-8']) expect(evaluate(rule, acting(subject))).toEqual(allowed)
    for (const changes of [{}, { actor: { subject: 'agent-9', traits: [] } }])
      expect(evaluate(rule, asking(changes))).toEqual(denied)
  })

  it('takes a function alone', () => {
    const make = actor as (...expected: readonly unknown[]) => PolicyLike
    const one = () => true
    const alone = new TypeError('actor() with a function takes 1 argument, not 2: the rest would be ignored.')
    for (const rest of [one, 'agent-7', undefined]) expect(() => make(one, rest)).toThrow(alone)
    expect(() => make('agent-7', one)).toThrow(new TypeError('actor() needs the subject of an actor, or a function.'))
  })

  it('denies without an actor, and does not call the function then', () => {
    expect(evaluate(actor('alice'), asking())).toEqual(denied)
    expect(
      evaluate(
        actor(() => expect.fail('was asked')),
        asking(),
      ),
    ).toEqual(denied)
    expect(evaluate(not(actor(() => true)), asking())).toEqual(allowed)
  })

  it('[RFC8693-4.4-1] gives nothing for may_act', () => {
    expect(evaluate(actor('agent-7'), asking({}, { claims: { may_act: { sub: 'agent-7' } } }))).toEqual(denied)
  })
})

it.each([
  ['permission', permission, 'permission() needs the name of a permission.'],
  ['group', group, 'group() needs the id of a group.'],
  ['tenant', tenant, 'tenant() needs the id of a tenant.'],
  ['client', client, 'client() needs the id of a client.'],
  ['actor', actor, 'actor() needs the subject of an actor, or a function.'],
] as const)('%s needs a name: what it compares with is never empty', (_, rule, message) => {
  const make = rule as unknown as (...names: readonly unknown[]) => PolicyLike
  for (const names of [[], [''], [undefined], [null], [1], [['a']], ['a', ''], ['a', undefined], ['a', ['b']]])
    expect(() => make(...names)).toThrow(new TypeError(message))
})

it('has no challenge for what no client can ask for', () => {
  for (const rule of [permission('p'), tenant('t'), client('c'), actor('a')]) {
    expect(rule.requires).toBeUndefined()
    expect(evaluate(rule, asking()) as Decision).not.toHaveProperty('missing')
  }
})
