// Types that several supports share.
export type { Algorithm } from 'claimcheck'

export interface JsonWebKey {
  readonly kty: string
  readonly [member: string]: unknown
}
