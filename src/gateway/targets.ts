// All readings of a request target. A gateway, a framework and a file system each decode and clean a path in their own way, so a
// policy chosen by one reading may guard another thing than the upstream serves. No library answers with all readings, or with none.

/** One way to read the path of a target. */
export interface Reading {
  /** The path between its slashes; a slash at the end counts for nothing. */
  readonly segments: readonly string[]
  /** Read without regard to letter case: compared with patterns in the same form. */
  readonly folded: boolean
}

/** A target that has at least one reading. */
export interface Target {
  /** As sent, undecoded. */
  readonly path: string
  /** Decoded once, in plain characters. */
  readonly decoded: string
  /** As sent, without the question mark. */
  readonly query: string
  /** Decoded once, in the letter case that was sent: the parameters of a route come from here. */
  readonly segments: readonly string[]
  readonly readings: readonly Reading[]
}

// Visible ASCII in origin-form (RFC 9112 §3.2.1). A fragment is never sent, so a `#` has two readings.
const originForm = /^\/[!"$-~]*$/
const ascii = /^[ -~]*$/
// The characters of a path (RFC 3986 §3.3). A backslash, for one, is a slash to some.
const pathCharacters = /^(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9a-f]{2})+$/i
// An encoded control character, slash or backslash.
const unsafeEscape = /%(?:[01][0-9a-f]|7f|2f|5c)/i
// Reads the same in every way but for letter case.
const plainPath = /^(?:\/[\w~-]+)*\/?$/
// Each character can at most double what a twisted path has; an honest one has three or four readings.
const maxReadings = 32
// To read a path in every way costs 1 ms for each thousand characters, at the worst.
const maxPathLength = 4096

/** Reads `target` in every way. `undefined` when it cannot be told what it is for: such a request is a 400. */
export function readTarget(target: string): Target | undefined {
  if (!originForm.test(target)) return undefined
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark + 1)
  if (path.length > maxPathLength) return undefined
  if (plainPath.test(path)) return describe(path, query, path, [path])
  if (!pathCharacters.test(path) || unsafeEscape.test(path)) return undefined
  const decoded = decode(path)
  if (decoded === undefined) return undefined
  const readings = collect(decoded)
  // An upstream may match a path that it has not decoded.
  const undecoded = path === decoded ? [] : collect(path, true)
  // A semicolon begins the query for Fastify 4, and for others that route by find-my-way.
  const cut = path.includes(';') ? collect(decode(path.replace(/;.*$/s, '')) ?? '') : []
  return readings && undecoded && cut && describe(path, query, decoded, [...readings, ...undecoded, ...cut])
}

function describe(path: string, query: string, decoded: string, paths: readonly string[]): Target | undefined {
  const readings = paths.flatMap((one) => [
    { segments: split(one), folded: false },
    { segments: split(fold(one)), folded: true },
  ])
  return { path, decoded: decoded.normalize('NFKC'), query, segments: split(decoded), readings }
}

/** The path as a comparison without regard to letter case sees it. */
export function fold(text: string): string {
  // ASCII has no other form.
  if (ascii.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}

function split(path: string): readonly string[] {
  const inner = path.slice(1, path.length > 1 && path.endsWith('/') ? -1 : undefined)
  return inner === '' ? [] : inner.split('/')
}

/** Also refuses overlong and broken UTF-8. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** What upstreams are known to do to a path. Each may come before or after each other one. */
const cleanings: readonly ((path: string) => string)[] = [
  // Full-width forms of `/`, `.` and letters.
  (path) => path.normalize('NFKC'),
  // An encoded `?` or `#`, decoded too early.
  (path) => path.replace(/[?#].*$/s, ''),
  // Path parameters, such as `;jsessionid=`: servlet containers match without them.
  (path) => path.replace(/;[^/]*/g, ''),
  // Characters that nothing shows, such as a soft hyphen.
  (path) => path.replace(/\p{Cf}/gu, ''),
  // A plus is a blank in forms.
  (path) => path.replaceAll('+', ' '),
  // File systems of Windows drop dots and blanks at the end of a name.
  (path) => path.split('/').map(trimEnd).join('/'),
  // Applications trim what a user has typed.
  (path) => path.split('/').map(trimStart).join('/'),
]

// A loop: a regular expression for the end of a text takes quadratic time.
function trimEnd(segment: string): string {
  let end = segment.length
  while (end > 0 && /[\s.]/.test(segment.charAt(end - 1))) end--
  return segment.slice(0, end)
}

function trimStart(segment: string): string {
  return segment.trimStart()
}

/** All that `cleanings` make of `path`, in any order. `undefined` when one of them is a path that no two agree about. */
function collect(path: string, isEncoded = false): readonly string[] | undefined {
  const found = new Set([path])
  // A set also visits the members that the loop adds.
  for (const one of found) {
    if (isUnclear(one, isEncoded) || found.size > maxReadings) return undefined
    for (const clean of cleanings) found.add(clean(one))
  }
  return [...found].every((one) => !isUnclear(fold(one), isEncoded)) ? [...found] : undefined
}

function isUnclear(path: string, isEncoded: boolean): boolean {
  if (!path.startsWith('/') || path.includes('//') || path.includes('\\')) return true
  // Dot segments, and what becomes one where blanks at the end are dropped, such as `.. `.
  if (/\/[\s.]+(?:\/|$)/.test(path) || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(path)) return true
  // Encoded twice: the upstream may decode once more than we do.
  return !isEncoded && /%(?:[0-9a-f]{2}|u[0-9a-f]{4})/i.test(path)
}
