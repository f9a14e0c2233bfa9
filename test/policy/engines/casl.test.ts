// CASL: a rule that says cannot is a veto, no rule is a plain no, and whatever goes wrong is no answer.
import { type AnyAbility, createMongoAbility, defineAbility, subject } from '@casl/ability'
import { anyOf, evaluate, not } from 'claimcheck/policy'
import { createCasl } from 'claimcheck/policy/casl'
import { describe, expect, it } from 'vitest'

interface Post {
  readonly author: string
  readonly locked?: boolean
}

const abilityFor = ({ name }: { readonly name: string }) =>
  defineAbility((can, cannot) => {
    can('update', 'Post', { author: name })
    can('read', 'Post')
    cannot('update', 'Post', { locked: true }).because('locked by a moderator')
  })
const casl = createCasl<{ readonly name: string }, Post>({
  abilityFor,
  map: ({ resource }) => ({ subject: subject('Post', { ...resource }) }),
})
const asking = (resource: Post) => ({ auth: { name: 'alice' }, resource })

describe('an ability', () => {
  it('allows, denies and vetoes, and says by which rule', () => {
    const update = casl.policy('update')
    expect(evaluate(update, asking({ author: 'alice' }))).toEqual({
      effect: 'allow',
      reasons: [{ code: 'can update Post' }],
    })
    expect(evaluate(update, asking({ author: 'bob' }))).toEqual({ effect: 'deny' })
    expect(evaluate(casl.policy('delete'), asking({ author: 'alice' }))).toEqual({ effect: 'deny' })
    const veto = {
      effect: 'deny',
      veto: true,
      reasons: [{ code: 'cannot update Post', message: 'locked by a moderator' }],
    }
    expect(evaluate(update, asking({ author: 'alice', locked: true }))).toEqual(veto)
    expect(
      evaluate(
        anyOf(() => true, update),
        asking({ author: 'alice', locked: true }),
      ),
    ).toEqual(veto)
  })

  it('is asked for the field and the action that the mapping names', () => {
    const fields = createCasl<unknown, undefined>({
      abilityFor: () => defineAbility((can) => can('edit', 'Post', ['title'])),
      map: ({ action }) => ({ action: 'edit', subject: 'Post', field: action }),
    })
    expect(evaluate(fields.policy('title'), { auth: {}, resource: undefined })).toMatchObject({ effect: 'allow' })
    expect(evaluate(fields.policy('body'), { auth: {}, resource: undefined })).toEqual({ effect: 'deny' })
  })

  it.each<[string, unknown]>([
    ['throws', { relevantRuleFor: () => expect.fail('broken') }],
    ['is missing', undefined],
    ['answers true', { relevantRuleFor: () => true }],
    ['answers with text', { relevantRuleFor: () => ({ inverted: 'false' }) }],
    ['answers with nothing', { relevantRuleFor: () => undefined }],
    ['is asynchronous', Promise.resolve(createMongoAbility([]))],
  ])('that %s cannot tell', (_, ability) => {
    const broken = createCasl<unknown, Post>({
      abilityFor: () => ability as AnyAbility,
      map: () => ({ subject: 'Post' }),
    })
    const decision = { effect: 'indeterminate', mayVeto: true }
    expect(evaluate(broken.policy('read'), asking({ author: 'a' }))).toMatchObject(decision)
    expect(
      evaluate(
        anyOf(() => true, broken.policy('read')),
        asking({ author: 'a' }),
      ),
    ).toMatchObject(decision)
    expect(evaluate(not(broken.policy('read')), asking({ author: 'a' }))).toMatchObject(decision)
  })

  it.each([undefined, null])('is not asked about everything when the mapping gives no subject: %s', (none) => {
    const abilityForAll = () =>
      defineAbility((can, cannot) => {
        can('manage', 'all')
        cannot('delete', 'Post')
      })
    const engine = createCasl<unknown, undefined>({
      abilityFor: abilityForAll,
      map: () => ({ subject: none as never, action: undefined as never }),
    })
    expect(evaluate(engine.policy('delete'), { auth: {}, resource: undefined })).toMatchObject({
      effect: 'indeterminate',
    })
  })

  it('may be defined anew while it serves', () => {
    const engine = createCasl({ abilityFor, map: () => ({ subject: 'Post' }) })
    const read = engine.policy('read')
    const query = { auth: { name: 'alice' }, resource: undefined }
    expect(evaluate(read, query)).toMatchObject({ effect: 'allow' })
    engine.replace(() => createMongoAbility([]))
    expect(evaluate(read, query)).toEqual({ effect: 'deny' })
    expect(() => engine.replace(undefined as never)).toThrow(TypeError)
    expect(evaluate(read, query)).toEqual({ effect: 'deny' })
  })

  it('needs its functions', () => {
    for (const wrong of [
      {},
      { abilityFor },
      { map: () => ({}) },
      { abilityFor, map: 1 },
      { abilityFor, map: () => ({}), x: 1 },
    ])
      expect(() => createCasl(wrong as never)).toThrow(TypeError)
  })
})
