// What a nested policy asks, in which order, what it then tells the client, and the tree that explains it: as tables.
import { createResourceServer, type VerifiedToken } from 'claimcheck'
import {
  allOf,
  anyOf,
  type Decision,
  evaluate,
  formatTrace,
  group,
  not,
  policy,
  type PolicyQuery,
  role,
  scope,
  stepUp,
  type Trace,
  user,
  when,
} from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { asking } from './callers.ts'

interface Order {
  readonly owner: string
  readonly total: number
  readonly frozen?: boolean
}

const owner = policy('owner', ({ auth, resource }: PolicyQuery<Pick<VerifiedToken, 'principal'>, Order>) => {
  return auth.principal.subject === resource.owner
})
const large = policy('large', ({ resource }: PolicyQuery<unknown, Order>) => resource.total > 100)
const notFrozen = policy(
  'notFrozen',
  async ({ resource }: PolicyQuery<unknown, Order>) =>
    resource.frozen ? { effect: 'deny', veto: true, reasons: [{ code: 'legal-hold', message: 'case 7' }] } : true,
  { mayVeto: true },
)
const mayRefund = allOf(
  scope('orders:refund'),
  anyOf(owner, role('manager'), group('support')),
  when(large, stepUp({ acrValues: ['mfa'], maxAgeSeconds: 300, clock: createTestClock() })),
  notFrozen,
)

async function explained(changes: Parameters<typeof asking>[0], resource: Order) {
  const traces: Trace[] = []
  const decision = await evaluate(mayRefund, { ...asking(changes), resource, explain: traces })
  return { decision, table: formatTrace(traces[0] as Trace).split('\n') }
}

describe('a nested policy', () => {
  it('that allows is explained by what it asked, vetoes first', async () => {
    const { decision, table } = await explained({ scopes: ['orders:refund'] }, { owner: 'alice', total: 10 })
    expect(decision).toEqual({ effect: 'allow' })
    expect(table).toEqual([
      'allow  allOf',
      'allow    notFrozen',
      'allow    scope(orders:refund)',
      'allow    anyOf',
      'allow      owner',
      'allow    when',
      'allow      anyOf',
      'allow        not',
      'deny           large',
    ])
  })

  it('that denies says all that would help, and skips who could not add to it', async () => {
    const { decision, table } = await explained({ roles: ['manager'] }, { owner: 'bob', total: 500 })
    expect(decision).toEqual({ effect: 'deny', missing: [{ kind: 'scope', scopes: ['orders:refund'] }] })
    expect(table).toEqual(['deny   allOf', 'allow    notFrozen', 'deny     scope(orders:refund)'])
  })

  it('asks for the login once the rest is there', async () => {
    const { decision, table } = await explained(
      { scopes: ['orders:refund'], authentication: { acr: 'pwd', time: now } },
      { owner: 'alice', total: 500 },
    )
    expect(decision).toEqual({
      effect: 'deny',
      missing: [{ kind: 'step-up', acrValues: ['mfa'], maxAgeSeconds: 300 }],
    })
    expect(table).toEqual([
      'deny   allOf',
      'allow    notFrozen',
      'allow    scope(orders:refund)',
      'allow    anyOf',
      'allow      owner',
      'deny     when',
      'deny       anyOf',
      'deny         not',
      'allow          large',
      'deny         stepUp(mfa 300s)',
    ])
  })

  it('that cannot tell shows where', async () => {
    const incomplete = { values: [], complete: false }
    const { decision, table } = await explained(
      { scopes: ['orders:refund'], groups: incomplete },
      { owner: 'bob', total: 1 },
    )
    expect(decision).toMatchObject({ effect: 'indeterminate', kind: 'incomplete' })
    expect(table.slice(0, 7)).toEqual([
      'indeterminate  allOf',
      'allow            notFrozen',
      'allow            scope(orders:refund)',
      'indeterminate    anyOf',
      'deny               owner',
      'deny               role(manager)',
      'indeterminate      group(support)',
    ])
  })

  it('that is vetoed says by which rule', async () => {
    const order = { owner: 'alice', total: 1, frozen: true }
    const { decision, table } = await explained({ scopes: ['orders:refund'] }, order)
    expect(decision).toEqual({
      effect: 'deny',
      veto: true,
      reasons: [{ code: 'legal-hold', message: 'case 7' }],
    })
    expect(table).toEqual([
      'veto   allOf',
      'veto     notFrozen because legal-hold: case 7',
      'allow    scope(orders:refund)',
    ])
  })
})

describe('a trace', () => {
  const { options, events } = testApiOptions()
  const api = createResourceServer(options)

  it('comes with a decision of authorize when it is asked for, and not otherwise', async () => {
    const auth = await api.verifyToken(createToken())
    const rule = not(allOf(scope('a'), user))
    expect(await api.authorize(auth, rule)).toEqual({ effect: 'allow' })
    expect(await api.authorize(auth, rule, undefined, { explain: true })).toEqual({
      effect: 'allow',
      trace: {
        policy: 'not(allOf(scope(a), user))',
        effect: 'allow',
        children: [
          {
            policy: 'allOf(scope(a), user)',
            effect: 'deny',
            children: [{ policy: 'scope(a)', effect: 'deny', children: [] }],
          },
        ],
      },
    })
    expect(events).toEqual([])
  })

  it('changes no decision', async () => {
    const auth = await api.verifyToken(createToken())
    for (const rule of [scope('a'), anyOf(scope('a'), async () => true), not(() => Promise.reject(new Error('x')))]) {
      const { trace, ...decision } = await api.authorize(auth, rule, undefined, { explain: true })
      expect(decision).toEqual(await api.authorize(auth, rule))
      expect(trace?.effect).toBe(decision.effect)
    }
  })

  it('is not believed when a policy brings its own', () => {
    const forged = { effect: 'allow', trace: { policy: 'forged', effect: 'deny', children: [] } } as Decision
    expect(evaluate(() => forged, asking())).toEqual({ effect: 'allow' })
  })

  it('cannot end its line by the name of a policy or a reason', () => {
    const traces: Trace[] = []
    const odd = policy('a\nallow  b', () => ({ effect: 'deny', reasons: [{ code: 'x\u001b[0m', message: 'y\r\nz' }] }))
    void evaluate(odd, { ...asking(), explain: traces })
    expect(formatTrace(traces[0] as Trace)).toBe('deny  a?allow  b because x?[0m: y??z')
  })
})
