// The part of the contract about `request.headers`: the application's own middleware may set or delete a credential there.
import { oidc } from 'claimcheck/issuers'
import { AuthError, createResourceServer } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { sendRaw } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken, issuer, keyFor } from '../support/tokens.ts'
import { answerOf, bare, invalidToken, malformed, repeated } from './answers.ts'
import { type Exception, type Framework, type Guard, listen } from './framework.ts'

/** The request of any framework, as a middleware changes it. */
interface ChangedRequest {
  headers: Record<string, unknown>
}
type Change = (request: ChangedRequest) => void
type Lines = readonly string[]

const header = 'x-token'
const tokenOf = (sub: string) => createToken({ claims: { sub } })
const [alice, bob] = [`Bearer ${tokenOf('alice')}`, `Bearer ${tokenOf('bob')}`]
const line = (value: string) => `Authorization: ${value}`
const set = (value: unknown, name = 'authorization'): Change => {
  return ({ headers }) => void (headers[name] = value)
}
const remove =
  (name = 'authorization'): Change =>
  ({ headers }) =>
    void delete headers[name]
const replace =
  (value: unknown): Change =>
  (request) =>
    void (request.headers = { ...request.headers, authorization: value })
const nothing: Change = () => {}

const letIn = (subject: string | null) => ({ status: 200, body: JSON.stringify({ subject, onRequest: subject }) })

export function describeChangedHeaders<Q extends object, H>(framework: Framework<Q, H>): void {
  describe('a changed Authorization header', () => describeAuthorization(framework))
  describe('a changed header of a preset', () => describeTokenHeader(framework))
  describe('a header that changes after a guard ran', () => describeNextGuard(framework))
}

/** Serves one route, with hooks between which the application changes the request, and asks it. */
async function ask<Q extends object, H>(
  { createApp, createGuard, before, attached, changeable }: Framework<Q, H>,
  hooksOf: (guard: Guard<Q, H>, change: (change: Change) => H) => readonly H[],
  { lines = [], tokenHeader }: { readonly lines?: Lines; readonly tokenHeader?: string } = {},
): Promise<{ readonly answer: { readonly status: number; readonly body: string }; readonly verified: Lines }> {
  const local = oidc({ issuer, jwks: { keys: [keyFor('ES256').publicJwk] } })
  const { options, verified } = testApiOptions({ issuer: tokenHeader ? { ...local, tokenHeader } : local })
  const guard = createGuard(createResourceServer(options))
  const app = createApp()
  const hooks = hooksOf(guard, (change) =>
    before((request) => change(changeable?.(request) ?? (request as unknown as ChangedRequest))),
  )
  app.route('/', hooks, (request) => ({
    subject: guard.maybeAuth(request)?.principal.subject ?? null,
    onRequest: (attached(request) as { principal?: { subject: string } } | null)?.principal?.subject ?? null,
  }))
  const answer = await sendRaw(await listen(app), { path: '/', lines })
  return { answer: answer.status === 200 ? { status: 200, body: answer.body } : answerOf(answer), verified }
}

/** What a guard, and an optional guard, answer when `change` was made to a request with these lines. */
async function askBoth<Q extends object, H>(
  framework: Framework<Q, H>,
  change: Change,
  sent: { readonly lines: Lines; readonly tokenHeader?: string },
): Promise<readonly [guarded: unknown, optional: unknown]> {
  const guarded = await ask(framework, (guard, before) => [before(change), guard()], sent)
  const optional = await ask(framework, (guard, before) => [before(change), guard.optional()], sent)
  return [guarded.answer, optional.answer]
}

function differencesOf({ exceptions = [] }: { readonly exceptions?: readonly Exception[] }) {
  return { areText: exceptions.includes('header values are text'), areJoined: exceptions.includes('lines are joined') }
}

function describeAuthorization<Q extends object, H>(framework: Framework<Q, H>): void {
  const both = (change: Change, ...values: Lines) => askBoth(framework, change, { lines: values.map(line) })
  const [anonymous, refused] = [letIn(null), (answer: unknown) => [answer, answer]]
  const { areText, areJoined } = differencesOf(framework)

  it.each<[string, Change, Lines]>([
    ['where there was none', set(alice), []],
    ['in place of another', set(alice), [bob]],
    ['in place of a bad one', set(alice), ['Bearer garbage']],
    ['in place of another scheme', set(alice), ['Basic Zm9v']],
    ['in place of itself', set(alice), [alice]],
    ['in headers that replace the others', replace(alice), [bob]],
    ['in headers that replace none', replace(alice), []],
  ])('counts as one that was received: %s', async (_, change, values) => {
    expect(await both(change, ...values)).toEqual(refused(letIn('alice')))
  })

  it('is judged as strictly as one that was received', async () => {
    expect(await both(set('Bearer garbage'), alice)).toEqual(refused(invalidToken))
    expect(await both(set('garbage'), alice)).toEqual(refused(malformed))
    expect(await both(set(''), alice)).toEqual(refused(malformed))
    expect(await both(set(`${alice}, ${alice}`))).toEqual(refused(repeated))
    expect(await both(set('Basic Zm9v'), alice)).toEqual([bare(), anonymous])
  })

  it.each<[string, Change]>([
    ['deleted', remove()],
    ['set to undefined', set(undefined)],
    ['undefined in headers that replace the others', replace(undefined)],
  ])('counts as none when it was %s, also where there were two lines', async (_, change) => {
    for (const values of [[alice], ['Bearer garbage'], [alice, bob], []]) {
      expect(await both(change, ...values)).toEqual([bare(), anonymous])
    }
  })

  if (!areText)
    it.each<[string, unknown]>([
      ['a list', [alice]],
      ['null', null],
      ['a number', 1],
      ['an object', { toString: () => alice }],
    ])('is malformed when it is no string but %s', async (_, value) => {
      expect(await both(set(value), alice)).toEqual(refused(malformed))
      expect(await both(set(value))).toEqual(refused(malformed))
    })

  if (areText)
    it('is text, whatever the application sets', async () => {
      expect(await both(set([alice]))).toEqual(refused(letIn('alice')))
      expect(await both(set(null), alice)).toEqual(refused(malformed))
      expect(await both(set({ toString: () => alice }))).toEqual(refused(letIn('alice')))
    })

  if (areJoined)
    it('takes the place of two lines that were received, which without it are refused', async () => {
      for (const values of [
        [alice, alice],
        ['Basic Zm9v', alice],
        [alice, 'Basic Zm9v'],
      ]) {
        expect(await both(set(bob), ...values)).toEqual(refused(letIn('bob')))
        expect(await both(nothing, ...values)).toEqual(refused(expect.objectContaining({ status: 400 })))
      }
    })

  if (!areJoined)
    it('does not hide that two lines were received', async () => {
      for (const values of [
        [alice, alice],
        ['Basic Zm9v', alice],
        [alice, 'Basic Zm9v'],
      ]) {
        expect(await both(set(bob), ...values)).toEqual(refused(repeated))
        expect(await both(nothing, ...values)).toEqual(refused(repeated))
      }
    })

  if (!areText)
    it('must be an own property: what every object inherits is no credential', async () => {
      const inherit: Change = ({ headers }) => void Object.setPrototypeOf(headers, { authorization: alice })
      expect(await both(inherit)).toEqual([bare(), anonymous])
      const hide: Change = ({ headers }) => {
        delete headers.authorization
        Object.setPrototypeOf(headers, { authorization: alice })
      }
      expect(await both(hide, alice)).toEqual([bare(), anonymous])
    })
}

function describeTokenHeader<Q extends object, H>(framework: Framework<Q, H>): void {
  const [own, other] = [tokenOf('alice'), tokenOf('bob')]
  const { areText, areJoined } = differencesOf(framework)
  const both = (change: Change, ...values: Lines) =>
    askBoth(framework, change, { lines: values.map((value) => `X-Token: ${value}`), tokenHeader: header })

  it('counts where none was received', async () => {
    expect(await both(set(own, header))).toEqual([letIn('alice'), letIn('alice')])
    expect(await both(nothing, own)).toEqual([letIn('alice'), letIn('alice')])
    expect(await both(set(own, header), own)).toEqual([letIn('alice'), letIn('alice')])
    const list = areText ? letIn('alice') : malformed
    expect(await both(set([own], header))).toEqual([list, list])
  })

  if (areJoined)
    it('takes the place of the lines that were received, of which two are refused', async () => {
      expect(await both(set(own, header), other)).toEqual([letIn('alice'), letIn('alice')])
      expect(await both(nothing, own, other)).toEqual([malformed, malformed])
    })

  if (!areJoined)
    it('is a second credential where one was received', async () => {
      expect(await both(set(own, header), other)).toEqual([repeated, repeated])
      expect(await both(set(own, header), 'garbage')).toEqual([repeated, repeated])
      expect(await both(set(own, header), own, own)).toEqual([repeated, repeated])
      expect(await both(nothing, own, other)).toEqual([repeated, repeated])
    })

  it('is a second credential beside an Authorization header', async () => {
    const lines = [line(alice)]
    expect(await askBoth(framework, set(own, header), { lines, tokenHeader: header })).toEqual([repeated, repeated])
    expect(await both(set(alice), own)).toEqual([repeated, repeated])
  })

  it('counts as none when it was deleted', async () => {
    for (const values of [[own], ['garbage'], [own, other]]) {
      expect(await both(remove(header), ...values)).toEqual([bare(), letIn(null)])
    }
  })
}

function describeNextGuard<Q extends object, H>(framework: Framework<Q, H>): void {
  const { areText } = differencesOf(framework)

  it('is verified anew by the next guard, and guard.auth() speaks of the last', async () => {
    for (const change of [set(bob), replace(bob)]) {
      const { answer, verified } = await ask(
        framework,
        (guard, before) => [guard(), before(change), guard(), guard.optional()],
        { lines: [line(alice)] },
      )
      expect({ answer, verified }).toEqual({ answer: letIn('bob'), verified: ['alice', 'bob'] })
    }
    const logIn = await ask(framework, (guard, before) => [guard.optional(), before(set(alice)), guard()])
    expect(logIn).toEqual({ answer: letIn('alice'), verified: ['alice'] })
  })

  it('changes nothing of what the last guard found until another runs', async () => {
    const { answer } = await ask(framework, (guard, before) => [guard(), before(set(bob))], { lines: [line(alice)] })
    expect(answer).toEqual(letIn('alice'))
  })

  it('is refused by the next guard when it is bad or gone', async () => {
    const then = async (change: Change) => {
      const hooks = (guard: Guard<Q, H>, before: (change: Change) => H) => [guard(), before(change), guard()]
      return (await ask(framework, hooks, { lines: [line(alice)] })).answer
    }
    expect(await then(set('Bearer garbage'))).toEqual(invalidToken)
    expect(await then(set([alice]))).toEqual(areText ? letIn('alice') : malformed)
    expect(await then(remove())).toEqual(bare())
  })

  it('leaves no caller to an optional guard when it is gone', async () => {
    const hooks = (guard: Guard<Q, H>, before: (change: Change) => H) => [guard(), before(remove()), guard.optional()]
    expect((await ask(framework, hooks, { lines: [line(alice)] })).answer).toEqual(letIn(null))
  })

  it('leaves no caller when the next guard refuses it', async () => {
    let last: (() => unknown) | undefined
    const hooks = (guard: Guard<Q, H>, before: (change: Change) => H) => {
      const remember = framework.before((request) => {
        last = () => guard.maybeAuth(request)?.principal.subject
        expect(last()).toBe('alice')
      })
      return [guard(), remember, before(set('Bearer garbage')), guard()]
    }
    expect((await ask(framework, hooks, { lines: [line(alice)] })).answer).toEqual(invalidToken)
    expect(last).toThrow(AuthError)
  })

  it('is noticed in the header of a preset too', async () => {
    const [own, other] = [tokenOf('alice'), tokenOf('bob')]
    const hooks = (guard: Guard<Q, H>, before: (change: Change) => H) => [
      before(set(own, header)),
      guard(),
      before(set(other, header)),
      guard(),
    ]
    const { answer, verified } = await ask(framework, hooks, { tokenHeader: header })
    expect({ answer, verified }).toEqual({ answer: letIn('bob'), verified: ['alice', 'bob'] })
  })
}
