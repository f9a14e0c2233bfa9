// OPA: true allows, nothing denies, a list of denials vetoes; whatever else comes is no answer.
import { anyOf, evaluate, not } from 'claimcheck/policy'
import { createOpa, type OpaOptions } from 'claimcheck/policy/opa'
import { describe, expect, it } from 'vitest'
import { startLoopback } from '../../support/loopback.ts'
import { startDecisionPoint } from './decision-points.ts'

type Options = OpaOptions<{ readonly name: string }, undefined>

const query = { auth: { name: 'alice' }, resource: undefined }
const map: Options['map'] = ({ auth, action }) => ({ user: auth.name, action })

async function decide(answer: unknown, changes: Partial<Options> = {}) {
  const opa = await startDecisionPoint(() => answer)
  const engine = createOpa({ url: `${opa.url}v1/data/app/authz`, map, timeoutMs: 10_000, ...changes })
  return { decision: await evaluate(engine.policy('read'), query), opa, policy: engine.policy('read') }
}

describe('an answer of OPA', () => {
  it('is asked for with the input', async () => {
    const { opa } = await decide({ result: true })
    expect(opa.questions).toEqual([{ input: { user: 'alice', action: 'read' } }])
    expect(opa.heads[0]).toMatchObject({ method: 'POST', url: '/v1/data/app/authz' })
  })

  it.each<[string, unknown, unknown]>([
    ['true', { result: true }, { effect: 'allow' }],
    ['a document that allows', { result: { allow: true } }, { effect: 'allow' }],
    ['one without denials', { result: { allow: true, deny: [] } }, { effect: 'allow' }],
    ['false', { result: false }, { effect: 'deny' }],
    ['a document that does not allow', { result: { allow: false, other: 1 } }, { effect: 'deny' }],
    ['a document without rules', { result: {} }, { effect: 'deny' }],
    ['undefined', { decision_id: 'x' }, { effect: 'deny' }],
    [
      'denials',
      { result: { allow: true, deny: ['frozen', 'night'] } },
      { effect: 'deny', final: true, reasons: [{ code: 'frozen' }, { code: 'night' }] },
    ],
  ])('of %s is a decision', async (_, answer, expected) => {
    expect((await decide(answer)).decision).toEqual(expected)
  })

  it.each<[string, unknown]>([
    ['null', { result: null }],
    ['null beside a yes', { result: { allow: true, deny: null } }],
    ['null in place of a no', { result: { allow: null } }],
    ['the text true', { result: 'true' }],
    ['1', { result: 1 }],
    ['a list', { result: [true] }],
    ['an allowance in words', { result: { allow: 'true' } }],
    ['a denial in words', { result: { allow: true, deny: 'frozen' } }],
    ['denials that are no words', { result: { allow: true, deny: [1] } }],
    ['a set of denials', { result: { allow: true, deny: { frozen: true } } }],
    ['400', [400, { result: true }]],
    ['500', [500, { result: true }]],
    ['no JSON', [200, 'true']],
    ['an error of OPA', { code: 'internal_error', message: 'broken' }],
    ['errors beside a yes', { result: true, errors: [{}] }],
  ])('of %s is none, and no other policy lets anybody in meanwhile: it might have been a veto', async (_, answer) => {
    const { decision, policy } = await decide(answer)
    const open = { effect: 'indeterminate', kind: 'temporary', mayVeto: true }
    expect(decision).toMatchObject(open)
    expect(
      await evaluate(
        anyOf(() => true, policy),
        query,
      ),
    ).toMatchObject(open)
    expect(await evaluate(not(policy), query)).toMatchObject(open)
  })

  it('inherited by every object is none', async () => {
    const polluted = Object.prototype as { allow?: boolean; result?: boolean }
    Object.assign(polluted, { allow: true, result: true })
    try {
      expect((await decide({})).decision).toEqual({ effect: 'deny' })
      expect((await decide({ result: {} })).decision).toEqual({ effect: 'deny' })
    } finally {
      delete polluted.allow
      delete polluted.result
    }
  })

  it('that does not come in time is none', async () => {
    const silent = await startLoopback(() => {})
    const engine = createOpa({ url: silent.url, map, timeoutMs: 20 })
    expect(await evaluate(engine.policy('read'), query)).toMatchObject({ effect: 'indeterminate', kind: 'temporary' })
  })

  it('says what would lift a veto', async () => {
    const unmet = { mfa: [{ kind: 'step-up', acrValues: ['mfa'] }] } as const
    const { decision } = await decide({ result: { deny: ['mfa'] } }, { unmet })
    expect(decision).toEqual({ effect: 'deny', final: true, unmet: unmet.mfa, reasons: [{ code: 'mfa' }] })
    const { decision: other } = await decide({ result: { deny: ['mfa', 'frozen'] } }, { unmet })
    expect(other).not.toHaveProperty('unmet')
  })

  it('cannot be had when the mapping throws', async () => {
    const { decision } = await decide(
      { result: true },
      {
        map: () => {
          throw new Error('broken')
        },
      },
    )
    expect(decision).toEqual({ effect: 'indeterminate', cause: new Error('broken'), mayVeto: true })
  })
})

it.each([
  {},
  { map },
  { map, url: 'http://opa.example.com/v1/data' },
  { map, url: 'x' },
  { url: 'https://opa' },
  { map, url: 'https://opa', x: 1 },
])('cannot be made of %j', (options) => {
  expect(() => createOpa(options as Options)).toThrow(TypeError)
})
