// What many presets need besides their options: a principal of whom the token says nothing yet, one refusal, two checks.
import type { Refusal } from '../errors.ts'
import { checkString, checkStrings } from '../internal/options.ts'
import { isSecureEnough, parseUrl } from '../internal/urls.ts'
import type { Principal } from '../principal/principal.ts'
import { checkIssuerUrl } from './preset-options.ts'

/** The members of a principal that a token may well say nothing of. */
export const unsaid: Pick<Principal, 'scopes' | 'roles' | 'permissions' | 'groups' | 'authentication' | 'traits'> = {
  scopes: [],
  roles: [],
  permissions: [],
  groups: { values: [], complete: true },
  authentication: {},
  traits: [],
}

/** The refusal of a token that lacks `claim`, or has it in a form that says nothing. */
export function missing(claim: string, hint?: string): Refusal {
  return { code: 'claim_missing', ...(hint !== undefined && { hint }), details: { claim } }
}

/** Reads an `audience` option that may not be turned off. @throws TypeError for what is no identifier, `null` included. */
export function readOwnAudience(audience: unknown): readonly string[] {
  const list: unknown = Array.isArray(audience) ? audience : [audience]
  checkStrings('audience', list)
  return [...list]
}

/** @throws TypeError for a value that does not have the whole shape of `example`. */
export function checkShape(name: string, value: unknown, shape: RegExp, example: string): asserts value is string {
  checkString(name, value)
  if (!shape.test(value)) throw new TypeError(`${name} must look like '${example}', not '${value}'.`)
}

/** Checks the bare host name of an STS, which becomes part of its issuer. @throws TypeError with the value to write. */
export function checkHost(name: string, value: unknown): asserts value is string {
  checkString(name, value)
  if (/^[a-z\d-]+(\.[a-z\d-]+)*(:\d{1,5})?$/.test(value)) return
  const host = parseUrl(value.includes('://') ? value : `https://${value}`)?.host ?? ''
  const advice = host === '' || host === value ? "such as 'sts.example.com'" : `and nothing else: write '${host}'`
  throw new TypeError(`${name} must be a host name, ${advice}, not '${value}'.`)
}

/** Checks an issuer that is a URL and never plain `http:` beyond this machine. @throws TypeError with the value to write. */
export function checkHttpsIssuer(name: string, value: unknown): asserts value is string {
  checkIssuerUrl(name, value, true)
  const url = parseUrl(value)
  if (!url || !isSecureEnough(url, false))
    throw new TypeError(`${name} must be https: write '${value.replace(/^[^:]*/, 'https')}'.`)
}
