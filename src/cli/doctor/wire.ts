// One request as bytes, and its answer as it came: no HTTP client sends two Host lines, a twisted target or an h2c upgrade.
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type Line = readonly [name: string, value: string]

export interface WireRequest {
  readonly method: string
  readonly target: string
  /** Header lines without their end, Host among them. */
  readonly lines: readonly string[]
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly lines: readonly Line[]
  readonly body: string
}

/** Longer than any recipe waits for a decision: HAProxy's four tries take 6.4 s. */
const patienceMs = 10_000
const maxBytes = 1024 * 1024

/** What is said of a connection that was ended in place of an answer. */
export const cutOff = 'the connection was closed without an answer'

/** Sends a request on a connection of its own. Resolves to the answer, or to a text that says why there is none. */
export async function sendRequest(server: URL, request: WireRequest): Promise<Answer | string> {
  const { method, target, lines, body = '' } = request
  const socket = open(server)
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs)
  socket.write(Buffer.from(`${[`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n')}${body}`))
  let text = ''
  try {
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString('latin1')
      const answer = readAnswer(text, method, false)
      if (answer || text.length > maxBytes) return answer ?? 'an answer that does not end'
    }
    return readAnswer(text, method, true) ?? cutOff
  } catch (error) {
    // Some gateways reset a connection whose request they did not read to its end.
    const { code, message } = error as NodeJS.ErrnoException
    return readAnswer(text, method, true) ?? (code === 'ECONNRESET' || code === 'EPIPE' ? cutOff : message)
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function open({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol !== 'https:') return connect(Number(port || 80), host)
  // An address is no server name (RFC 6066 §3). The certificate is verified in any case.
  const name = isIP(host) === 0 ? { servername: host } : {}
  return connectTls({ host, port: Number(port || 443), ...name, ALPNProtocols: ['http/1.1'] })
}

/** The values of all lines called `name`, joined. */
export function valueOf(lines: readonly Line[], name: string): string {
  const found = lines.filter(([one]) => one.toLowerCase() === name.toLowerCase())
  return found.map(([, value]) => value).join(', ')
}

/** `undefined` until the answer is whole. */
function readAnswer(text: string, method: string, hasEnded: boolean): Answer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...rest] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1])
  if (Number.isNaN(status)) return undefined
  const after = text.slice(end + 4)
  if (status >= 100 && status < 200 && status !== 101) return readAnswer(after, method, hasEnded)
  const lines = rest.map((line): Line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const hasNone = method === 'HEAD' || status === 101 || status === 204 || status === 304
  const body = hasNone ? '' : readBody(after, lines, hasEnded)
  return body === undefined ? undefined : { status, lines, body: Buffer.from(body, 'latin1').toString('utf8') }
}

function readBody(text: string, lines: readonly Line[], hasEnded: boolean): string | undefined {
  if (/chunked/i.test(valueOf(lines, 'transfer-encoding'))) return readChunks(text, hasEnded)
  const length = valueOf(lines, 'content-length')
  if (length === '') return hasEnded ? text : undefined
  return text.length >= Number(length) ? text.slice(0, Number(length)) : undefined
}

function readChunks(text: string, hasEnded: boolean): string | undefined {
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    const length = Number.parseInt(text.slice(at, lineEnd), 16)
    if (lineEnd >= 0 && length === 0) return body
    if (lineEnd < 0 || !(length > 0) || text.length < lineEnd + 2 + length) return hasEnded ? body : undefined
    body += text.slice(lineEnd + 2, lineEnd + 2 + length)
    at = lineEnd + 2 + length + 2
  }
}
