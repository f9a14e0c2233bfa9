// One profile with everything that it says, and what many of them say.
import type { BadTokenKind, IssuerProfile } from 'claimcheck/testing'

/** 2030-01-01T00:00:00Z. */
export const now = 1_893_456_000
const bare = { alg: 'ES256', kid: 'ES256-1' }
export const jwt = { ...bare, typ: 'JWT' }
export const hour = { iat: now, exp: now + 3600 }

interface SampleToken {
  readonly header: object
  readonly claims: object
}

export interface Sample {
  readonly name: string
  readonly profile: IssuerProfile
  readonly issuer: string
  readonly addresses: readonly string[]
  /** Where the keys are, when a verifier that knows only the issuer cannot find out. */
  readonly jwksUri?: string
  readonly access: SampleToken
  /** Left out where there is no such thing. */
  readonly application?: SampleToken
  readonly id: SampleToken
  /** Bad tokens that the generic verifier takes for good ones, since only a preset knows the STS's own rules. */
  readonly unseen?: readonly BadTokenKind[]
}
