// Claims and grants (RFC 9396) held against a Standard Schema, of real libraries and of ones that misbehave.
import { authorizationDetails, claim, type Decision, evaluate, not } from 'claimcheck/policy'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { allowed, denied, undecided } from './answers.ts'
import { asking } from './callers.ts'

function on(claims: Readonly<Record<string, unknown>>) {
  return asking({}, { claims })
}

function schemaThat(validate: (value: unknown) => unknown) {
  return { '~standard': { version: 1 as const, vendor: 'test', validate: validate as never } }
}

describe('claim with a schema', () => {
  it.each([
    ['zod', z.object({ country: z.enum(['CH', 'LI']) })],
    ['valibot', v.object({ country: v.picklist(['CH', 'LI']) })],
  ])('allows what %s accepts, at once', (_, schema) => {
    const rule = claim('address', schema)
    expect(evaluate(rule, on({ address: { country: 'LI' } }))).toEqual(allowed)
    for (const address of [undefined, null, 'CH', { country: 'DE' }, ['CH']])
      expect(evaluate(rule, on({ address }))).toEqual(denied)
    expect(evaluate(rule, on({}))).toEqual(denied)
  })

  it('waits for a schema that answers later', async () => {
    const rule = claim(
      'tier',
      z.string().refine(async (tier) => tier === 'gold'),
    )
    expect(evaluate(rule, on({ tier: 'gold' }))).toBeInstanceOf(Promise)
    expect(await evaluate(rule, on({ tier: 'gold' }))).toEqual(allowed)
    expect(await evaluate(rule, on({ tier: 'lead' }))).toEqual(denied)
  })

  it.each([
    undefined,
    null,
    true,
    {},
    { ok: true },
    { issues: undefined },
    { issues: 'none', value: 1 },
    Object.create({ value: 1 }),
  ])('cannot tell when the schema answers %j', (answer) => {
    expect(
      evaluate(
        claim(
          'x',
          schemaThat(() => answer),
        ),
        on({ x: 1 }),
      ),
    ).toEqual(undecided)
  })

  it('cannot tell when the schema throws or rejects', async () => {
    const broken = schemaThat(() => {
      throw new Error('broken')
    })
    expect(evaluate(claim('x', broken), on({ x: 1 }))).toMatchObject({ effect: 'indeterminate' })
    expect(
      await evaluate(
        claim(
          'x',
          schemaThat(() => Promise.reject(new Error('broken'))),
        ),
        on({}),
      ),
    ).toMatchObject({
      effect: 'indeterminate',
    })
  })
})

describe('authorizationDetails', () => {
  const payment = authorizationDetails('payment', z.object({ amount: z.number().max(100) }))
  const granting = (...authorization_details: readonly unknown[]) => on({ authorization_details })
  const lacking: Decision = { effect: 'deny', missing: [{ kind: 'authorization-details', types: ['payment'] }] }

  it('[RFC9396-9-1] wants a grant of its type that its schema accepts', () => {
    expect(evaluate(payment, granting({ type: 'payment', amount: 100 }))).toEqual(allowed)
    expect(
      evaluate(
        payment,
        granting({ type: 'account' }, { type: 'payment', amount: 900 }, { type: 'payment', amount: 1 }),
      ),
    ).toEqual(allowed)
    expect(evaluate(payment, granting({ type: 'payment', amount: 101 }))).toEqual(lacking)
    expect(evaluate(payment, granting({ type: 'payment' }))).toEqual(lacking)
  })

  it.each([
    ['a Set of grants', new Set([{ type: 'payment', amount: 1 }])],
    ['a grant that is a Map', [new Map([['type', 'payment']])]],
  ])('cannot tell about %s, which a claims schema may put out', (_, authorization_details) => {
    expect(evaluate(payment, on({ authorization_details }))).toEqual(undecided)
    expect(evaluate(not(payment), on({ authorization_details }))).toEqual(undecided)
  })

  it('[RFC9396-9-1] gives nothing for another type, nor for what is no list of objects with a type', () => {
    for (const claims of [
      {},
      { authorization_details: undefined },
      { authorization_details: 'payment' },
      { authorization_details: { type: 'payment', amount: 1 } },
      { authorization_details: [] },
      { authorization_details: ['payment', null, 1, [{ type: 'payment', amount: 1 }]] },
      { authorization_details: [{ type: 'Payment', amount: 1 }, { type: ['payment'], amount: 1 }, { amount: 1 }] },
      { authorization_details: [Object.create({ type: 'payment', amount: 1 })] },
    ])
      expect(evaluate(payment, on(claims))).toEqual(lacking)
  })

  it('asks a function as well, now or later, one grant after the other', async () => {
    const asked: unknown[] = []
    const rule = authorizationDetails('payment', async (grant) => asked.push(grant) === 2)
    const grants = [1, 2, 3].map((amount) => ({ type: 'payment', amount }))
    expect(await evaluate(rule, granting(...grants))).toEqual(allowed)
    expect(asked).toEqual(grants.slice(0, 2))
    expect(evaluate(authorizationDetails('payment'), granting({ type: 'payment' }))).toEqual(allowed)
    expect(evaluate(authorizationDetails('payment', (() => 'yes') as never), granting({ type: 'payment' }))).toEqual(
      undecided,
    )
  })

  it('needs a type, and something that checks', () => {
    expect(() => authorizationDetails('')).toThrow(TypeError)
    for (const check of [null, {}, 'x', 1]) expect(() => authorizationDetails('a', check as never)).toThrow(TypeError)
  })
})
