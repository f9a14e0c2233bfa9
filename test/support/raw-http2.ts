// Sends an HTTP/2 request of hand-made frames (RFC 9113 §4): no client sends two `authorization` fields, or bytes that no field may have.
import { connect } from 'node:net'

export type Field = readonly [name: string, value: string]

/** Sends a GET and resolves to the JSON of its answer, or to `undefined` when the stream was reset. */
export async function sendHttp2(port: number, path: string, fields: readonly Field[]): Promise<unknown> {
  const pseudo = { ':method': 'GET', ':path': path, ':scheme': 'http', ':authority': 'loopback' }
  const block = Buffer.concat([...Object.entries(pseudo), ...fields].map(literal))
  const socket = connect(port, '127.0.0.1')
  const headers = splitBlock(block).map((part, at, parts) =>
    frame(at === 0 ? frameType.headers : frameType.continuation, flagsOf(at, parts.length), 1, part),
  )
  socket.write(Buffer.concat([preface, frame(frameType.settings, 0, 0, Buffer.alloc(0)), ...headers]))
  let received = Buffer.alloc(0)
  let body = ''
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer])
      for (let next = firstFrame(received); next; next = firstFrame(received)) {
        received = received.subarray(9 + next.payload.length)
        if (next.type === frameType.data) body += next.payload.toString()
        const isEnd = next.type === frameType.data && (next.flags & endStream) !== 0
        if (isEnd) return JSON.parse(body) as unknown
        if (next.type === frameType.reset || next.type === frameType.goAway) return undefined
      }
    }
  } finally {
    socket.destroy()
  }
  throw new Error('the server hung up without an answer')
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const frameType = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7, continuation: 9 } as const
const endStream = 1
const endHeaders = 4
const maxFrameBytes = 16_384

interface Frame {
  readonly type: number
  readonly flags: number
  readonly payload: Buffer
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 9) return undefined
  const end = 9 + bytes.readUIntBE(0, 3)
  if (bytes.length < end) return undefined
  return { type: bytes.readUInt8(3), flags: bytes.readUInt8(4), payload: bytes.subarray(9, end) }
}

function flagsOf(at: number, parts: number): number {
  return (at === 0 ? endStream : 0) | (at === parts - 1 ? endHeaders : 0)
}

function splitBlock(block: Buffer): readonly Buffer[] {
  const parts = Math.ceil(block.length / maxFrameBytes)
  return Array.from({ length: parts }, (_, at) => block.subarray(at * maxFrameBytes, (at + 1) * maxFrameBytes))
}

/** A literal field without indexing (RFC 7541 §6.2.2). */
function literal([name, value]: Field): Buffer {
  return Buffer.concat([Buffer.from([0]), stringOf(name), stringOf(value)])
}

/** A string without Huffman code; its length is an integer with a prefix of 7 bits (RFC 7541 §5.1, §5.2). */
function stringOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const length = bytes.length < 127 ? [bytes.length] : [127]
  if (bytes.length >= 127) {
    let rest = bytes.length - 127
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}
