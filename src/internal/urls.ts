// Checks of the addresses of metadata, keys and decision points.
import { checkString } from './options.ts'

/** True for an address of this machine, where plain `http:` is allowed: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
}

/** True for https, and for plain http where `allowHttp` or the loopback rule permits it. */
export function isSecureEnough(url: URL, allowHttp: boolean): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && (allowHttp || isLoopback(url)))
}

/**
 * Says why a document from `from` must not name the address `to`, or returns `undefined`. The operator chose the way to the document. The
 * document must choose neither an unencrypted connection nor a port of this machine.
 */
export function faultOfLink(from: URL, to: URL): string | undefined {
  if (from.protocol === 'https:' && to.protocol !== 'https:') return 'is not https, and the document came over https'
  if (isThisMachine(to) && !isThisMachine(from)) return 'is on this machine, and the document is not'
  return undefined
}

/** Knows more spellings than `isLoopback`, since its answer only ever refuses. */
function isThisMachine(url: URL): boolean {
  const host = url.hostname.replace(/\.$/, '')
  return isLoopback(url) || /(^|\.)localhost$|^0\.0\.0\.0$|^\[::(ffff:(7f..:.*|0:0))?\]$/.test(host)
}

/**
 * Checks an operator's address of keys or documents.
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

/** Says what to do about a plain http address. A server without TLS would never answer at the https address. */
export function httpsOrOption(address: string): string {
  return `must be https: if the server has TLS, write '${address.replace(/^[^:]*/, 'https')}'; if not, set insecureAllowHttp: true`
}

/** True when a URL carries a user name or password. `fetch` refuses it with a message that would put them into a log. */
export function hasLogin(url: URL): boolean {
  return url.username !== '' || url.password !== ''
}

/** Returns an address without user name and password, for messages. It need not be a URL. */
export function withoutLogin(address: string): string {
  const url = parseUrl(address)
  // `user:password@host` is a URL of the scheme `user:`.
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return address.replace(/^.*(?:@|%40)/is, '...')
  if (!hasLogin(url)) return address
  url.username = ''
  url.password = ''
  return url.href
}

/** Parses an absolute URL, or returns `undefined`. */
export function parseUrl(text: string): URL | undefined {
  try {
    // Not URL.canParse: once it is hot, that of Node 20 refuses every text with a character between U+0080 and U+00FF.
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Returns `text` without one trailing slash. */
export function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text
}
