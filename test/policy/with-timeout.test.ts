// A deadline for policies that ask somebody else: it passes by a clock that the test moves.
import { allOf, anyOf, evaluate, policy, type PolicyQuery, scope, withTimeout } from 'claimcheck/policy'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { allowed, denied, query } from './answers.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const never = () => new Promise<boolean>(() => {})

describe('withTimeout', () => {
  it('lets an answer in time through, and leaves no timer behind', async () => {
    expect(
      await evaluate(
        withTimeout(50, async () => true),
        query,
      ),
    ).toEqual(allowed)
    expect(
      await evaluate(
        withTimeout(50, async () => false),
        query,
      ),
    ).toEqual(denied)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('stays synchronous where the member is', () => {
    expect(
      evaluate(
        withTimeout(50, () => true),
        query,
      ),
    ).toEqual(allowed)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('could not decide after that, for now, and aborts', async () => {
    const signals: (AbortSignal | undefined)[] = []
    const slow = policy('slow', ({ signal }) => {
      signals.push(signal)
      return never()
    })
    const decision = evaluate(withTimeout(50, slow), query)
    await vi.advanceTimersByTimeAsync(49)
    expect(signals[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await decision).toEqual({
      effect: 'indeterminate',
      kind: 'temporary',
      cause: new Error('slow did not answer within 50 ms'),
    })
    expect(signals[0]?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not let an allowance in that comes too late', async () => {
    let answer: (yes: boolean) => void = () => {}
    const decision = evaluate(
      withTimeout(50, () => new Promise<boolean>((resolve) => (answer = resolve))),
      query,
    )
    await vi.advanceTimersByTimeAsync(50)
    answer(true)
    expect(await decision).toMatchObject({ effect: 'indeterminate' })
  })

  it('keeps out whom a policy that may veto has not judged in time', async () => {
    const slow = policy('slow', never, { mayVeto: true })
    const decision = evaluate(
      anyOf(() => true, withTimeout(50, slow)),
      query,
    )
    await vi.advanceTimersByTimeAsync(50)
    expect(await decision).toMatchObject({ effect: 'indeterminate', mayVeto: true })
  })

  it('gives up when its caller does, and stops listening after an answer', async () => {
    const asking = new AbortController()
    const added = vi.spyOn(asking.signal, 'addEventListener')
    const removed = vi.spyOn(asking.signal, 'removeEventListener')
    const tree = withTimeout(50, async () => true)
    expect(await evaluate(tree, { ...query, signal: asking.signal })).toEqual(allowed)
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1])
    const pending = evaluate(withTimeout(50, never), { ...query, signal: asking.signal })
    asking.abort(new Error('hung up'))
    expect(await pending).toEqual({ effect: 'indeterminate', kind: 'temporary', cause: new Error('hung up') })
    expect(await evaluate(withTimeout(50, never), { ...query, signal: asking.signal })).toMatchObject({
      cause: new Error('hung up'),
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('reaches through compositions', async () => {
    const queries: PolicyQuery[] = []
    const tree = withTimeout(50, allOf(anyOf((asked: PolicyQuery) => queries.push(asked) > 0)))
    expect(evaluate(tree, query)).toEqual(allowed)
    expect(queries[0]?.signal).toBeInstanceOf(AbortSignal)
  })

  it('requires what its member requires, and says its name', () => {
    expect(withTimeout(50, scope('a'))).toMatchObject({
      id: 'withTimeout(50, scope(a))',
      requires: [{ scopes: ['a'] }],
    })
  })

  it.each([0, -1, 60_001, Number.NaN, '50', undefined])('takes no %j', (timeoutMs) => {
    expect(() => withTimeout(timeoutMs as number, never)).toThrow(/timeoutMs must be a whole number from 1 to 60000/)
  })
})
