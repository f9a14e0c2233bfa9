// The token that is explained: alone, or as the line of a request.
import type { RequestView } from '../../http/request-view.ts'

/** A token by itself, or the header line that it came in. */
export type Given = { readonly token: string } | { readonly line: readonly [name: string, value: string] }

const headerLine = /^([a-z][a-z0-9-]*):[ \t]*(.*)$/is
const schemeAndToken = /^[a-z]+ +\S/i

/**
 * Reads what was pasted: a token, `Bearer` and a token, or a whole line such as `Authorization: Bearer …`. `headers` are those that
 * tokens come in besides `Authorization`. What a line says is the resource server's to judge.
 */
export function readGiven(text: string, headers: readonly string[]): Given {
  const [, name = '', value = ''] = headerLine.exec(text) ?? []
  if (name !== '' && ['authorization', ...headers].includes(name.toLowerCase())) return { line: [name, value] }
  return schemeAndToken.test(text) ? { line: ['Authorization', text] } : { token: text }
}

/** The header line for `given`, of an issuer whose tokens come in `header`. */
export function lineOf(given: Given, header: string): readonly [name: string, value: string] {
  if ('line' in given) return given.line
  return header === 'authorization' ? ['Authorization', `Bearer ${given.token}`] : [header, given.token]
}

/** A request that has this one line. */
export function viewOf(line: readonly [name: string, value: string]): RequestView {
  return { method: 'GET', url: '/', headers: [line] }
}
