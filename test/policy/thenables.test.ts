// Policies that answer later, in all the ways that JavaScript has, and in some that it should not have.
import { allOf, anyOf, not, type PolicyFunction } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/policy/policy.ts'
import { allowed, decisionOfFunction, denied, query } from './answers.ts'

type Then = (resolve: (value: unknown) => void, reject: (cause: unknown) => void) => void

function thenable(then: Then): unknown {
  // biome-ignore lint: a thenable is what is tested.
  return { then }
}

describe('a thenable', () => {
  it('is waited for, promise or not', async () => {
    expect(await decisionOfFunction(thenable((resolve) => resolve(true)))).toEqual(allowed)
    expect(await decisionOfFunction(thenable((resolve) => resolve({ effect: 'deny' })))).toEqual(denied)
    expect(await decisionOfFunction(thenable((resolve) => resolve(thenable((again) => again(true)))))).toEqual(allowed)
    expect(decisionOfFunction(thenable((resolve) => resolve(true)))).toBeInstanceOf(Promise)
  })

  it('does not allow by being there', async () => {
    expect(await decisionOfFunction(thenable((resolve) => resolve('yes')))).toMatchObject({ effect: 'indeterminate' })
    expect(await decisionOfFunction(thenable((resolve) => resolve(undefined)))).toMatchObject({
      effect: 'indeterminate',
    })
    expect(await decisionOfFunction({ effect: 'allow', ...(thenable((resolve) => resolve(false)) as object) })).toEqual(
      denied,
    )
  })

  it('that throws, rejects, or cannot be asked is indeterminate', async () => {
    const cause = new Error('no')
    const fail = () => {
      throw cause
    }
    const undecided = { effect: 'indeterminate', cause }
    expect(await decisionOfFunction(thenable(fail))).toEqual(undecided)
    expect(await decisionOfFunction(thenable((_, reject) => reject(cause)))).toEqual(undecided)
    expect(decisionOfFunction(Object.defineProperty({ effect: 'allow' }, 'then', { get: fail }))).toEqual(undecided)
    const resolvesToThrower = Object.defineProperty({ effect: 'allow' }, 'then', { get: fail })
    expect(await decisionOfFunction(thenable((resolve) => resolve(resolvesToThrower)))).toEqual(undecided)
  })

  it('is held to its first word', async () => {
    const first = (...words: readonly unknown[]) => thenable((resolve) => words.forEach(resolve))
    expect(await decisionOfFunction(first(false, true))).toEqual(denied)
    expect(await decisionOfFunction(first('junk', true))).toMatchObject({ effect: 'indeterminate' })
    const resolvesThenThrows = thenable((resolve) => {
      resolve(false)
      throw new Error('too late')
    })
    expect(await decisionOfFunction(resolvesThenThrows)).toEqual(denied)
    const rejectsThenResolves = thenable((resolve, reject) => {
      reject(new Error('first'))
      resolve(true)
    })
    expect(await decisionOfFunction(rejectsThenResolves)).toMatchObject({ effect: 'indeterminate' })
  })

  it('whose then is there only at the first look is no answer', async () => {
    let looks = 0
    const shy = {
      get then() {
        return looks++ === 0 ? () => {} : undefined
      },
    }
    expect(await decisionOfFunction(shy)).toMatchObject({ effect: 'indeterminate' })
  })

  it('that is a promise of itself is indeterminate', async () => {
    const promise: Promise<unknown> = new Promise((resolve) => queueMicrotask(() => resolve(promise)))
    expect(await decisionOfFunction(promise)).toMatchObject({ effect: 'indeterminate', cause: expect.any(TypeError) })
  })

  it('is recognised by a then that can be called, and by nothing else', () => {
    expect(decisionOfFunction({ effect: 'allow', then: true })).toEqual(allowed)
    expect(decisionOfFunction({ effect: 'deny', then: undefined })).toEqual(denied)
    expect(decisionOfFunction(Object.assign(() => true, { then: () => {} }))).toMatchObject({ effect: 'indeterminate' })
  })

  it('of another promise library is waited for inside combinators', async () => {
    const later = (answer: unknown): PolicyFunction => (() => thenable((resolve) => resolve(answer))) as never
    const broken = (() => thenable((_, reject) => reject(new Error('down')))) as unknown as PolicyFunction
    expect(await evaluate(allOf(later(true), later({ effect: 'allow' })), query)).toEqual(allowed)
    expect(await evaluate(allOf(later(true), later(false)), query)).toEqual(denied)
    expect(await evaluate(anyOf(later(false), later(true)), query)).toEqual(allowed)
    expect(await evaluate(not(later(false)), query)).toEqual(allowed)
    expect(await evaluate(not(later('no')), query)).toMatchObject({ effect: 'indeterminate' })
    expect(await evaluate(anyOf(later(false), broken), query)).toMatchObject({ effect: 'indeterminate' })
  })
})
