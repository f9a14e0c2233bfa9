// The addresses that may be asked for metadata and keys.
import { checkString } from './options.ts'

/** Plain `http:` is for this machine only: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
}

/** True for https, and for plain http where `allowHttp` or the loopback rule lets it. */
export function isSecureEnough(url: URL, allowHttp: boolean): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && (allowHttp || isLoopback(url)))
}

/**
 * Says why a document from `from` cannot name the address `to`, or returns `undefined` where it can. The operator chose how to reach the
 * document. The document must not choose a wire that is open to others, nor a port of this machine.
 */
export function faultOfLink(from: URL, to: URL): string | undefined {
  if (from.protocol === 'https:' && to.protocol !== 'https:') return 'is not https, and the document came over https'
  if (isThisMachine(to) && !isThisMachine(from)) return 'is on this machine, and the document is not'
  return undefined
}

/** True for more spellings than those of `isLoopback`: this one only ever refuses. */
function isThisMachine(url: URL): boolean {
  const host = url.hostname.replace(/\.$/, '')
  return isLoopback(url) || /(^|\.)localhost$|^0\.0\.0\.0$|^\[::(ffff:(7f..:.*|0:0))?\]$/.test(host)
}

/**
 * Checks an address that the operator wrote and that keys or documents are fetched from.
 *
 * @throws TypeError with the value to write.
 */
export function checkAddress(name: string, address: unknown, allowHttp: boolean): asserts address is string {
  checkString(name, address)
  const url = parseUrl(address)
  const shown = withoutLogin(address)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new TypeError(`${name} must be a URL such as 'https://sts.example.com/jwks', not '${shown}'.`)
  if (hasLogin(url)) throw new TypeError(`${name} must have no user name: write '${shown}'.`)
  if (!isSecureEnough(url, allowHttp)) throw new TypeError(`${name} ${httpsOrOption(address)}.`)
}

/**
 * Checks an address that must be https beyond this machine, for callers that have no `insecureAllowHttp`.
 *
 * @throws TypeError with the value to write.
 */
export function checkHttpsAddress(name: string, address: unknown): asserts address is string {
  checkAddress(name, address, true)
  checkHttps(name, address)
}

/** @throws TypeError for a URL that is plain http beyond this machine, with the value to write. */
export function checkHttps(name: string, address: string): void {
  const url = parseUrl(address)
  if (!url || !isSecureEnough(url, false))
    throw new TypeError(`${name} must be https: write '${address.replace(/^[^:]*/, 'https')}'.`)
}

/** What to do about an address that is not https. A server without TLS would never answer at the https address. */
export function httpsOrOption(address: string): string {
  return `must be https: if the server has TLS, write '${address.replace(/^[^:]*/, 'https')}'; if not, set insecureAllowHttp: true`
}

/** True when a URL carries a user name or password: `fetch` refuses such, and its message would put them into a log. */
export function hasLogin(url: URL): boolean {
  return url.username !== '' || url.password !== ''
}

/** What of an address may stand in a message, also where it is no URL: no user name, and no password. */
export function withoutLogin(address: string): string {
  const url = parseUrl(address)
  // Somebody's `user:password@host` is a URL of the scheme `user:`.
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return address.replace(/^.*(?:@|%40)/is, '…')
  if (!hasLogin(url)) return address
  url.username = ''
  url.password = ''
  return url.href
}

/** Parses an absolute URL, or returns `undefined`. */
export function parseUrl(text: string): URL | undefined {
  try {
    // Not URL.canParse: once it is hot, that of Node 20 says no to every text with a character between U+0080 and U+00FF.
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Returns `text` without one trailing slash. */
export function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text
}
