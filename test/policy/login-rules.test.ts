// Step-up (RFC 9470) and Entra authentication contexts: how and when the user logged in.
import { authenticationContext, type Decision, evaluate, stepUp, type StepUpOptions } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { allowed, denied } from './answers.ts'
import { asking } from './callers.ts'

const clock = createTestClock()

describe('stepUp', () => {
  const mfa = stepUp({ acrValues: ['phr', 'mfa'], clock })
  const fresh = stepUp({ maxAgeSeconds: 300, clock })
  const both = stepUp({ acrValues: ['mfa'], maxAgeSeconds: 300, clock })
  const lacking = (rule: { readonly requires?: unknown }) => ({ effect: 'deny', missing: rule.requires })

  it('[RFC9470-3-1] wants one of the acr values, and names all of them in their order', () => {
    for (const acr of ['phr', 'mfa']) expect(evaluate(mfa, asking({ authentication: { acr } }))).toEqual(allowed)
    for (const authentication of [{}, { acr: 'pwd' }, { acr: 'MFA' }, { acr: 'mfa phr' }, { amr: ['mfa'] }])
      expect(evaluate(mfa, asking({ authentication }))).toEqual(lacking(mfa))
    expect(mfa.requires).toEqual([{ kind: 'step-up', acrValues: ['phr', 'mfa'] }])
  })

  it.each([
    [0, allowed],
    [-300, allowed],
    [300, allowed],
    [-301, denied],
    [301, denied],
    [-86_400, denied],
    [86_400, denied],
  ])('[RFC9470-3-1] wants a login of at most the age, and of no far future: %i seconds from now', (offset, answer) => {
    const authentication = { time: now + offset }
    expect(evaluate(fresh, asking({ authentication }))).toMatchObject(answer)
  })

  it('[RFC9470-3-1] is not satisfied by a token that does not say', () => {
    expect(evaluate(fresh, asking())).toEqual(lacking(fresh))
    expect(evaluate(both, asking({ authentication: { acr: 'mfa' } }))).toEqual(lacking(both))
    expect(evaluate(both, asking({ authentication: { time: now } }))).toEqual(lacking(both))
    expect(evaluate(both, asking({ authentication: { acr: 'mfa', time: now } }))).toEqual(allowed)
    expect(both.requires).toEqual([{ kind: 'step-up', acrValues: ['mfa'], maxAgeSeconds: 300 }])
    expect(evaluate(fresh, asking({ authentication: { time: Number.NaN } }))).toEqual(lacking(fresh))
  })

  it('sends no caller round in circles that cannot log in', () => {
    for (const kind of ['application', 'device'] as const) {
      expect(evaluate(mfa, asking({ kind }))).toEqual(denied)
      expect(evaluate(mfa, asking({ kind, authentication: { acr: 'mfa' } }))).toEqual(allowed)
    }
    expect(evaluate(mfa, asking({ kind: 'unknown' }))).toEqual(lacking(mfa))
  })

  it('is named after what it wants', () => {
    expect(both.id).toBe('stepUp(mfa 300s)')
  })

  it.each<[unknown, RegExp]>([
    [undefined, /needs an options object/],
    [{}, /needs acrValues or maxAgeSeconds/],
    [{ acrValues: [] }, /at least one/],
    [{ acrValues: 'mfa' }, /list/],
    [{ acrValues: ['a b'] }, /no acr value/],
    [{ acrValues: ['a"b'] }, /no acr value/],
    [{ acrValues: ['a\r\nb'] }, /no acr value/],
    [{ acrValues: [1] }, /no acr value/],
    [{ maxAgeSeconds: -1 }, /whole number/],
    [{ maxAgeSeconds: 0 }, /such as 60/],
    [{ acrValues: ['mfa'], maxAgeSeconds: -0 }, /such as 60/],
    [{ maxAgeSeconds: null }, /whole number/],
    [{ maxAgeSeconds: Number.NaN }, /whole number/],
    [{ maxAgeSeconds: 2 ** 53 }, /whole number/],
    [{ maxAgeSeconds: 1.5 }, /whole number/],
    [{ maxAgeSeconds: '60' }, /whole number/],
    [{ maxAgeSeconds: Number.POSITIVE_INFINITY }, /whole number/],
    [{ maxAge: 60 }, /no option maxAge/],
  ])('cannot be made of %j', (options, message) => {
    expect(() => stepUp(options as StepUpOptions)).toThrow(message)
    expect(() => stepUp(options as StepUpOptions)).toThrow(TypeError)
  })

  it('does not change with the list it was made of', () => {
    const acrValues = ['mfa']
    const rule = stepUp({ acrValues, clock })
    acrValues.push('pwd')
    expect(evaluate(rule, asking({ authentication: { acr: 'pwd' } }))).toEqual(lacking(rule))
  })

  it('reads the system clock unless it is given another', () => {
    const rule = stepUp({ maxAgeSeconds: 1 })
    expect(evaluate(rule, asking({ authentication: { time: 0 } })) as Decision).toMatchObject({ effect: 'deny' })
  })
})

describe('authenticationContext', () => {
  const rule = authenticationContext('c1')

  it('wants the context among those that the login satisfied, in any letter case', () => {
    for (const contexts of [['c1'], ['c3', 'C1']])
      expect(evaluate(rule, asking({ authentication: { contexts } }))).toEqual(allowed)
    for (const contexts of [undefined, [], ['c2'], ['c10'], ['c1 c2']]) {
      const authentication = contexts ? { contexts } : {}
      expect(evaluate(rule, asking({ authentication }))).toEqual({
        effect: 'deny',
        missing: [{ kind: 'authentication-context', context: 'c1' }],
      })
    }
    expect(evaluate(rule, asking({ kind: 'application' }))).toEqual(denied)
    expect(authenticationContext('C25').id).toBe('authenticationContext(c25)')
  })

  it.each(['', 'c', 'c0', 'c01', 'c100', 'cp1', 'c1"', 'c1 ', 'mfa', undefined, 1])('cannot be %j', (context) => {
    expect(() => authenticationContext(context as string)).toThrow(/Entra names them c1 to c99/)
  })
})
