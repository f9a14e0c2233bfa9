// Sends the bytes of a request as they are over a TCP socket and reads the answer as it came: for what no HTTP client
// sends, such as two Authorization lines, tabs, control characters and UTF-8.
import { connect } from 'node:net'

export interface RawRequest {
  readonly method?: string
  readonly path?: string
  /** What the request line says: the parser of HTTP/1 takes 2.0, too. Default 1.1. */
  readonly version?: string
  /** Header lines without their line end, sent as the UTF-8 bytes of the text. */
  readonly lines?: readonly string[]
  readonly body?: string
}

export interface RawAnswer {
  readonly status: number
  /** Every header line in order, its name as it was sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Sends one request to a server on loopback and resolves to its answer. Rejects for an answer that is not one. */
export async function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytesOf(request))
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return parseAnswer(Buffer.concat(chunks))
}

/** The values of all header lines called `name`, in order. */
export function valuesOf({ headers }: RawAnswer, name: string): readonly string[] {
  return headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

function bytesOf({ method = 'GET', path = '/', version = '1.1', lines = [], body = '' }: RawRequest): Buffer {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const head = [`${method} ${path} HTTP/${version}`, 'Host: loopback', 'Connection: close', ...lines, ...length]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function parseAnswer(bytes: Buffer): RawAnswer {
  const text = bytes.toString('latin1')
  const headEnd = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]
  if (headEnd < 0 || status === undefined) throw new Error(`this is no HTTP answer: ${text.slice(0, 200)}`)
  const headers = lines.map(parseLine)
  const answer = { status: Number(status), headers, body: bytes.subarray(headEnd + 4).toString() }
  if (valuesOf(answer, 'Transfer-Encoding').length === 0) return answer
  const body = unchunk(text.slice(headEnd + 4))
  const others = headers.filter(([name]) => name.toLowerCase() !== 'transfer-encoding')
  return { ...answer, headers: [...others, ['Content-Length', String(body.length)]], body: body.toString() }
}

/** The body without its chunks (RFC 9112 §7.1.3): a server chunks what it has not whole when it begins to answer. */
function unchunk(text: string): Buffer {
  let body = ''
  let rest = text
  for (;;) {
    const [line = '', size] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? []
    if (size === undefined) throw new Error(`this is no chunk: ${rest.slice(0, 40)}`)
    const length = Number.parseInt(size, 16)
    if (length === 0) return Buffer.from(body, 'latin1')
    body += rest.slice(line.length, line.length + length)
    rest = rest.slice(line.length + length + 2)
  }
}

function parseLine(line: string): readonly [string, string] {
  const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\x20-\x7e]*)$/.exec(line)
  if (!match) throw new Error(`this is no header line: ${JSON.stringify(line)}`)
  return [match[1] as string, match[2] as string]
}
