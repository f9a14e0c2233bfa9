// OPA: true allows, nothing denies, a list of denials vetoes; whatever else comes is no answer.
import type { Fetch } from 'claimcheck'
import { anyOf, evaluate, not, stepUp, when } from 'claimcheck/policy'
import { createOpa, type OpaOptions } from 'claimcheck/policy/opa'
import { describe, expect, it, vi } from 'vitest'
import { startLoopback } from '../../support/loopback.ts'
import { alice } from '../callers.ts'
import { startDecisionPoint } from './decision-points.ts'

type Options = OpaOptions<{ readonly name: string }, undefined>

const query = { auth: { name: 'alice' }, resource: undefined }
const map: Options['map'] = ({ auth, action }) => ({ user: auth.name, action })

/** What OPA answers while no bundle is loaded, for a mistyped path, and for a rule that is neither met nor has a default. */
const undefinedDocuments: readonly [string, unknown][] = [
  ['nothing', {}],
  ['an id alone', { decision_id: 'x' }],
  ['a warning', { warning: { code: 'api_usage_warning' } }],
  ['a document without rules', { result: {} }],
  ['a document of other rules', { result: { orders: { allow: true } } }],
  ['a document without denials that does not say what it allows', { result: { deny: [] } }],
]

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
    [
      'denials',
      { result: { allow: true, deny: ['frozen', 'night'] } },
      { effect: 'deny', veto: true, reasons: [{ code: 'frozen' }, { code: 'night' }] },
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
    ['two results', [200, '{"result":false,"result":true}']],
    ['two allowances', [200, '{"result":{"allow":false,"allow":true}}']],
    ['two lists of denials', [200, '{"result":{"allow":true,"deny":["frozen"],"deny":[]}}']],
    ...undefinedDocuments,
  ])('of %s is no answer, and no other policy allows meanwhile: it might have been a veto', async (_, answer) => {
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
    // Not enumerable: with one that is, nothing is decided at all.
    for (const name of ['allow', 'result']) Object.defineProperty(polluted, name, { value: true, configurable: true })
    try {
      for (const answer of [{}, { result: {} }]) {
        expect((await decide(answer)).decision).toMatchObject({ effect: 'indeterminate' })
        expect((await decide(answer, { undefinedMeansDeny: true })).decision).toEqual({ effect: 'deny' })
      }
    } finally {
      delete polluted.allow
      delete polluted.result
    }
  })

  it.each(undefinedDocuments)('of %s drops no step-up of who must be asked for one', async (_, answer) => {
    const { policy: large } = await decide(answer)
    const asked = { auth: { ...query.auth, principal: alice }, resource: undefined }
    expect(await evaluate(when(large, stepUp({ acrValues: ['mfa'] })), asked)).toMatchObject({
      effect: 'indeterminate',
    })
  })

  it.each(undefinedDocuments)('of %s is a no where an option says so, and no veto', async (_, answer) => {
    const { decision, policy } = await decide(answer, { undefinedMeansDeny: true })
    expect(decision).toEqual({ effect: 'deny' })
    expect(await evaluate(not(policy), query)).toEqual({ effect: 'allow' })
    expect((await decide(answer, { undefinedMeansDeny: false })).decision).toMatchObject({ effect: 'indeterminate' })
  })

  it('of null stays none where undefined means deny: null is there', async () => {
    const { decision } = await decide({ result: { allow: null } }, { undefinedMeansDeny: true })
    expect(decision).toMatchObject({ effect: 'indeterminate' })
    expect((await decide({ result: null }, { undefinedMeansDeny: true })).decision).toMatchObject(decision)
  })

  it('that is undefined says which document, and what may be wrong', async () => {
    const { decision } = await decide({})
    const message = `OPA's document /v1/data/app/authz says nothing of allow: is its bundle loaded, and the path right? undefinedMeansDeny: true takes that for a no.`
    expect(decision).toMatchObject({ cause: new Error(message) })
  })

  it('that is not sent as JSON is none', async () => {
    const { url } = await startLoopback((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('{"result":true}'),
    )
    const engine = createOpa({ url, map, timeoutMs: 10_000 })
    expect(await evaluate(engine.policy('read'), query)).toMatchObject({ effect: 'indeterminate', kind: 'temporary' })
  })

  it('is asked for by the global fetch of that moment, unless one is given', async () => {
    const answering = (result: boolean): Fetch => vi.fn(async () => Response.json({ result }))
    const [given, first, second] = [answering(true), answering(false), answering(true)]
    const options = { url: 'https://opa.example.com/v1/data/app', map }
    const [free, fixed] = [createOpa(options).policy('read'), createOpa({ ...options, fetch: given }).policy('read')]
    for (const [stub, effect] of [
      [first, 'deny'],
      [second, 'allow'],
    ] as const) {
      vi.stubGlobal('fetch', stub)
      expect(await evaluate(free, query)).toEqual({ effect })
      expect(await evaluate(fixed, query)).toEqual({ effect: 'allow' })
      expect(stub).toHaveBeenCalledOnce()
    }
    expect(given).toHaveBeenCalledTimes(2)
  })

  it('that does not come in time is none', async () => {
    const silent = await startLoopback(() => {})
    const engine = createOpa({ url: silent.url, map, timeoutMs: 20 })
    expect(await evaluate(engine.policy('read'), query)).toMatchObject({ effect: 'indeterminate', kind: 'temporary' })
  })

  it('says what would lift a veto', async () => {
    const missing = { mfa: [{ kind: 'step-up', acrValues: ['mfa'] }] } as const
    const { decision } = await decide({ result: { deny: ['mfa'] } }, { missing })
    expect(decision).toEqual({ effect: 'deny', veto: true, missing: missing.mfa, reasons: [{ code: 'mfa' }] })
    const { decision: other } = await decide({ result: { deny: ['mfa', 'frozen'] } }, { missing })
    expect(other).not.toHaveProperty('missing')
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
  { map, url: 'https://opa', undefinedMeansDeny: 'no' },
  { map, url: 'https://opa', fetch: 'fetch' },
])('cannot be made of %j', (options) => {
  expect(() => createOpa(options as Options)).toThrow(TypeError)
})
