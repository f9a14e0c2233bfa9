// Policies, decisions and queries that are out to deceive: what the truth tables do not say.
import { createResourceServer, type RequestView, type VerifiedToken } from 'claimcheck'
import {
  actor,
  allOf,
  anyOf,
  authenticationContext,
  claim,
  type Decision,
  evaluate,
  not,
  type Policy,
  policy,
  type PolicyLike,
  type PolicyQuery,
  scope,
  stepUp,
  tenant,
  client,
  type Trace,
  type Requirement,
  when,
  withoutDefaultPolicy,
  withTimeout,
} from 'claimcheck/policy'
import { afterEach, describe, expect, it } from 'vitest'
import { asking } from '../policy/callers.ts'
import { bearer, createTestApi, errorOf, refused, requestWith, testApiOptions } from '../support/resource-servers.ts'

const mallory = { principal: { scopes: ['admin'], roles: ['admin'] } }

describe('a policy that changes its query', () => {
  const impostor = (query: PolicyQuery) => {
    Object.assign(query, { auth: mallory, resource: { owner: 'mallory' } })
    return true
  }
  const admin = scope('admin')

  it.each<[string, PolicyLike<never, never>]>([
    ['allOf', allOf(impostor, admin)],
    [
      'a nested allOf',
      allOf(
        allOf(impostor),
        anyOf(() => false, admin),
      ),
    ],
    ['anyOf', anyOf(not(impostor), admin)],
    ['when', when(impostor, admin)],
    ['withTimeout', allOf(withTimeout(50, impostor), admin)],
    ['withoutDefaultPolicy', allOf(withoutDefaultPolicy(impostor), admin)],
    ['a later answer', allOf(async (query: PolicyQuery) => impostor(query), admin)],
  ])('does not change it for the next of %s, nor for who asked', async (_, tree) => {
    const query = asking({ scopes: ['read'] })
    for (const explain of [undefined, []]) {
      const asked = { ...query, ...(explain && { explain }) }
      expect(await evaluate(tree as PolicyLike, asked)).toMatchObject({ effect: 'deny' })
      expect(asked.auth).toBe(query.auth)
    }
  })

  it('cannot change the caller itself', async () => {
    const { api } = createTestApi()
    const promoting = ({ auth }: PolicyQuery<VerifiedToken>) => {
      ;(auth.principal.scopes as string[]).push('admin')
      return true
    }
    expect(await refused(api.guard(bearer(), anyOf(promoting, allOf(promoting, admin))))).toMatchObject({ status: 503 })
  })
})

describe('members that every object inherits', () => {
  const pollution: Record<string, unknown> = {}
  const pollute = (members: Record<string, unknown>) => {
    Object.assign(pollution, members)
    // Not enumerable: with one that is, nothing is decided at all (polluted-prototype.test.ts).
    for (const [name, value] of Object.entries(members))
      Reflect.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
  }
  afterEach(() => {
    for (const name of Object.keys(pollution)) {
      delete (Object.prototype as Record<string, unknown>)[name]
      delete pollution[name]
    }
  })

  it('are no tenant, client, actor, login or claim of the caller', () => {
    pollute({
      tenant: 't1',
      client: { id: 'web' },
      actor: { subject: 'agent', traits: [] },
      acr: 'mfa',
      time: Date.now() / 1000,
      contexts: ['c1'],
      email_verified: true,
      authorization_details: [{ type: 'payment' }],
    })
    const rules = [
      tenant('t1'),
      client('web'),
      actor('agent'),
      actor(() => true),
      stepUp({ acrValues: ['mfa'] }),
      stepUp({ maxAgeSeconds: 300 }),
      authenticationContext('c1'),
      claim('email_verified', true),
    ]
    for (const rule of rules) expect(evaluate(rule, asking())).toMatchObject({ effect: 'deny' })
  })

  it('do not take the default policy away, and turn no answer into an allowance', async () => {
    const { api } = createTestApi({ policy: scope('api') })
    pollute({ replacesDefault: true, mayVeto: true, veto: false, kind: 'allow', allow: true, decision: true })
    expect(await refused(api.guard(bearer(), () => true))).toMatchObject({ code: 'insufficient_scope' })
    for (const answer of [{}, { effect: 'deny' }, undefined, null, 'allow'])
      expect(evaluate(() => answer as Decision, asking())).not.toMatchObject({ effect: 'allow' })
  })
})

describe('a policy without end', () => {
  it('that asks itself cannot tell, and does not bring the process down', () => {
    const cyclic: Policy = {
      id: 'cyclic',
      evaluate: (query) =>
        evaluate(
          allOf(cyclic, () => true),
          query,
        ) as Decision,
    }
    expect(evaluate(cyclic, asking())).toMatchObject({ effect: 'indeterminate' })
    expect(evaluate(not(cyclic), asking())).toMatchObject({ effect: 'indeterminate' })
    const vetoing: Policy = { id: 'v', mayVeto: true, evaluate: (query) => evaluate(vetoing, query) as Decision }
    expect(
      evaluate(
        anyOf(() => true, vetoing),
        asking(),
      ),
    ).toMatchObject({ effect: 'indeterminate', mayVeto: true })
  })

  it('nested too deeply cannot tell, or decides, and never allows by accident', () => {
    let deep: PolicyLike = () => false
    for (let depth = 0; depth < 200; depth++) deep = { ...allOf(deep), id: 'deep' }
    expect(evaluate(deep, asking())).toEqual({ effect: 'deny' })
    for (let depth = 0; depth < 20_000; depth++) deep = { ...allOf(deep), id: 'deep' }
    expect(evaluate(deep, asking())).not.toMatchObject({ effect: 'allow' })
    expect(evaluate(not(deep), asking())).not.toMatchObject({ effect: 'deny', veto: true })
  })

  it('of very many members decides in a time that grows with their number only', () => {
    const yes = policy('yes', () => true)
    const no = policy('no', () => false)
    const many = Array.from({ length: 50_000 }, () => yes)
    const start = performance.now()
    expect(evaluate(allOf(...many, no), asking())).toEqual({ effect: 'deny' })
    expect(evaluate(anyOf(...many.map(() => no), yes), asking())).toEqual({ effect: 'allow' })
    // Quadratic, this took minutes.
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('a decision that comes late', () => {
  it('vetoes also when everybody else has long allowed', async () => {
    let answer: (decision: Decision) => void = () => {}
    const late: Policy = {
      id: 'late',
      mayVeto: true,
      evaluate: () => new Promise((resolve) => (answer = resolve)),
    }
    const decision = evaluate(
      anyOf(
        () => true,
        async () => true,
        late,
      ),
      asking(),
    )
    await new Promise((resolve) => setImmediate(resolve))
    answer({ effect: 'deny', veto: true })
    expect(await decision).toEqual({ effect: 'deny', veto: true })
  })

  it('is no other than the first, however often its thenable answers', async () => {
    const fickle = (first: Decision, then: Decision) => ({
      // biome-ignore lint: a thenable that is no promise is what is tested.
      then(resolve: (decision: Decision) => void) {
        resolve(first)
        resolve(then)
        throw new Error('too late')
      },
    })
    const veto: Decision = { effect: 'deny', veto: true }
    const vetoing: Policy = {
      id: 'v',
      mayVeto: true,
      evaluate: () => fickle(veto, { effect: 'allow' }) as PromiseLike<Decision>,
    }
    expect(
      await evaluate(
        anyOf(vetoing, () => true),
        asking(),
      ),
    ).toEqual(veto)
  })

  it('and is shared by two who ask at once stays what it is for both', async () => {
    const shared = Promise.resolve<Decision>({ effect: 'deny', missing: [{ kind: 'scope', scopes: ['a'] }] })
    const sharing: Policy = { id: 'sharing', evaluate: () => shared }
    const [one, other] = await Promise.all([evaluate(sharing, asking()), evaluate(sharing, asking())])
    Object.assign(one, { effect: 'allow' })
    expect(other).toMatchObject({ effect: 'deny' })
  })
})

describe('what would break out of a challenge', () => {
  const { api, events } = createTestApi()
  const bad = ['a"b', 'a\\b', 'a b', 'a\r\nSet-Cookie: b=c', 'é', '', 1, null, {}, ['a']]
  const lists: readonly (readonly [string, (text: unknown) => unknown])[] = [
    ['a scope', (text) => [{ kind: 'scope', scopes: [text] }]],
    ['an acr value', (text) => [{ kind: 'step-up', acrValues: [text] }]],
    ['an age', (text) => [{ kind: 'step-up', maxAgeSeconds: text }].filter(() => typeof text !== 'number')],
    ['an authentication context', (text) => [{ kind: 'authentication-context', context: text }]],
    ['another kind', (text) => [{ kind: text, scopes: ['a'] }]],
  ]

  it.each(lists)('as %s reaches none', async (_, listOf) => {
    for (const text of bad) {
      const missing = listOf(text) as readonly Requirement[]
      if (missing.length === 0) continue
      const reflecting: Policy = { id: 'reflecting', evaluate: () => ({ effect: 'deny', missing: missing }) }
      expect(await refused(api.guard(bearer({ xms_cc: ['cp1'] }), reflecting))).toMatchObject({ status: 503 })
      expect(() => api.declare({ ...reflecting, requires: missing })).toThrow(TypeError)
    }
    expect(JSON.stringify(events)).not.toContain('Set-Cookie')
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('is no age of %d seconds', (maxAgeSeconds) => {
    const reflecting = () => ({ effect: 'deny', missing: [{ kind: 'step-up', maxAgeSeconds }] }) as const
    expect(evaluate(reflecting, asking())).toMatchObject({ effect: 'indeterminate' })
  })

  it.each([-1, 1e300, Number.NaN, Number.POSITIVE_INFINITY, '7\r\nX: y', {}])(
    'is no time to come back in: %s',
    async (retryAfterSeconds) => {
      const { api } = createTestApi()
      const later = () => ({ effect: 'indeterminate', kind: 'temporary', retryAfterSeconds }) as Decision
      expect((await errorOf(api.guard(bearer(), later))).headers['Retry-After']).toBe('1')
    },
  )

  it('as the name of a policy or reason reaches no log line unprinted, nor the client', async () => {
    const { api, events } = createTestApi()
    const evil = policy('a\r\nclaimcheck refusal', () => ({
      effect: 'deny',
      reasons: Array.from({ length: 1000 }, () => ({ code: `\u001b[2J${'x'.repeat(5000)}` })),
    }))
    expect(JSON.stringify(api.challenge(await errorOf(api.guard(bearer(), evil))))).not.toMatch(/claimcheck|xxx/)
    const [event] = events as unknown as [{ details: { policy: string; reasons: string[] } }]
    expect(event.details.policy).toBe('a??claimcheck refusal')
    expect(event.details.reasons).toHaveLength(20)
    for (const reason of event.details.reasons) expect(reason).toMatch(/^[\x20-\x7e]{1,203}$/)
  })

  it.each([[1], ['x'], [{ code: 1 }], [{ code: 'a', message: {} }], [null], 'x', {}])(
    'in a list of reasons that is none, the decision is none: %j',
    (reasons) => {
      for (const effect of ['allow', 'deny', 'indeterminate'])
        expect(evaluate(() => ({ effect, reasons }) as unknown as Decision, asking())).toMatchObject({
          effect: 'indeterminate',
          cause: expect.any(TypeError),
        })
    },
  )
})

describe('getters and proxies', () => {
  it('of a decision are read once each', () => {
    const reads: Record<string, number> = {}
    const counted = (members: object) =>
      new Proxy(members, {
        get(target, name) {
          if (typeof name === 'string') reads[name] = (reads[name] ?? 0) + 1
          return Reflect.get(target, name) as unknown
        },
      }) as Decision
    const answer = counted({ effect: 'deny', veto: true, missing: [], reasons: [] })
    void evaluate({ id: 'p', mayVeto: true, evaluate: () => answer }, asking())
    expect(reads).toMatchObject({ effect: 1, veto: 1, missing: 1, reasons: 1 })
  })

  it('that throw make no decision', () => {
    for (const name of ['effect', 'veto', 'missing', 'reasons', 'then']) {
      const answer = Object.defineProperty({ effect: 'deny' }, name, {
        get: () => expect.fail('getter'),
        enumerable: true,
      })
      expect(evaluate(() => answer as Decision, asking())).toMatchObject({ effect: 'indeterminate' })
    }
  })

  it('in place of a policy cannot tell, and could have been a veto', () => {
    const revoked = Proxy.revocable({} as Policy, {})
    revoked.revoke()
    expect(evaluate(revoked.proxy, asking())).toMatchObject({ effect: 'indeterminate', mayVeto: true })
  })

  it('of a policy that counts as one that may veto only sometimes lets nobody past', () => {
    let reads = 0
    const veto: Decision = { effect: 'deny', veto: true }
    const fickle = {
      id: 'fickle',
      get mayVeto() {
        return reads++ % 2 === 0
      },
      evaluate: () => veto,
    }
    for (let time = 0; time < 4; time++)
      expect(
        evaluate(
          anyOf(fickle, () => true),
          asking(),
        ),
      ).not.toMatchObject({ effect: 'allow' })
  })
})

describe('a trace', () => {
  it('survives policies without a name, and policies that write into it', () => {
    const traces: Trace[] = []
    const nameless = { evaluate: () => ({ effect: 'allow' }) } as unknown as Policy
    const writing = ({ explain }: PolicyQuery) => (
      explain?.push({ policy: 'forged', effect: 'allow', children: [] }), false
    )
    expect(evaluate(allOf(nameless, writing), { ...asking(), explain: traces })).toEqual({ effect: 'deny' })
    expect(traces).toMatchObject([
      { effect: 'deny', children: [{ policy: 'unnamed' }, { policy: 'writing', effect: 'deny' }] },
    ])
  })
})

describe('a request that is out to change what is published', () => {
  const metadata = { resource: ['https://api.example.com/a', 'https://api.example.com/b'] }
  const api = createResourceServer({ ...testApiOptions().options, metadata })

  it.each([
    '/a"b',
    '/a\r\nX: y',
    'https://evil.example/.well-known/oauth-protected-resource/a',
    '/.well-known/oauth-protected-resource/a#',
    `/${'a/'.repeat(100_000)}`,
    '',
    '?',
    '/b/../a',
  ])('by its target %j does not', async (url) => {
    const request: RequestView = { ...requestWith(), url }
    const { challenge } = await refused(api.guard(request))
    expect(challenge).toMatch(
      /^Bearer realm="orders", resource_metadata="https:\/\/api\.example\.com\/\.well-known\/oauth-protected-resource\/[ab]"$/,
    )
    const body = api.metadata({ ...request, headers: [['Host', 'evil.example']] })?.body ?? ''
    expect(body).not.toContain('evil')
  })
})
