// A token that no issuer was named for: what it says, unverified, and the preset that it looks like.
import type { JsonObject } from '../../internal/json.ts'
import { createTokenParser, isPadded, parsePaddedToken, tokenBytes } from '../../jwt/parse.ts'
import { type Proposal, proposePreset } from './propose.ts'

export interface Description {
  readonly verdict: 'unknown'
  /** Absent where the text is no token that could be read. */
  readonly unverified?: { readonly header: JsonObject; readonly claims: JsonObject }
  readonly reason?: string
  readonly hint?: string
  readonly proposal?: Proposal
}

/** Reads `text` as the verifier would. */
export function describeUnverified(text: string): Description {
  const parse = createTokenParser(tokenBytes.max)
  const parsed = isPadded(text, tokenBytes.max) ? parsePaddedToken(text, [], parse) : parse(text)
  if ('reason' in parsed) {
    const { reason, hint } = parsed
    const said = typeof hint === 'function' ? hint() : hint
    return { verdict: 'unknown', reason, ...(said !== undefined && { hint: said }) }
  }
  const { header, claims } = parsed
  const proposal = proposePreset({ header, claims })
  return { verdict: 'unknown', unverified: { header, claims }, ...(proposal && { proposal }) }
}
