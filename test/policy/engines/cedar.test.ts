// Cedar: a policy that errors is never an answer, wrong policies are found when they are made, and a set is replaced whole.
import * as wasm from '@cedar-policy/cedar-wasm/nodejs'
import { allOf, anyOf, evaluate, not } from 'claimcheck/policy'
import { type CedarOptions, type CedarRequest, createCedar } from 'claimcheck/policy/cedar'
import { describe, expect, it } from 'vitest'

interface Doc {
  readonly [name: string]: string | boolean | number
}

const policies = `
@id("readers") permit (principal, action == Action::"read", resource) when { resource.open };
@id("frozen") forbid (principal, action, resource) when { resource.frozen };
`
const schema = `
entity User; entity Doc { open: Bool, frozen: Bool };
action read, write appliesTo { principal: User, resource: Doc };
`

function map({ action, resource }: { readonly action: string; readonly resource: Doc }): CedarRequest {
  const [user, doc] = [
    { type: 'User', id: 'alice' },
    { type: 'Doc', id: 'd' },
  ]
  const entities = [{ uid: doc, attrs: { ...resource }, parents: [] }]
  return { principal: user, action: { type: 'Action', id: action }, resource: doc, context: {}, entities }
}

const make = (changes: Partial<CedarOptions<unknown, Doc>> = {}) =>
  createCedar<unknown, Doc>({ cedar: wasm, policies, map, ...changes })
const about = (resource: Doc) => ({ auth: {}, resource })
const plain = { open: true, frozen: false }

describe('a Cedar policy set', () => {
  const cedar = make()
  const read = cedar.policy('read')

  it('allows, denies and vetoes, and names the policies that decided', () => {
    expect(evaluate(read, about(plain))).toEqual({ effect: 'allow', reasons: [{ code: 'readers' }] })
    expect(evaluate(read, about({ open: false, frozen: false }))).toEqual({ effect: 'deny' })
    expect(evaluate(cedar.policy('write'), about(plain))).toEqual({ effect: 'deny' })
    const veto = { effect: 'deny', veto: true, reasons: [{ code: 'frozen' }] }
    expect(evaluate(read, about({ open: true, frozen: true }))).toEqual(veto)
    expect(
      evaluate(
        anyOf(() => true, read),
        about({ open: true, frozen: true }),
      ),
    ).toEqual(veto)
    expect(evaluate(not(read), about({ open: true, frozen: true }))).toEqual(veto)
  })

  it('cannot tell when a forbid errors, which Cedar itself would skip, and another policy does not outweigh it', () => {
    const decision = evaluate(read, about({ open: true }))
    expect(decision).toEqual({
      effect: 'indeterminate',
      cause: expect.objectContaining({ message: expect.stringMatching(/^Cedar: .*`frozen`/) }),
      reasons: [{ code: 'frozen' }],
      mayVeto: true,
    })
    for (const around of [anyOf(() => true, read), allOf(read, () => true), not(read)])
      expect(evaluate(around, about({ open: true }))).toMatchObject({ effect: 'indeterminate' })
  })

  it.each<[string, unknown]>([
    ['no entity', { principal: 3 }],
    [
      'an unknown kind of value',
      { entities: [{ uid: { type: 'Doc', id: 'd' }, attrs: { open: undefined }, parents: [] }] },
    ],
    ['nothing', undefined],
  ])('cannot tell when the mapping makes %s', (_, wrong) => {
    const broken = make({ map: (query) => ({ ...map(query), ...(wrong as object) }) })
    const none = make({ map: () => wrong as never })
    expect(evaluate((wrong === undefined ? none : broken).policy('read'), about(plain))).toMatchObject({
      effect: 'indeterminate',
      mayVeto: true,
    })
  })

  it.each(['Allow', 'Deny', 'permit', '', undefined, true, false])(
    'cannot tell when Cedar answers %j, which a not would else turn into an allowance',
    (decision) => {
      const response = { decision, diagnostics: { reason: [], errors: [] } }
      const strange = { ...wasm, statefulIsAuthorized: () => ({ type: 'success', response, warnings: [] }) as never }
      const read = make({ cedar: strange }).policy('read')
      const open = { effect: 'indeterminate', cause: expect.any(Error), mayVeto: true }
      for (const rule of [read, not(read), anyOf(() => true, read)]) expect(evaluate(rule, about(plain))).toEqual(open)
    },
  )

  it('cannot tell when the mapping throws', () => {
    const broken = make({
      map: () => {
        throw new Error('broken')
      },
    })
    expect(evaluate(broken.policy('read'), about(plain))).toMatchObject({ cause: new Error('broken') })
  })

  it('says what would lift a forbid, when all that forbade can be lifted', () => {
    const missing = { frozen: [{ kind: 'step-up', acrValues: ['mfa'] }] } as const
    const other = `@id("other") forbid (principal, action == Action::"write", resource) when { resource.frozen };`
    const cedar = make({ policies: policies + other, missing })
    const frozen = about({ open: true, frozen: true })
    expect(evaluate(cedar.policy('read'), frozen)).toMatchObject({ veto: true, missing: missing.frozen })
    expect(evaluate(cedar.policy('write'), frozen)).not.toHaveProperty('missing')
    expect(() => make({ missing: { frozen: [{ kind: 'role' }] } as never })).toThrow(TypeError)
  })
})

describe('a replaced set', () => {
  it('decides from the next question on, through policies made before', () => {
    const cedar = make()
    const read = cedar.policy('read')
    cedar.replace({ nobody: 'forbid (principal, action, resource);' })
    expect(evaluate(read, about(plain))).toEqual({ effect: 'deny', veto: true, reasons: [{ code: 'nobody' }] })
  })

  it('leaves the old one in force when it is wrong, and other engines alone', () => {
    const [cedar, other] = [make({ schema }), make()]
    for (const wrong of [
      'permit (',
      'permit (principal, action, resource) when { resource.opne };',
      `${policies}${policies}`,
    ])
      expect(() => cedar.replace(wrong)).toThrow(TypeError)
    expect(evaluate(cedar.policy('read'), about(plain))).toMatchObject({ effect: 'allow' })
    cedar.replace('forbid (principal, action, resource);')
    expect(evaluate(cedar.policy('read'), about(plain))).toMatchObject({ effect: 'deny' })
    expect(evaluate(other.policy('read'), about(plain))).toMatchObject({ effect: 'allow' })
  })
})

describe('an empty set, whose no would be the yes of a not', () => {
  const empty: readonly (readonly [string, unknown])[] = [
    ['a text without a policy', ''],
    ['a text of comments', '// permit (principal, action, resource);\n'],
    ['no policy by id', {}],
    ['nothing', undefined],
    ['an empty list', []],
  ]

  it.each(empty)('is refused when it is made of %s', (_, none) => {
    const refused = new TypeError('policies: there is no policy in it, so every question would be denied.')
    expect(() => make({ policies: none as string })).toThrow(refused)
    expect(() => make({ policies: none as string, schema })).toThrow(refused)
  })

  it.each(empty)('takes the place of no other: %s', (_, none) => {
    const cedar = make()
    expect(() => cedar.replace(none as string)).toThrow(TypeError)
    expect(evaluate(cedar.policy('read'), about(plain))).toMatchObject({ effect: 'allow' })
  })
})

describe('a policy that is undefined, which JSON would leave out', () => {
  const permit = 'permit (principal, action, resource);'

  it.each<[string, object]>([
    ['a misspelt forbid', { all: permit, frozen: undefined }],
    ['a set of nothing else', { frozen: undefined }],
    ['a function', { all: permit, frozen: () => 'forbid (principal, action, resource);' }],
    ['a symbol', { all: permit, frozen: Symbol('forbid') }],
    ['nothing', { all: permit, frozen: null }],
    ['an empty text', { all: permit, frozen: '' }],
  ])('is refused, and takes the place of no other: %s', (_, set) => {
    expect(() => make({ policies: set as never })).toThrow(TypeError)
    const cedar = make({ policies: { nobody: 'forbid (principal, action, resource);' } })
    expect(() => cedar.replace(set as never)).toThrow(TypeError)
    expect(evaluate(not(cedar.policy('read')), about(plain))).toMatchObject({ effect: 'deny', veto: true })
  })
})

describe('what is wrong is found when it is made', () => {
  it.each<[string, Partial<CedarOptions<unknown, Doc>>, RegExp]>([
    ['a policy that does not parse', { policies: 'permit (principal' }, /^policies: /],
    ['a policy by id that does not parse', { policies: { a: 'allow all' } }, /^policies: /],
    ['a template', { policies: 'permit (principal == ?principal, action, resource);' }, /templates/],
    [
      'two policies of one name',
      { policies: `@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);` },
      /same @id/,
    ],
    ['a schema that does not parse', { schema: 'entity' }, /^schema: /],
    [
      'a misspelt attribute',
      { schema, policies: policies.replace('frozen', 'frosen').replace('resource.frozen', 'resource.frosen') },
      /frosen/,
    ],
    ['no Cedar', { cedar: undefined as never }, /cedar.statefulIsAuthorized must be a function/],
    ['no mapping', { map: undefined as never }, /map must be a function/],
    ['a misspelt option', { polices: '' } as never, /no option polices/],
  ])('%s', (_, changes, message) => {
    expect(() => make(changes)).toThrow(message)
    expect(() => make(changes)).toThrow(TypeError)
  })

  it('an action without a name', () => {
    expect(() => make().policy('')).toThrow(/name of an action/)
  })

  it('and a request that breaks the schema cannot be decided', () => {
    const cedar = make({ schema })
    expect(evaluate(cedar.policy('read'), about(plain))).toMatchObject({ effect: 'allow' })
    expect(evaluate(cedar.policy('delete'), about(plain))).toMatchObject({ effect: 'indeterminate' })
    expect(evaluate(cedar.policy('read'), about({ open: 'yes', frozen: false }))).toMatchObject({
      effect: 'indeterminate',
    })
  })
})
