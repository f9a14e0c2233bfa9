// The options that several presets share: read once. An option that can never work is a TypeError with the value to write.
import { checkBoolean, checkString, checkStrings } from '../internal/options.ts'
import { type Algorithm, allAlgorithms, isAlgorithm } from '../crypto/algorithms.ts'
import { checkHttps, hasLogin, httpsOrOption, isSecureEnough, parseUrl, withoutLogin } from '../internal/urls.ts'
import { refuseMicrosoftHost } from './microsoft-hosts.ts'

/** One value, or a list of them. */
export type OneOrMore<T> = T | readonly T[]

/** Reads an option that takes one text or several. The copy is frozen: the details of an error show it to other code. */
export function readList<T extends string>(name: string, value: OneOrMore<T>, atLeast = 1): readonly T[] {
  const list: readonly T[] = Object.freeze([value].flat() as T[])
  checkStrings(name, list, atLeast)
  return list
}

/** The same for an option that may be left out. */
export function readOptionalList(name: string, value: OneOrMore<string> | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : readList(name, value, 0)
}

/** Reads an `audience` option: one identifier, several, or an explicit `null`. @throws TypeError for anything else. */
export function readAudience(audience: OneOrMore<string> | null): readonly string[] | null {
  return audience === null ? null : readList('audience', audience)
}

/** Reads an `algorithms` option. @throws TypeError for an algorithm that claimcheck does not verify. */
export function readAlgorithms(algorithms: OneOrMore<Algorithm>): readonly Algorithm[] {
  const list = readList<string>('algorithms', algorithms)
  const unknown = list.find((name) => !isAlgorithm(name))
  if (unknown) throw new TypeError(`algorithms may hold ${allAlgorithms.join(', ')}, not ${unknown}.`)
  return list as readonly Algorithm[]
}

/** Reads a `typ` option, in which `null` stands for no `typ`. */
export function readTypes(typ: OneOrMore<string | null>): readonly (string | null)[] {
  const list: readonly (string | null)[] = [typ].flat()
  readList(
    'typ',
    list.map((one) => one ?? '(none)'),
  )
  return list
}

/** Checks options that are texts, where they are given. */
export function checkTexts(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) if (value !== undefined) checkString(name, value)
}

/**
 * Checks an issuer that is a URL, from which its keys can be fetched safely. Issuers at Microsoft's hosts have presets of their own.
 *
 * @throws TypeError with the value to write.
 */
export function checkIssuerUrl(name: string, issuer: unknown, allowHttp: unknown = false): asserts issuer is string {
  checkString(name, issuer)
  refuseMicrosoftHost(name, issuer)
  checkUrl(name, issuer, allowHttp)
}

/** Checks an issuer that is a URL and never plain `http:` beyond this machine. @throws TypeError with the value to write. */
export function checkHttpsIssuer(name: string, value: unknown): asserts value is string {
  checkString(name, value)
  refuseMicrosoftHost(name, value)
  checkHttpsUrl(name, value)
}

/** Checks the identifier of any STS, for presets where another one signs the tokens. @throws TypeError with the value to write. */
export function checkHttpsUrl(name: string, value: unknown): asserts value is string {
  checkUrl(name, value, true)
  checkHttps(name, value)
}

function checkUrl(name: string, text: unknown, allowHttp: unknown): asserts text is string {
  checkString(name, text)
  checkBoolean('insecureAllowHttp', allowHttp)
  const url = parseUrl(text)
  if (!url)
    throw new TypeError(
      `${name} must be an absolute URL such as 'https://sts.example.com', not '${withoutLogin(text)}'.`,
    )
  const [before = '', after = ''] = text.split(/\/\.well-known\/[^/]*/)
  if (before !== text)
    throw new TypeError(`${name} must not be the address of a document: write '${withoutLogin(before + after)}'.`)
  const bare = text.replace(/[?#].*/s, '').replace(/^(\w+:\/\/)[^/]*@/, '$1')
  if (bare !== text || hasLogin(url)) {
    throw new TypeError(
      `${name} must have no query, fragment or user name (RFC 8414 §2): write '${withoutLogin(bare)}'.`,
    )
  }
  if (/[\s\p{Cc}]/u.test(text)) throw new TypeError(`${name} must have no spaces or control characters.`)
  if (!isSecureEnough(url, allowHttp)) {
    throw new TypeError(`${name} ${httpsOrOption(text)}.`)
  }
}

/** @throws TypeError when `value` is no DNS name as an issuer writes it: no scheme, port or path, in small letters; with the value to write. */
export function checkDomain(name: string, value: unknown): asserts value is string {
  checkString(name, value)
  const { hostname = '' } = parseUrl(`https://${value.replace(/^[a-z]+:\/\//i, '')}`) ?? {}
  // URLs are parsed leniently. A name that parsing does not change hides nothing.
  if (hostname === value && /^[a-z0-9.-]+\.[a-z0-9-]+$/.test(value) && !value.includes('..')) return
  const bare = hostname.replace(/\.+$/, '')
  const instead = bare.includes('.') && bare !== value ? bare : 'tenant.example.com'
  throw new TypeError(
    `${name} must be a host name such as '${instead}', without scheme, port or path, not '${withoutLogin(value)}'.`,
  )
}

/** Checks the bare host name of an STS, which becomes part of its issuer. @throws TypeError with the value to write. */
export function checkHost(name: string, value: unknown): asserts value is string {
  checkString(name, value)
  if (/^[a-z\d-]+(\.[a-z\d-]+)*(:\d{1,5})?$/.test(value)) return
  const host = parseUrl(value.includes('://') ? value : `https://${value}`)?.host ?? ''
  const advice = host === '' || host === value ? "such as 'sts.example.com'" : `and nothing else: write '${host}'`
  throw new TypeError(`${name} must be a host name, ${advice}, not '${withoutLogin(value)}'.`)
}
