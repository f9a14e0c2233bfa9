// Load for one server after another: 64 connections, each with one request under way, a token of the pool on each. It writes bare
// requests and only looks where a response ends, so that it is not the load that is measured. Commands come as lines on stdin,
// `<port> <milliseconds>`; each is answered by a line with the number of responses, or an error.
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { readFixture } from './fixture.ts'

const connections = 64
const tokens = readFixture(process.argv[2] ?? '').pools.RS256.slice(0, 1000)
const requests = tokens.map((token) =>
  Buffer.from(
    `GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token.toString('latin1')}\r\n\r\n`,
    'latin1',
  ),
)
let turn = 0

async function load(port: number, millis: number): Promise<{ responses: number; seconds: number }> {
  const open = { responses: 0, ended: false }
  const start = performance.now()
  setTimeout(() => (open.ended = true), millis)
  stayAwake(open)
  await Promise.all(Array.from({ length: connections }, async () => converse(port, open)))
  return { responses: open.responses, seconds: (performance.now() - start) / 1000 }
}

/** A load that sleeps must be woken by the server, which costs the server microseconds for each response: more, the slower it is. */
function stayAwake(open: { readonly ended: boolean }): void {
  if (!open.ended) setImmediate(stayAwake, open)
}

async function converse(port: number, open: { responses: number; ended: boolean }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true }, send)
    let expected = 0
    let received = 0

    function send(): void {
      received = 0
      socket.write(requests[turn++ % requests.length] as Buffer)
    }

    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (received === 0 && chunk.toString('latin1', 9, 12) !== '200') {
        reject(new Error(chunk.toString('latin1', 0, 300)))
        return
      }
      received += chunk.length
      // All responses of a server are alike, to the byte.
      expected ||= lengthOf(chunk)
      if (received < expected) return
      open.responses++
      if (!open.ended) return send()
      socket.destroy()
      resolve()
    })
  })
}

function lengthOf(response: Buffer): number {
  const head = response.indexOf('\r\n\r\n') + 4
  const length = /content-length: (\d+)/i.exec(response.toString('latin1', 0, head))?.[1]
  if (length === undefined) throw new Error('A response without Content-Length.')
  return head + Number(length)
}

for await (const line of createInterface({ input: process.stdin })) {
  const [port, millis] = line.split(' ').map(Number) as [number, number]
  try {
    console.log(JSON.stringify(await load(port, millis)))
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }))
  }
}
