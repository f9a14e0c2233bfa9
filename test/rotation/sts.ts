// An STS on loopback, a verifier that trusts it, and a clock that both live by: what the tests of the key cache share.
import { type ClaimcheckEvent, createVerifier, type Verifier, type VerifierOptions } from 'claimcheck'
import { expect, onTestFinished } from 'vitest'
import { createTestClock, type TestClock } from '../support/clock.ts'
import { type KeyServer, startKeyServer } from '../support/key-server.ts'
import { audience, createKey, createToken, encode, goodClaims, keyFor, type TestKey } from '../support/tokens.ts'

export const key = keyFor('ES256')
export const newKey = createKey('ES256', { kid: 'new' })

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute

export interface TestSts {
  readonly server: KeyServer
  readonly clock: TestClock
  readonly events: ClaimcheckEvent[]
  /** Every address that a verifier requested, also while the STS was down. */
  readonly requests: string[]
  /** Another process: a verifier of its own, with the same clock. */
  startVerifier(options?: Partial<VerifierOptions>): Verifier
  /** A token that is good at the clock's time. */
  token(signedWith?: TestKey): string
  /** A token that passes all prechecks, with a kid that no key has. Its signature is never verified, so it is made up. */
  unknownKidToken(kid: string): string
  /** The reasons of all events of `type`, oldest first. */
  reasons(type: ClaimcheckEvent['type']): string[]
}

/** Starts an STS that publishes `key`; it stops when the test ends. */
export async function startSts(): Promise<TestSts> {
  const server = await startKeyServer({ keys: [key.publicJwk] })
  const clock = createTestClock()
  const events: ClaimcheckEvent[] = []
  const requests: string[] = []
  const verifiers: Verifier[] = []
  onTestFinished(async () => {
    for (const verifier of verifiers) verifier.close()
    await server.stop()
  })
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    requests.push(url)
    return globalThis.fetch(url, init)
  }
  const timesNow = (): Record<string, unknown> => {
    const iat = Math.floor(clock.nowMs() / 1000)
    return { iss: server.issuer, iat, exp: iat + 300 }
  }
  return {
    server,
    clock,
    events,
    requests,
    startVerifier(options = {}) {
      const onEvent = (event: ClaimcheckEvent): void => void events.push(event)
      const verifier = createVerifier({ audience, clock, fetch, onEvent, ...options, issuer: server.issuer })
      verifiers.push(verifier)
      return verifier
    },
    token: (signedWith = key) => createToken({ key: signedWith, claims: timesNow() }),
    unknownKidToken: (kid) =>
      `${encode(JSON.stringify({ alg: 'ES256', kid, typ: 'at+jwt' }))}.${encode(JSON.stringify(goodClaims(timesNow())))}.AAAA`,
    reasons: (type) => events.flatMap((event) => (event.type === type && 'reason' in event ? [event.reason] : [])),
  }
}

/** Waits until no refresh is under way: while one is, the next is due now. Call it after a request only. */
export async function refreshEnded({ keys }: Verifier): Promise<void> {
  if (isDue(keys)) await expect.poll(() => isDue(keys), { interval: 1 }).toBe(false)
}

export function isDue(keys: Verifier['keys']): boolean {
  return keys()[0]?.nextRefreshInMs === 0
}
