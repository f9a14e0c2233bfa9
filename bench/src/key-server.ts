// The STS of a measurement: answers every path with its JWK Set. It lives in another process than what is measured.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function serveKeys(jwks: object): Promise<{ keysUrl: string; close(): void }> {
  const body = JSON.stringify(jwks)
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    keysUrl: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
