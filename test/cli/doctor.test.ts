// `claimcheck doctor` as a command: what it needs, what it says, and what it leaves alone. test/cli/doctor-gateways.test.ts has the gateways.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { faults } from '../../src/cli/doctor/probe-header.ts'
import { isInstalled, startGateway } from '../support/gateways.ts'
import { certificateOf } from '../support/certificates.ts'
import { startLoopback } from '../support/loopback.ts'
import { createKey } from '../support/tokens.ts'
import { path, recipeOf } from './doctor-gateways.ts'
import { folder, run, serve, stsAndConfig, write } from './run.ts'

const limit = 60_000
const isMissing = !isInstalled('nginx')

/** A decision server, nginx by its recipe, and an API that notes what reaches it. */
async function open() {
  const { sts, config } = await stsAndConfig()
  const at = folder()
  const secret = join(at, 'secret')
  const file = write('c.json', { ...config, dialects: ['nginx'] })
  const server = await serve(['--config', file, '--doctor', secret])
  const received: IncomingMessage[] = []
  const api = createServer((request, response) => {
    received.push(request)
    response.end('the API')
  })
  api.listen(0, '127.0.0.1')
  await once(api, 'listening')
  const upstream = `127.0.0.1:${(api.address() as AddressInfo).port}`
  const addresses = { upstream, decisions: `127.0.0.1:${server.port}` }
  const gateway = await startGateway('nginx', (port) =>
    recipeOf('nginx', { listen: `127.0.0.1:${port}`, ...addresses }),
  )
  onTestFinished(async () => {
    await gateway.stop()
    api.close()
    api.closeAllConnections()
  })
  const token = sts.token({ sub: 'alice', scope: 'orders:read' })
  const tokenFile = join(at, 'token')
  writeFileSync(tokenFile, `${token}\n`)
  const args = ['doctor', `http://127.0.0.1:${gateway.port}`, '--config', file, '--path', path]
  const sides = ['--token-file', tokenFile, '--secret', secret, '--admin', server.adminAddress]
  return { sts, config, server, received, upstream, token, tokenFile, args, sides, file }
}

test.skipIf(isMissing)(
  'changes nothing: the API gets GET and HEAD, without a fault, and the issuer is not asked',
  async () => {
    const { received, upstream, args, sides, token, config } = await open()
    const issuer = await startLoopback((_, response) => response.end('{}'))
    // Doctor reads the configuration for its identity headers and routes alone.
    const own = write('own.json', { ...config, dialects: ['nginx'], issuer: issuer.url.slice(0, -1) })
    const withOwn = args.map((one) => (one.endsWith('.json') ? own : one))
    const { code, stdout, stderr } = await run([...withOwn, ...sides, '--upstream', `http://${upstream}`])
    expect([code, stderr]).toEqual([1, ''])
    expect(issuer.requests()).toBe(0)
    // No route lets OPTIONS pass.
    expect(new Set(received.map(({ method }) => method))).toEqual(new Set(['GET', 'HEAD']))
    for (const { headers } of received)
      for (const name of Object.keys(headers)) expect(name).not.toMatch(/override|original-url|rewrite-url|upgrade/)
    for (const fault of faults) expect(stdout).toContain(`fault ${fault}`)
    expect(stdout).toContain('HOLE D10 way past the gateway')
    for (const part of ['sent', 'received', 'means', 'fix']) expect(stdout).toMatch(new RegExp(`^  ${part} +\\S`, 'm'))
    expect(stdout).toMatch(/not checked +D4 +spoofed identity: needs --echo/)
    expect(stdout).not.toContain(token)
  },
  limit,
)

test.skipIf(isMissing)(
  'is closed with what it can see as a client alone, and lists what it cannot',
  async () => {
    const { args, tokenFile } = await open()
    const { code, stdout } = await run([...args, '--token-file', tokenFile, '--json'])
    const { result, findings } = JSON.parse(stdout) as { result: string; findings: { verdict: string; name: string }[] }
    expect([code, result]).toEqual([0, 'closed'])
    const closed = findings.filter(({ verdict }) => verdict === 'closed').map(({ name }) => name)
    expect(closed).toEqual(['asked at all', 'decisions for clients'])
  },
  limit,
)

test.skipIf(isMissing)(
  'tells an API that refuses without the token from a gateway, without an echo',
  async () => {
    const { args, sides, token } = await open()
    const api = await startLoopback(
      ({ headers }, response) => void response.writeHead(headers.authorization === `Bearer ${token}` ? 200 : 401).end(),
    )
    const closed = await run([...args, ...sides, '--upstream', api.url])
    expect([closed.code, closed.stdout]).toEqual([0, expect.stringMatching(/closed +D10 /)])
    const gateway = (args[1] ?? '').replace('127.0.0.1', 'localhost')
    const { code, stderr } = await run([...args, ...sides, '--upstream', gateway])
    expect([code, stderr]).toEqual([2, expect.stringContaining('--upstream leads to a gateway')])
  },
  limit,
)

test.skipIf(isMissing)(
  'could not run: no gateway, no token, another decision server, a secret of another start',
  async () => {
    const { args, sides, tokenFile, server, token, file } = await open()
    const gone = args.map((one) => (one.startsWith('http') ? 'http://127.0.0.1:1' : one))
    const otherSecret = join(folder(), 'other')
    const other = await serve(['--config', file, '--doctor', otherSecret])
    const another = write('secret', 'A'.repeat(43))
    const bad = write('token', `Bearer ${token}`)
    const rows: readonly (readonly [args: readonly string[], message: string])[] = [
      [[...gone, ...sides], 'ECONNREFUSED'],
      [[...args, '--secret', sides[3] ?? '', '--admin', server.adminAddress], 'does not come through'],
      [[...args, '--token-file', tokenFile, '--secret', another, '--admin', server.adminAddress], 'gives no reports'],
      [
        [...args, '--token-file', tokenFile, '--secret', sides[3] ?? '', '--admin', other.adminAddress],
        'gives no reports',
      ],
      [[...args, '--token-file', tokenFile, '--secret', otherSecret, '--admin', other.adminAddress], 'was not asked'],
      [[...args, '--token-file', bad], 'must hold an access token'],
      [[...args, '--token-file', tokenFile, '--secret', tokenFile], 'no file that'],
    ]
    for (const [all, message] of rows) {
      const { code, stderr } = await run(all)
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
      expect(stderr).not.toContain(token)
    }
  },
  limit,
)

test.each([
  ['no URL', []],
  ['no path', ['http://127.0.0.1:1', '--config', 'c.json']],
  ['a URL with a path', ['http://127.0.0.1:1/x', '--path', '/x']],
  ['another scheme', ['ftp://127.0.0.1', '--path', '/x']],
  ['a path with a query', ['http://127.0.0.1:1', '--path', '/x?a']],
  ['a path with a line end', ['http://127.0.0.1:1', '--path', '/x\r\nA: b']],
  ['an unknown flag', ['http://127.0.0.1:1', '--path', '/x', '--force']],
])('ends with 2 for %s', async (_, args) => {
  expect((await run(['doctor', ...args])).code).toBe(2)
})

test(
  'verifies the certificate of a gateway',
  async () => {
    const { config } = await stsAndConfig()
    const key = createKey('ES256')
    const cert = certificateOf(key, { name: 'localhost', lastYear: 2049 })
    const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' })
    const gateway = createHttpsServer({ key: pem, cert }, (_, response) => void response.writeHead(418).end())
    gateway.listen(0, '127.0.0.1')
    await once(gateway, 'listening')
    onTestFinished(() => void gateway.close())
    const url = `https://localhost:${(gateway.address() as AddressInfo).port}`
    const args = ['doctor', url, '--config', write('c.json', config), '--path', '/health']
    expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('certificate') as string })
    const env = { NODE_EXTRA_CA_CERTS: write('ca.pem', cert) }
    expect(await run(args, { env })).toMatchObject({ code: 2, stderr: expect.stringContaining('(418') as string })
  },
  limit,
)
