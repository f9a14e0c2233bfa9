// The two that verify the same tokens at the same moments: claimcheck, and jose's jwtVerify with createRemoteJWKSet.
import { setImmediate } from 'node:timers/promises'
import { AuthError, type Clock, createVerifier } from 'claimcheck'
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { Line } from './network.ts'

/** What an API would answer: let in, 401, or 503. */
export type Answer = 'letIn' | 'refused' | 'unavailable'

export interface Party {
  readonly line: Line
  /** Verifies `tokens` all at once, at the moment that the clock shows; what that sets going in the background has ended too. */
  verify(tokens: readonly string[]): Promise<readonly Answer[]>
}

export interface PartyOptions {
  readonly issuer: string
  readonly audience: string
  readonly clock: Clock
  readonly line: Line
}

/** claimcheck as it comes: no option but a clock, a counting `fetch`, and a sink for events. */
export function createClaimcheck({ line, ...options }: PartyOptions): Party & { keyState(): string } {
  let isLoading = false
  const verifier = createVerifier({
    ...options,
    fetch(url, init) {
      isLoading ||= url.endsWith('/jwks')
      return line.fetch(url, init)
    },
    onEvent({ type }) {
      if (type === 'keys.refreshed' || type === 'keys.refresh_failed') isLoading = false
    },
  })

  function isBusy(): boolean {
    return isLoading || line.isBusy()
  }

  async function verify(token: string): Promise<Answer> {
    try {
      await verifier.verifyToken(token)
      return 'letIn'
    } catch (error) {
      return error instanceof AuthError && error.status === 401 ? 'refused' : 'unavailable'
    }
  }

  return {
    line,
    async verify(tokens) {
      const answers = await Promise.all(tokens.map(verify))
      // No request waited for this; the next moment is not to come before it is over.
      while (isBusy()) await setImmediate()
      return answers
    },
    keyState() {
      const [health] = verifier.keys()
      return health ? `${health.state}, ${health.keys} ${health.keys === 1 ? 'key' : 'keys'}` : ''
    },
  }
}

/** jose as it comes. It has no clock to inject, so `Date.now` tells our time while it works. */
export function createJose(jwksUri: string, { issuer, audience, clock, line }: PartyOptions): Party {
  const keys = createRemoteJWKSet(new URL(jwksUri), { [customFetch]: line.fetch })

  async function verify(token: string): Promise<Answer> {
    try {
      await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', currentDate: new Date(clock.nowMs()) })
      return 'letIn'
    } catch (error) {
      return isAboutToken(error) ? 'refused' : 'unavailable'
    }
  }

  return {
    line,
    async verify(tokens) {
      const machineTime = Date.now
      Date.now = () => clock.nowMs()
      try {
        return await Promise.all(tokens.map(verify))
      } finally {
        Date.now = machineTime
      }
    },
  }
}

/** The kindest reading of jose's errors: whatever is not said of the token or its key is the network's fault. */
function isAboutToken(error: unknown): boolean {
  const aboutToken = [
    errors.JWKSNoMatchingKey,
    errors.JWSSignatureVerificationFailed,
    errors.JWTClaimValidationFailed,
    errors.JWTExpired,
    errors.JWTInvalid,
    errors.JWSInvalid,
  ]
  return aboutToken.some((known) => error instanceof known)
}
