// The identity headers: what the upstream is told of the caller. Every allow carries all of them, also empty: a header that is left
// out would leave the one that the client sent.
import { createHash } from 'node:crypto'
import { checkFunction, checkPlain } from '../internal/options.ts'
import type { TokenByIssuer } from '../verifier/verified-token.ts'

/** The value of one identity header. A list is joined by commas; `undefined` says nothing about the caller. */
export type IdentityValue = string | number | readonly string[] | undefined

/** The option `identity`: header names, and what each says of the caller. */
export type IdentityHeaders<C> = Readonly<Record<string, (auth: TokenByIssuer<C>) => IdentityValue>>

export interface Identity<C> {
  /** Every header of an allow, in the order of the option. */
  readonly names: readonly string[]
  /** The same in small letters. */
  readonly known: ReadonlySet<string>
  /** Names this list of headers: a recipe that was made for another list does not copy or strip all of them. */
  readonly fingerprint: string
  /** The headers for `auth`; all of them empty without one. `signed`: the assertion, where there is one. */
  headersFor(auth: TokenByIssuer<C> | undefined, signed?: string): Readonly<Record<string, string>>
}

/** Names the headers that were too long, so that an upstream can tell "none" from "not told". */
export const omitted = 'X-Auth-Omitted'
const maxValueBytes = 4096
export const maxAssertionBytes = 8192

const byDefault: IdentityHeaders<unknown> = {
  'X-Auth-Principal': ({ principal }) => principal.key,
  'X-Auth-Kind': ({ principal }) => principal.kind,
  'X-Auth-Subject': ({ principal }) => principal.subject,
  'X-Auth-Tenant': ({ principal }) => principal.tenant,
  'X-Auth-Client': ({ principal }) => principal.client?.id,
  'X-Auth-Scopes': ({ principal }) => principal.scopes,
  'X-Auth-Roles': ({ principal }) => principal.roles,
  'X-Auth-Expires': ({ expiresAt }) => expiresAt,
}

/** Reads the option. @throws TypeError for a name that no recipe could copy or strip. */
export function createIdentity<C>(headers: IdentityHeaders<C> = byDefault, assertion?: string): Identity<C> {
  checkPlain(headers, "identity must be an object such as { 'X-Auth-Subject': ({ principal }) => principal.subject }.")
  const entries = Object.entries(headers)
  for (const [name, read] of entries) checkFunction(`identity['${checkName(name)}']`, read)
  const names = [...entries.map(([name]) => name), ...(assertion === undefined ? [] : [assertion]), omitted]
  const known = names.map((name) => name.toLowerCase())
  if (new Set(known).size !== names.length) throw new TypeError('identity names one header twice.')
  const none = Object.freeze(Object.fromEntries(names.map((name) => [name, ''])))

  function headersFor(auth: TokenByIssuer<C> | undefined, signed = ''): Readonly<Record<string, string>> {
    if (!auth) return none
    const made: Record<string, string> = {}
    const tooLong: string[] = []
    for (const [name, read] of entries) {
      const value = encodeValue(read(auth))
      if (value === undefined) tooLong.push(name)
      made[name] = value ?? ''
    }
    if (assertion !== undefined) {
      const fits = signed.length <= maxAssertionBytes
      if (!fits) tooLong.push(assertion)
      made[assertion] = fits ? signed : ''
    }
    made[omitted] = tooLong.join(',')
    return made
  }

  return { names, known: new Set(known), fingerprint: fingerprintOf(known), headersFor }
}

function fingerprintOf(names: readonly string[]): string {
  return createHash('sha256').update(names.toSorted().join(' ')).digest('hex').slice(0, 16)
}

// A name of the gateway's own, or of HTTP itself, would be overwritten on the way or change the request.
const reserved = /^(?:x-forwarded-.*|x-original-.*|x-auth-(?:status|problem)|x-claimcheck-.*)$/i
const allowed = /^(?:x-[a-z0-9]+(?:-[a-z0-9]+)*|remote-(?:user|name|email|groups))$/i

function checkName(name: string): string {
  if (allowed.test(name) && !reserved.test(name)) return name
  throw new TypeError(
    `identity: '${name}' cannot be an identity header. Write a name such as X-Auth-Subject (no underscore: some servers take it for a hyphen).`,
  )
}

/** As ASCII that every gateway hands on unchanged. `undefined` when it is too long, or no text that can be encoded. */
export function encodeValue(value: IdentityValue): string | undefined {
  const list = Array.isArray(value) ? (value as readonly string[]) : (value ?? undefined) === undefined ? [] : [value]
  const encoded = list.map((one) => encode(String(one)))
  const text = encoded.join(',')
  return encoded.includes(undefined) || text.length > maxValueBytes ? undefined : text
}

/** Needs no encoding: the characters that `encode` leaves alone. */
const plainText = /^[!#$&'-+\-./-:<-[\]^_`a-z|~]*$/

/** `decodeURIComponent` gives the text back. A lone surrogate has no UTF-8: to replace it would make two callers one. */
function encode(text: string): string | undefined {
  if (plainText.test(text)) return text
  if (!text.isWellFormed()) return undefined
  // Braces are placeholders to Caddy; commas join lists; quotes, semicolons and backslashes end values in some parsers.
  return text.replace(/[^!#-&'-+\-./-:<-[\]^_`a-z|~]|%/gu, encodeURIComponent)
}
