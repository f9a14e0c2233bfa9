// Timers on runtimes whose setTimeout gives a number (Workers, Deno, browsers), and timers that keep no process alive.
import { createVerifier, type Principal, type VerifierOptions } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { evaluate, withTimeout } from 'claimcheck/policy'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor } from '../support/tokens.ts'

const realSetTimeout = globalThis.setTimeout
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve))
const keys = { keys: [keyFor('ES256').publicJwk] }
const trusted = oidc({ issuer, audience, jwks: keys })

/** The caller of two requests with one token: the second waits for the first. */
async function callerBy(
  options: Omit<Partial<VerifierOptions>, 'issuer' | 'audience'> & { readonly issuer?: typeof trusted },
): Promise<Principal> {
  const { verifyToken } = createVerifier({ issuer: trusted, clock: createTestClock(), ...options })
  const token = createToken()
  const [, { principal }] = await Promise.all([verifyToken(token), verifyToken(token)])
  return principal
}

/** What waits with a timer beside it, and what comes of it. */
const waits: readonly (readonly [name: string, wait: () => Promise<unknown>, expected: unknown])[] = [
  [
    'a token that others may wait for',
    async () => {
      const validate = async (value: unknown) => nextTurn().then(() => ({ value: value as Record<string, unknown> }))
      return (await callerBy({ claims: { '~standard': { version: 1, vendor: 'test', validate } } })).subject
    },
    'alice',
  ],
  [
    'a principal that is completed',
    async () =>
      (
        await callerBy({
          issuer: { ...trusted, enrichPrincipal: () => nextTurn().then(() => ({ roles: ['reader'] })) },
        })
      ).roles,
    ['reader'],
  ],
  [
    'keys that a store restores',
    async () => {
      const keyStore = { load: () => nextTurn(), save: async () => {} }
      const fetch = async () => Response.json(keys)
      return (await callerBy({ issuer: oidc({ issuer, audience, jwksUri: `${issuer}/keys` }), keyStore, fetch }))
        .subject
    },
    'alice',
  ],
  [
    'a policy with a deadline',
    async () => {
      const policy = withTimeout(50, () => nextTurn().then(() => true))
      return (await evaluate(policy, { auth: {}, resource: undefined } as never)).effect
    },
    'allow',
  ],
]

describe.each(waits)('%s', (_, wait, expected) => {
  let handles: NodeJS.Timeout[]
  beforeEach(() => (handles = []))
  afterEach(() => handles.forEach((handle) => clearTimeout(handle)))

  function stubSetTimeout(handleOf: (handle: NodeJS.Timeout) => unknown): void {
    vi.stubGlobal('setTimeout', (run: () => void, ms: number) => {
      const handle = realSetTimeout(run, ms)
      handles.push(handle)
      return handleOf(handle)
    })
  }

  it('goes on where a timer is a number', async () => {
    stubSetTimeout(Number)
    expect(await wait()).toEqual(expected)
    expect(handles).not.toEqual([])
  })

  it('keeps no process alive by its timer', async () => {
    const unref = vi.fn()
    stubSetTimeout((handle) => Object.assign(handle, { unref }))
    expect(await wait()).toEqual(expected)
    expect(unref).toHaveBeenCalledTimes(handles.length)
  })
})
