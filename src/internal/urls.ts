// Which addresses may be asked for metadata and keys.

/** Plain `http:` is for this machine only: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
}

/** True for https, and for plain http where `allowHttp` or the loopback rule lets it. */
export function isSecureEnough(url: URL, allowHttp: boolean): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && (allowHttp || isLoopback(url)))
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
