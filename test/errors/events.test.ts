// Events for the operator: one line each, which no client can forge, by a sink that can break nothing.
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { type ClaimcheckEvent, createResourceServer, createVerifier, logTo } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEmit } from '../../src/errors/events.ts'
import type { JsonObject } from '../../src/internal/json.ts'
import { audience, createToken, issuer, keyFor, signTexts } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

interface Recorder {
  readonly lines: string[]
  readonly warn: (line: string) => void
  readonly info: (line: string) => void
}

function createRecorder(): Recorder {
  const lines: string[] = []
  return { lines, warn: (line) => lines.push(`warn ${line}`), info: (line) => lines.push(`info ${line}`) }
}

function logged(event: ClaimcheckEvent): readonly string[] {
  const recorder = createRecorder()
  logTo(recorder)(event)
  return recorder.lines
}

const refusal: ClaimcheckEvent = {
  type: 'refusal',
  code: 'invalid_token',
  reason: 'token_expired',
  status: 401,
  details: {},
}
const absent = Object.fromEntries([['aud', undefined]])
const thrown = new RangeError('a "b"\nc')

describe('logTo', () => {
  it.each<[ClaimcheckEvent, string]>([
    [refusal, 'warn claimcheck refusal code="invalid_token" reason="token_expired" status=401'],
    [
      {
        ...refusal,
        hint: 'wait',
        details: { verified: false, iss: 'a b', ...absent, exp: 1.5 },
      },
      'warn claimcheck refusal code="invalid_token" reason="token_expired" status=401 verified=false iss="a b" exp=1.5 hint="wait"',
    ],
    [
      { ...refusal, hint: `of ${'x'.repeat(300)}\n"b"\u2028\x9b hint: c` },
      `warn claimcheck refusal code="invalid_token" reason="token_expired" status=401 hint="of ${'x'.repeat(300)}?\\"b\\"?? hint: c"`,
    ],
    [{ ...refusal, hint: '' }, 'warn claimcheck refusal code="invalid_token" reason="token_expired" status=401'],
    [
      { ...refusal, hint: undefined, details: { expected: ['a', 'b"c'] } },
      'warn claimcheck refusal code="invalid_token" reason="token_expired" status=401 expected="a b\\"c"',
    ],
    [
      { ...refusal, details: { cause: thrown } },
      'warn claimcheck refusal code="invalid_token" reason="token_expired" status=401 cause="RangeError: a \\"b\\"?c"',
    ],
    [
      { type: 'keys.refreshed', issuer: 'https://sts', keys: 2, skipped: 0 },
      'info claimcheck keys.refreshed issuer="https://sts" keys=2 skipped=0',
    ],
    [
      { type: 'keys.refresh_failed', issuer: 'https://sts', reason: 'gone', retryInMs: 1000, serving: true },
      'warn claimcheck keys.refresh_failed issuer="https://sts" reason="gone" retryInMs=1000 serving=true',
    ],
    [
      { type: 'keys.unknown_kid', issuer: 'https://sts', kid: 'k' },
      'info claimcheck keys.unknown_kid issuer="https://sts" kid="k"',
    ],
  ])('writes one line for %j', (event, line) => {
    expect(logged(event)).toEqual([line])
  })

  it.each([
    ['a BigInt', 10n, '10'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['null', null, 'null'],
    ['text', 'no', 'no'],
    ['an object that refers to itself', circular(), 'an object'],
    ['an object with secrets', { token: 'SECRET' }, 'an object'],
  ])('writes its line also when what failed threw %s', (_, cause, text) => {
    const lines = logged({ ...refusal, details: { cause } })
    expect(lines).toEqual([
      `warn claimcheck refusal code="invalid_token" reason="token_expired" status=401 cause="${text}"`,
    ])
  })

  it('lets no detail take the place of a fact, and skips fields without a proper name', () => {
    const details = { code: 'none', status: 200, 'a b="c" d': 1, 'e\nf': 2, '': 3, fine_1: 4 } as object
    expect(logged({ ...refusal, details })).toEqual([
      'warn claimcheck refusal code="invalid_token" reason="token_expired" status=401 fine_1=4',
    ])
  })

  it('cuts what an error says of its cause to 200 characters', () => {
    const [line = ''] = logged({ ...refusal, details: { cause: new Error('x'.repeat(5000)) } })
    expect(line).toContain(`cause="Error: ${'x'.repeat(193)}..."`)
  })

  it('calls the logger as its method, so that loggers with state work', () => {
    const logger = {
      lines: [] as string[],
      warn(line: string) {
        this.lines.push(line)
      },
      info() {},
    }
    logTo(logger)(refusal)
    expect(logger.lines).toHaveLength(1)
  })

  it('of an asynchronous logger gives its promise to the verifier, which drops a rejection', async () => {
    const warn = () => Promise.reject(new Error('the log is full'))
    const logger = { warn, info: warn } as unknown as Recorder
    const given = logTo(logger) as (event: ClaimcheckEvent) => unknown
    await expect(given(refusal)).rejects.toThrow('the log is full')
  })
})

describe('the path of a refused request', () => {
  /** The event of a request to `url` without a token, and its line, with the path and without. */
  async function refused(url: string): Promise<{ event: ClaimcheckEvent | undefined; lines: readonly string[] }> {
    const recorder = createRecorder()
    let event: ClaimcheckEvent | undefined
    const onEvent = (one: ClaimcheckEvent): void => {
      event = one
      logTo(recorder, { path: true })(one)
      logTo(recorder)(one)
    }
    const api = createResourceServer({ issuer, audience, onEvent })
    await api.guard({ method: 'GET', url, headers: [], route: '/orders/:id' }).catch(() => {})
    return { event, lines: recorder.lines }
  }
  const line =
    'warn claimcheck refusal code="unauthenticated" reason="credential_missing" status=401 method="GET" route="/orders/:id"'
  const withPath = (path: string): readonly string[] => [
    expect.stringMatching(new RegExp(`^${line} path="${path}"`)) as string,
    expect.not.stringContaining('path=') as string,
  ]

  it.each([
    ['/orders/1', '/orders/1'],
    ['/orders/1?access_token=SECRET', '/orders/1'],
    ['/orders/1#SECRET?x', '/orders/1'],
    ['/orders/1?a=https://x/SECRET#b', '/orders/1'],
    ['/a\n?SECRET\nSECRET', '/a\\?'],
    ['https://user:SECRET@api.example.com/orders/1?SECRET', '/orders/1'],
    ['HTTP://api.example.com:8080/', '/'],
    ['//orders?SECRET', '//orders'],
    ['*', '\\*'],
    ['/a"\x1b[31m\u2028 status=200', '/a\\\\"\\?\\[31m\\? status=200'],
    [`/${'x'.repeat(300)}`, `/${'x'.repeat(199)}\\.\\.\\.`],
  ])('of %j is in the line only where it is asked for, without the query', async (url, path) => {
    const { lines } = await refused(url)
    expect(lines).toEqual(withPath(path))
    expect(lines.join()).not.toContain('SECRET')
  })

  it.each(['', '?SECRET', 'https://api.example.com?SECRET'])('is left out where there is none: %j', async (url) => {
    const { lines } = await refused(url)
    expect(lines[0]).toBe(lines[1])
  })

  it('of any text tells no query and forges no field', async () => {
    const text = fc.string({ unit: fc.nat(0x24ff).map((code) => String.fromCharCode(code)) })
    const property = fc.asyncProperty(text, text, async (path, query) => {
      const [first = ''] = (await refused(`/${path}?${query}SECRET`)).lines
      expect(first).not.toContain('SECRET')
      expectOneHonestLine(first)
    })
    await fc.assert(property)
  })

  it('is in no JSON, spread, clone or print of the event', async () => {
    const { event } = await refused('/orders/alice')
    const request = event?.type === 'refusal' ? event.request : undefined
    expect(request?.path).toBe('/orders/alice')
    const copies = [JSON.stringify(event), inspect(event), inspect({ ...request }), inspect(structuredClone(event))]
    for (const copy of copies) expect(copy).not.toContain('alice')
  })

  it.each([{ paths: true }, { path: 1 }, null, true])('is asked for by path alone: %j is a TypeError', (options) => {
    expect(() => logTo(createRecorder(), options as never)).toThrow(TypeError)
  })
})

describe('log injection', () => {
  const nasty = 'a"\n\r\u2028\x1b[31m\x9b\u202e claimcheck refusal code="none" hint="all is well" status=200'

  it('cannot be done by anything in a token', async () => {
    const recorder = createRecorder()
    const { verifyToken } = createTestVerifier({ options: { onEvent: logTo(recorder) } })
    await expectInvalidToken(verifyToken(createToken({ claims: { iss: nasty } })), 'issuer_unknown')
    await expectInvalidToken(verifyToken(createToken({ claims: { aud: [nasty, nasty] } })), 'audience_mismatch')
    await expectInvalidToken(verifyToken(createToken({ header: { typ: nasty } })), 'token_type_not_accepted')
    await expectInvalidToken(verifyToken(createToken({ header: { kid: nasty } })), 'key_not_found')
    await expectInvalidToken(verifyToken(createToken({ header: { alg: nasty } })), 'algorithm_not_allowed')
    await expectInvalidToken(verifyToken(createToken({ claims: { tid: nasty, azp: nasty, exp: 1 } })), 'token_expired')
    await expectInvalidToken(verifyToken(createToken({ claims: { sub: [nasty] } })), 'claim_invalid')
    expect(recorder.lines).toHaveLength(7)
    for (const line of recorder.lines) expectOneHonestLine(line)
  })

  it('cannot be done by a header and claims of any text', async () => {
    const recorder = createRecorder()
    const { verifyToken } = createTestVerifier({ options: { onEvent: logTo(recorder) } })
    const text = fc.string({ unit: fc.nat(0x24ff).map((code) => String.fromCharCode(code)) })
    const names = fc.constantFrom('iss', 'aud', 'azp', 'tid', 'client_id', 'typ', 'kid', 'alg')
    const property = fc.asyncProperty(
      fc.dictionary(names, text),
      fc.dictionary(names, text),
      async (header, claims) => {
        const token = signTexts(JSON.stringify({ alg: 'ES256', ...header }), JSON.stringify(claims), keyFor('ES256'))
        const before = recorder.lines.length
        await verifyToken(token).catch(() => {})
        expect(recorder.lines).toHaveLength(before + 1)
        expectOneHonestLine(recorder.lines.at(-1) ?? '')
      },
    )
    await fc.assert(property)
  })

  it('cannot be done by a hint of a preset that repeats what it was sent', async () => {
    const recorder = createRecorder()
    const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } })
    const hint = (_: string, { claims }: { readonly claims: JsonObject }) =>
      `ask for another aud than ${String(claims.aud)}`
    const { verifyToken } = createVerifier({ issuer: { ...trusted, hint }, onEvent: logTo(recorder) })
    await expectInvalidToken(verifyToken(createToken({ claims: { aud: nasty, exp: 4e9 } })), 'audience_mismatch')
    expectOneHonestLine(recorder.lines[0] ?? '')
    expect(recorder.lines[0]).toContain('hint="ask for another aud than a\\"')
  })

  it('cannot be done by the message of what failed', () => {
    const [line = ''] = logged({ ...refusal, details: { cause: new Error(nasty), policy: nasty } })
    expectOneHonestLine(line)
  })
})

describe('a sink', () => {
  it.each<[string, () => unknown]>([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('the log is full'))],
    ['rejects with a promise of another realm', () => runInNewContext('Promise.reject(new Error("the log is full"))')],
    [
      'gives a thenable that rejects',
      () => ({ then: (_: unknown, reject: (reason: Error) => void) => reject(new Error()) }),
    ],
    ['gives a thenable that throws', () => ({ then: () => fail() })],
    ['never settles', () => new Promise(() => {})],
  ])('that %s changes nothing for the caller, and is called again', async (_, sink) => {
    let calls = 0
    const onEvent = (): unknown => {
      calls++
      return sink()
    }
    const { verifyToken } = createTestVerifier({ options: { onEvent } })
    await expectInvalidToken(verifyToken('garbage'), 'token_malformed')
    await expectInvalidToken(verifyToken('garbage'), 'token_malformed')
    await expect(verifyToken(createToken())).resolves.toHaveProperty('issuer')
    expect(calls).toBe(2)
  })

  it('is given each event as it is, once', () => {
    const events: ClaimcheckEvent[] = []
    createEmit((event) => events.push(event))(refusal)
    expect(events).toEqual([refusal])
    expect(events[0]).toBe(refusal)
  })

  it('may be left out', () => {
    expect(createEmit(undefined)(refusal)).toBeUndefined()
  })
})

/** One line of printable ASCII: the event, then name=value, each value ending where its quotes say, and each name once. */
function expectOneHonestLine(line: string): void {
  expect(line).toMatch(/^[\x20-\x7e]+$/)
  const fields = line.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  expect(fields).toMatch(
    /^warn claimcheck refusal code="" reason="" status=\d+( [a-zA-Z]+=(""|[-0-9.e+]+|true|false))*( hint="")?$/,
  )
  const names = fields.split(' ').flatMap((field) => field.split('=').slice(0, -1))
  expect(new Set(names).size).toBe(names.length)
}

function circular(): object {
  const self: { me?: object } = {}
  self.me = self
  return self
}

function fail(): never {
  throw new Error('the log is full')
}
