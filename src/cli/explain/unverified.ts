// A token that no issuer was named for: what it says, unverified, and the preset that it looks like.
import type { ValidationError } from '../../errors/auth-error.ts'
import type { JsonObject } from '../../internal/json.ts'
import { createTokenParser, isPadded, parsePaddedToken, tokenBytes } from '../../jwt/parse.ts'
import { checkAccessToken } from '../../jwt/claims.ts'
import { checkClient } from '../../presets/entra/checks.ts'
import { isForGraph, resourceHint } from '../../presets/entra/hints.ts'
import { accountHint } from '../../presets/keycloak.ts'
import { type Proposal, proposePreset } from './propose.ts'

export interface Description {
  readonly verdict: 'unknown'
  /** Absent where the text is no token that could be read: then `reason` is there. */
  readonly unverified?: { readonly header: JsonObject; readonly claims: JsonObject }
  readonly reason?: string
  /** What is wrong with it, also where it can be read. */
  readonly hint?: string
  readonly proposal?: Proposal
}

/** Reads `text` as the verifier would. */
export function describeUnverified(text: string): Description {
  const parse = createTokenParser(tokenBytes.max)
  const parsed = isPadded(text, tokenBytes.max) ? parsePaddedToken(text, [], parse) : parse(text)
  if ('reason' in parsed) {
    const hint = hintOf(parsed)
    return { verdict: 'unknown', reason: parsed.reason, ...(hint !== undefined && { hint }) }
  }
  const { header, claims } = parsed
  const proposal = proposePreset({ header, claims })
  const hint = doubtOf(claims, proposal?.preset)
  return {
    verdict: 'unknown',
    unverified: { header, claims },
    ...(hint !== undefined && { hint }),
    ...(proposal && { proposal }),
  }
}

/** Why an API refuses the token, whatever its configuration: the mistakes that most tokens come here for. */
function doubtOf(claims: JsonObject, preset: string | undefined): string | undefined {
  if (isForGraph(claims)) return resourceHint(claims, '...')
  const isAccount = preset === 'keycloak' && [claims.aud].flat().every((one) => one === 'account')
  if (isAccount) return accountHint(claims)
  return hintOf(checkAccessToken(claims) ?? (preset === 'entra' ? checkClient(claims) : undefined))
}

function hintOf(error: ValidationError | undefined): string | undefined {
  const hint = error?.hint
  return typeof hint === 'function' ? hint() : hint
}
