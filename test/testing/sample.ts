// One profile with everything that it says.
import type { BadTokenKind, IssuerProfile } from 'claimcheck/testing'

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
