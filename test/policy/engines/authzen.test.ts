// AuthZEN: only `true` permits; what goes wrong on the way to a decision point, or in it, is never its "no".
import { createServer, type Server } from 'node:http'
import { anyOf, evaluate, not } from 'claimcheck/policy'
import { type AuthzenOptions, createAuthzen, discoverAuthzen } from 'claimcheck/policy/authzen'
import { describe, expect, it } from 'vitest'
import { authorizeAll } from '../../../src/server/authorize.ts'
import { startLoopback } from '../../support/loopback.ts'
import { startDecisionPoint } from './decision-points.ts'

type Options = AuthzenOptions<{ readonly name: string }, string>

const query = { auth: { name: 'alice' }, resource: 'o1' }
const map: Options['map'] = ({ auth, resource }) => ({
  subject: { type: 'user', id: auth.name },
  resource: { type: 'order', id: resource },
})
const unavailable = { effect: 'indeterminate', kind: 'temporary' }

/** The decision of a decision point that answers with `answer`. */
async function decide(answer: unknown, changes: Partial<Options> = {}) {
  const pdp = await startDecisionPoint(() => answer)
  const engine = createAuthzen({ pdp: pdp.url, map, timeoutMs: 10_000, ...changes })
  return { decision: await evaluate(engine.policy('read'), query), pdp, policy: engine.policy('read') }
}

describe('a question', () => {
  it('[AZ-6.1-1] has subject, action and resource, goes by POST, and carries what the decision point wants to see', async () => {
    const { pdp } = await decide({ decision: true }, { headers: { Authorization: 'Bearer pdp-key' } })
    expect(pdp.questions).toEqual([
      { subject: { type: 'user', id: 'alice' }, action: { name: 'read' }, resource: { type: 'order', id: 'o1' } },
    ])
    const [head] = pdp.heads
    expect(head).toMatchObject({ method: 'POST', url: '/access/v1/evaluation' })
    expect(head?.headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: 'Bearer pdp-key',
    })
  })

  it('[AZ-10.1-2] has context and an action of its own where the mapping gives them, and no member that is null', async () => {
    const { pdp } = await decide(
      { decision: true },
      {
        map: (asked) => ({
          ...map(asked),
          context: { ip: '192.0.2.1' },
          action: { name: 'view', properties: { x: 1 } },
        }),
      },
    )
    expect(pdp.questions).toMatchObject([
      { context: { ip: '192.0.2.1' }, action: { name: 'view', properties: { x: 1 } } },
    ])
    const { pdp: other } = await decide(
      { decision: true },
      { map: (asked) => ({ ...map(asked), context: null as never }) },
    )
    expect(other.questions[0]).not.toHaveProperty('context')
  })
})

describe('an answer', () => {
  it('[AZ-10.1-1] [AZ-10.1-2] permits by true, denies by false, and may say more', async () => {
    expect((await decide({ decision: true, other: [1] })).decision).toEqual({ effect: 'allow' })
    expect((await decide({ decision: false })).decision).toEqual({ effect: 'deny' })
    const told = {
      decision: false,
      context: { reason_admin: { '403': 'outside of hours' }, reason_user: { en: 'no' } },
    }
    expect((await decide(told)).decision).toEqual({
      effect: 'deny',
      reasons: [{ code: '403', message: 'outside of hours' }],
    })
  })

  it.each<[string, unknown]>([
    ['the text true', { decision: 'true' }],
    ['1', { decision: 1 }],
    ['null', { decision: null }],
    ['a yes beside an error', { decision: true, context: { error: { status: 500 } } }],
    ['a no beside an error', { decision: false, context: { error: { status: 500 } } }],
    ['nothing', {}],
    ['a list', { decision: [true] }],
    ['two decisions', [200, '{"decision":false,"decision":true}']],
    ['two contexts', [200, '{"decision":true,"context":{"obligations":[{}]},"context":{}}']],
    ['another member', { allow: true, result: true }],
    ['a list of an answer', [200, [{ decision: true }]]],
    ['no JSON', [200, 'true']],
    ['nothing at all', [200, '']],
    ['400', [400, { decision: true }]],
    ['401', [401, { decision: true }]],
    ['403', [403, { decision: true }]],
    ['404', [404, { decision: true }]],
    ['500', [500, { decision: true }]],
    ['a redirect', [302, { decision: true }]],
    ['201', [201, { decision: true }]],
  ])('[AZ-10.1-1] of %s is none', async (_, answer) => {
    const { decision, policy } = await decide(answer)
    expect(decision).toMatchObject(unavailable)
    expect(await evaluate(not(policy), query)).toMatchObject(unavailable)
  })

  it.each([[{}], [{ 'content-type': 'text/plain' }]])(
    '[AZ-10.1-1] that is not sent as JSON is none: %j',
    async (headers) => {
      const pdp = await startLoopback((_request, response) => response.writeHead(200, headers).end('{"decision":true}'))
      const engine = createAuthzen({ pdp: pdp.url, map, timeoutMs: 10_000 })
      expect(await evaluate(engine.policy('read'), query)).toMatchObject(unavailable)
    },
  )

  it('inherited by every object is none', async () => {
    const polluted = Object.prototype as { decision?: boolean }
    // Not enumerable: with one that is, nothing is decided at all.
    Object.defineProperty(polluted, 'decision', { value: true, configurable: true })
    try {
      expect((await decide({})).decision).toMatchObject(unavailable)
    } finally {
      delete polluted.decision
    }
  })

  it.each([
    [{ acr_values: 'urn:a urn:b' }, { acrValues: ['urn:a', 'urn:b'] }],
    [
      { acr_values: ['urn:a'], max_age: 60 },
      { acrValues: ['urn:a'], maxAgeSeconds: 60 },
    ],
    [{ max_age: 60 }, { maxAgeSeconds: 60 }],
    [{ max_age: 0 }, { maxAgeSeconds: 0 }],
    [{ obligations: [{ type: 'step-up', acr_value: 'urn:a' }] }, { acrValues: ['urn:a'] }],
    [
      { obligations: [{ type: 'log' }, { type: 'step-up', properties: { acr_value: 'urn:a' } }] },
      { acrValues: ['urn:a'] },
    ],
  ])('that denies may say which login would help: %j', async (context, step) => {
    const { decision } = await decide({ decision: false, context })
    expect(decision).toEqual({ effect: 'deny', missing: [{ kind: 'step-up', ...step }] })
  })

  it.each<[unknown]>([
    [{ acr_values: ['a"b'] }],
    [{ acr_values: ['a\r\nb'] }],
    [{ acr_values: ['ok', 'ä'] }],
    [{ acr_values: '' }],
    [{ acr_values: [] }],
    [{ acr_values: [{}] }],
    [{ acr_values: { value: 'urn:a' } }],
    [{ acr_values: 7, max_age: 60 }],
    [{ acr_values: ['urn:a'], max_age: '60' }],
    [{ max_age: -1 }],
    [{ max_age: 1.5 }],
    [{ max_age: {} }],
    [{ obligations: [{ type: 'step-up' }] }],
    [{ obligations: [{ type: 'step-up', amr_values: ['otp'] }] }],
    [{ obligations: { type: 'step-up', properties: 'urn:a' }, acr_values: ['urn:a'] }],
  ])('[AZ-10.1-1] that denies stays a denial where the login that it wants cannot be read: %j', async (context) => {
    const { decision } = await decide({ decision: false, context })
    expect(decision).toEqual({ effect: 'deny', reasons: [{ code: 'step-up-unreadable' }] })
    const { decision: other } = await decide({
      decision: false,
      context: { ...(context as object), reason_admin: { 7: 'x' } },
    })
    expect(other).toEqual({ effect: 'deny', reasons: [{ code: '7', message: 'x' }, { code: 'step-up-unreadable' }] })
  })

  it.each<[unknown]>([
    ['step-up'],
    [[{ acr_values: 'urn:a' }]],
    [null],
    [7],
    [{ reason_admin: 'late' }],
    [{ acr_values: null }],
  ])('[AZ-10.1-1] that denies stays a denial in a context that says nothing: %j', async (context) => {
    expect((await decide({ decision: false, context })).decision).toEqual({ effect: 'deny' })
  })

  it('names reasons without a message that is none', async () => {
    const { decision } = await decide({
      decision: false,
      context: { reason_admin: { 403: { en: 'no' }, 404: null, 7: 'x' } },
    })
    expect(decision).toEqual({
      effect: 'deny',
      reasons: [{ code: '7', message: 'x' }, { code: '403' }, { code: '404' }],
    })
  })

  it.each<[unknown]>([['x'], [[]], [[{ obligations: [] }]], [0], [false]])(
    'that permits in a context that is no object is none: it may hold conditions, %j',
    async (context) => {
      expect((await decide({ decision: true, context })).decision).toMatchObject(unavailable)
    },
  )

  it.each([[{ type: 'notification' }], [{ type: 'step-up', acr_value: 'x' }], [{}], ['x'], { type: 'custom' }])(
    '[AZ-OBL-1] that permits under an obligation does not permit, since none is understood: %j',
    async (obligations) => {
      const { decision, policy } = await decide({ decision: true, context: { obligations } })
      const reasons = [{ code: 'obligation-unknown' }]
      const open = { effect: 'indeterminate', kind: 'incomplete', cause: expect.any(Error), reasons }
      expect(decision).toEqual(open)
      expect(await evaluate(not(policy), query)).toEqual(open)
    },
  )
})

describe('a decision point that is not there', () => {
  it('or does not answer in time is unavailable, and does not stop another policy from allowing', async () => {
    const silent = await startLoopback(() => {})
    const engine = createAuthzen({ pdp: silent.url, map, timeoutMs: 20 })
    expect(await evaluate(engine.policy('read'), query)).toMatchObject(unavailable)
    expect(
      await evaluate(
        anyOf(engine.policy('read'), () => true),
        query,
      ),
    ).toEqual({ effect: 'allow' })
    await silent.stop()
    expect(await evaluate(engine.policy('read'), query)).toMatchObject(unavailable)
  })

  it('is asked once more when it is in trouble, within the same time', async () => {
    let asked = 0
    const pdp = await startDecisionPoint(() => (asked++ === 0 ? [503, {}] : { decision: true }))
    expect(await evaluate(createAuthzen({ pdp: pdp.url, map, timeoutMs: 10_000 }).policy('read'), query)).toEqual({
      effect: 'allow',
    })
  })

  it('is not followed to another', async () => {
    const other = await startDecisionPoint(() => ({ decision: true }))
    const pdp = await startLoopback((_request, response) => response.writeHead(307, { location: other.url }).end())
    expect(await evaluate(createAuthzen({ pdp: pdp.url, map }).policy('read'), query)).toMatchObject(unavailable)
    expect(other.questions).toEqual([])
  })

  it('and sends without end is cut off', async () => {
    const { decision } = await decide({ decision: true, context: { padding: 'x'.repeat(1_100_000) } })
    expect(decision).toMatchObject({
      ...unavailable,
      cause: { message: expect.stringContaining('more than 1048576 bytes') },
    })
  })

  it('is aborted when the answer is not needed any more', async () => {
    const pdp = await startDecisionPoint(() => ({ decision: true }))
    const engine = createAuthzen({ pdp: pdp.url, map })
    const signal = AbortSignal.abort(new Error('hung up'))
    expect(await evaluate(engine.policy('read'), { ...query, signal })).toMatchObject(unavailable)
    expect(pdp.questions).toEqual([])
  })

  it('leaves no listener on the signal of who asked', async () => {
    const { port, close } = await listening((_req, res) =>
      res.setHeader('content-type', 'application/json').end('{"decision":true}'),
    )
    const asking = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = asking.signal
    asking.signal.addEventListener = (...args: never) => (listeners++, addEventListener.apply(asking.signal, args))
    asking.signal.removeEventListener = (...args: never) => (
      listeners--, removeEventListener.apply(asking.signal, args)
    )
    const engine = createAuthzen({ pdp: `http://127.0.0.1:${port}`, map, timeoutMs: 10_000 })
    expect(await evaluate(engine.policy('read'), { ...query, signal: asking.signal })).toEqual({ effect: 'allow' })
    expect(listeners).toBe(0)
    close()
  })
})

describe('many questions', () => {
  const evaluations = (answer: (ids: readonly string[]) => unknown) =>
    startDecisionPoint((body: { evaluations: { resource: { id: string } }[] }) =>
      answer(body.evaluations.map(({ resource }) => resource.id)),
    )

  it('go in one request where the decision point takes them', async () => {
    const pdp = await evaluations((ids) => ({ evaluations: ids.map((id) => ({ decision: id !== 'o2' })) }))
    const engine = createAuthzen({
      pdp: { evaluation: pdp.url, evaluations: `${pdp.url}many` },
      map,
      timeoutMs: 10_000,
    })
    const decisions = await authorizeAll(engine.policy('read'), query.auth, ['o1', 'o2', 'o3'])
    expect(decisions.map(({ effect }) => effect)).toEqual(['allow', 'deny', 'allow'])
    expect(pdp.heads.map(({ url }) => url)).toEqual(['/many'])
    expect(pdp.questions).toMatchObject([
      { evaluations: [{ action: { name: 'read' }, resource: { id: 'o1' } }, {}, {}] },
    ])
  })

  it.each<[string, unknown]>([
    ['too few answers', { evaluations: [{ decision: true }] }],
    ['too many answers', { evaluations: [{ decision: true }, { decision: true }, { decision: true }] }],
    ['no list', { evaluations: { 0: { decision: true }, 1: { decision: true } } }],
    ['one decision', { decision: true }],
    ['two lists', [200, '{"evaluations":[{"decision":false},{}],"evaluations":[{"decision":true},{"decision":true}]}']],
    ['500', [500, {}]],
  ])('are all open when the answer is %s', async (_, answer) => {
    const pdp = await evaluations(() => answer)
    const engine = createAuthzen({ pdp: { evaluation: pdp.url, evaluations: pdp.url }, map, timeoutMs: 10_000 })
    const decisions = await authorizeAll(engine.policy('read'), query.auth, ['o1', 'o2'])
    expect(decisions).toEqual([expect.objectContaining(unavailable), expect.objectContaining(unavailable)])
  })

  it('are judged one by one', async () => {
    const pdp = await evaluations(() => ({ evaluations: [{ decision: 'true' }, { decision: true }] }))
    const engine = createAuthzen({ pdp: { evaluation: pdp.url, evaluations: pdp.url }, map, timeoutMs: 10_000 })
    const decisions = await authorizeAll(engine.policy('read'), query.auth, ['o1', 'o2'])
    expect(decisions.map(({ effect }) => effect)).toEqual(['indeterminate', 'allow'])
  })

  it('go one by one where it does not', async () => {
    const { policy, pdp } = await decide({ decision: true })
    await authorizeAll(policy, query.auth, ['o1', 'o2'])
    expect(pdp.heads).toHaveLength(3)
  })
})

describe('the metadata of a decision point', () => {
  const serving = (document: (url: string) => unknown) => {
    const started = startLoopback((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(document(`http://${request.headers.host}`)))
    })
    return started.then(({ host }) => `http://${host}`)
  }

  it.each<[string, string, (pdp: string) => string]>([
    ['page', 'text/html', (pdp) => `{"policy_decision_point":"${pdp}","access_evaluation_endpoint":"${pdp}/a"}`],
    [
      'document with two addresses',
      'application/json',
      (pdp) =>
        `{"policy_decision_point":"${pdp}","access_evaluation_endpoint":"${pdp}/a","access_evaluation_endpoint":"${pdp}/b"}`,
    ],
  ])('that is a %s is not used', async (_, type, document) => {
    const { host } = await startLoopback((request, response) =>
      response.writeHead(200, { 'content-type': type }).end(document(`http://${request.headers.host}`)),
    )
    await expect(discoverAuthzen(`http://${host}`)).rejects.toThrow(host)
  })

  it('is asked for with options that exist', async () => {
    const discover = discoverAuthzen as (...args: readonly unknown[]) => Promise<unknown>
    for (const wrong of [{ timeout: 5 }, { timeoutMs: 0 }, { fetch: 'fetch' }, null])
      await expect(discover('https://pdp.example.com', wrong)).rejects.toThrow(TypeError)
  })

  it('[AZ-9.2-1] names its addresses', async () => {
    const url = await serving((pdp) => ({
      policy_decision_point: pdp,
      access_evaluation_endpoint: `${pdp}/one`,
      access_evaluations_endpoint: `${pdp}/many`,
    }))
    expect(await discoverAuthzen(url)).toEqual({ evaluation: `${url}/one`, evaluations: `${url}/many` })
  })

  it.each<[string, (pdp: string) => unknown]>([
    [
      'another decision point',
      () => ({ policy_decision_point: 'https://other', access_evaluation_endpoint: 'https://other/a' }),
    ],
    ['one with a slash more', (pdp) => ({ policy_decision_point: `${pdp}/`, access_evaluation_endpoint: `${pdp}/a` })],
    ['none', (pdp) => ({ access_evaluation_endpoint: `${pdp}/a` })],
    ['no address', (pdp) => ({ policy_decision_point: pdp })],
    [
      'an address that must not be asked',
      (pdp) => ({ policy_decision_point: pdp, access_evaluation_endpoint: 'http://pdp.example.com' }),
    ],
  ])('[AZ-9.2-1] that names %s is not used', async (_, document) => {
    await expect(discoverAuthzen(await serving(document))).rejects.toThrow()
  })

  it.each([
    ['http://127.0.0.1:9/a', 'is not https'],
    ['https://localhost/a', 'is on this machine'],
  ])('that leads from a public https address to %s is not used', async (endpoint, reason) => {
    const pdp = 'https://pdp.example.com'
    for (const name of ['access_evaluation_endpoint', 'access_evaluations_endpoint']) {
      const endpoints = { access_evaluation_endpoint: `${pdp}/a`, [name]: endpoint }
      const fetch = async () => Response.json({ policy_decision_point: pdp, ...endpoints })
      await expect(discoverAuthzen(pdp, { fetch })).rejects.toThrow(`names an endpoint that ${reason}`)
    }
  })
})

it.each<[unknown, RegExp]>([
  [{}, /map must be a function/],
  [{ map }, /pdp/],
  [{ map, pdp: 'http://pdp.example.com' }, /pdp must be an https URL/],
  [{ map, pdp: 'https://user:pw@pdp.example.com' }, /https URL/],
  [{ map, pdp: { evaluation: 'ftp://pdp' } }, /pdp.evaluation must be/],
  [{ map, pdp: { evaluate: 'https://pdp' } }, /no option evaluate/],
  [{ map, pdp: 'https://pdp.example.com', timeoutMs: 0 }, /timeoutMs/],
  [{ map, pdp: 'https://pdp.example.com', headers: { 'a\nb': 'c' } }, /^headers must be/],
  [{ map, pdp: 'https://pdp.example.com', headers: { authorization: 'a\nSECRET' } }, /^headers must(?!.*SECRET)/],
  [{ map, pdp: 'https://pdp.example.com', url: 'x' }, /no option url/],
])('cannot be made of %j', (options, message) => {
  expect(() => createAuthzen(options as Options)).toThrow(message)
  expect(() => createAuthzen(options as Options)).toThrow(TypeError)
})

async function listening(answer: Parameters<typeof createServer>[1] & {}): Promise<{ port: number; close(): void }> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    close: () => server.closeAllConnections() ?? server.close(),
  }
}
