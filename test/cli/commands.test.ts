// `claimcheck check`, `recipe`, `health`, `explain` as a process, and the command without any.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/subpaths.ts'
import { isInstalled, nginxServing, startGateway } from '../support/gateways.ts'
import { freePort } from '../support/ports.ts'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { folder, run, serve, stsAndConfig, write } from './run.ts'

const limit = 30_000
const missing = isInstalled('nginx') ? '' : ' (not run: nginx is not installed)'

test(
  'says what there is, and ends with 2 for what there is not',
  async () => {
    const nothing = await run([])
    expect([nothing.code, nothing.stdout]).toEqual([2, ''])
    for (const name of ['serve', 'check', 'recipe', 'health', 'doctor']) expect(nothing.stderr).toContain(name)
    expect((await run(['constructor'])).code).toBe(2)
    const help = await run(['serve', '--help'])
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain('CLAIMCHECK_CONFIG')
  },
  limit,
)

test(
  'check prints the routes by rank with their policies, and every check that is off',
  async () => {
    const { config } = await stsAndConfig()
    const open = {
      ...config,
      preflight: true,
      issuer: { oidc: { issuer: 'http://sts.internal', audience: null, insecureAllowHttp: true } },
    }
    const { audience: _, ...rest } = open
    const routes = { ...config.routes, '/maybe': 'optional', '/own': { withoutDefaultPolicy: { scope: 'a' } } }
    const { code, stdout, stderr } = await run([
      'check',
      '--config',
      write('c.json', { ...rest, policy: { scope: 'all' }, routes }),
    ])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' '))
    expect(lines).toContain('GET /orders/{id} allOf(scope(all), anyOf(scope(orders:read), role(auditor)))')
    expect(lines).toContain('/users/{user}/{rest...} allOf(scope(all), claim(sub = {user}))')
    expect(lines).toContain('/health: no token is asked for, and none is looked at')
    expect(lines).toContain('/maybe: a request without a token passes')
    expect(lines).toContain('/own: the default policy is not asked')
    expect(lines).toContain('issuer http://sts.internal: tokens that are meant for any API are accepted')
    expect(lines).toContain('issuer http://sts.internal: its keys may come over plain http')
    expect(lines).toContain('issuer.oidc.insecureAllowHttp is true')
    expect(lines).toContain('preflight: CORS preflights pass without a token')
    expect(lines).toContain('isRevoked: a token is good until it expires')
    expect(stdout).toContain('assertion: ')
    expect(stdout).toContain('trust: ')
  },
  limit,
)

test(
  'check ends with 2 for what serve would not start with',
  async () => {
    const { config } = await stsAndConfig()
    for (const change of [
      { listen: '0.0.0.0:1' },
      { admin: '0.0.0.0:1' },
      { routes: {} },
      { drainSeconds: -1 },
      { audience: undefined },
    ]) {
      const { code, stderr } = await run(['check', '--config', write('c.json', { ...config, ...change })])
      expect(stderr).toMatch(/^claimcheck check: /)
      expect(code).toBe(2)
    }
  },
  limit,
)

test(
  'serve makes the keys of assertions, check and recipe do not',
  async () => {
    const { sts, config } = await stsAndConfig()
    const directory = join(folder(), 'keys')
    const assertion = { issuer: 'gateway', audience: 'orders', keys: { fileSigningKeys: directory } }
    const file = write('c.json', { ...config, assertion })
    const checked = await run(['check', '--config', file])
    expect([checked.code, checked.stdout.includes('assertion: '), existsSync(directory)]).toEqual([0, false, false])
    expect(
      (await run(['recipe', 'caddy', '--config', file, '--upstream', '127.0.0.1:1', '--decisions', '127.0.0.1:2']))
        .code,
    ).toBe(0)
    expect(existsSync(directory)).toBe(false)
    const server = await serve(['--config', file])
    expect(readdirSync(directory)).toHaveLength(1)
    const answer = await server.ask('/account', sts.token())
    expect(valuesOf(answer, 'X-Auth-Assertion')[0]?.split('.')).toHaveLength(3)
    chmodSync(directory, 0o777)
    expect((await run(['serve', '--config', file])).stderr).toContain('chmod o-w')
  },
  limit,
)

test(
  'recipe prints for the gateways that the configuration names, with its own headers and address',
  async () => {
    const { config } = await stsAndConfig()
    const file = write('c.json', { ...config, dialects: ['nginx', 'haproxy'], listen: '127.0.0.1:9137' })
    const upstream = ['--config', file, '--upstream', '127.0.0.1:3000']
    const nginx = await run(['recipe', 'nginx', ...upstream])
    expect(nginx.stderr).toBe('')
    expect(nginx.stdout).toContain('server 127.0.0.1:9137;')
    expect(nginx.stdout).toContain('proxy_set_header X-Auth-Subject')
    expect((await run(['recipe', 'haproxy', ...upstream])).stdout).toContain('# ---- claimcheck.lua ----')
    const out = folder()
    expect((await run(['recipe', 'haproxy', ...upstream, '--out', out])).code).toBe(0)
    expect(readFileSync(join(out, 'claimcheck.lua'), 'utf8')).toContain('x-claimcheck-recipe')
    for (const args of [['caddy', ...upstream], ['iis', ...upstream], [...upstream], ['nginx', '--config', file]])
      expect((await run(['recipe', ...args])).code).toBe(2)
    const misspelt = await run(['recipe', 'nginx', ...upstream, '--lisen', '127.0.0.1:1'])
    expect(misspelt.stderr).toBe("claimcheck recipe: Unknown option '--lisen'. See claimcheck recipe --help.\n")
    const forward = ['recipe', 'nginx', ...upstream, '--forward-authorization']
    expect((await run([...forward, 'no'])).stdout).toContain('proxy_set_header Authorization "";')
    expect((await run([...forward, 'perhaps'])).code).toBe(2)
  },
  2 * limit,
)

test.skipIf(missing !== '')(
  `a real nginx runs the printed recipe, and the server behind it decides${missing}`,
  async () => {
    const { sts, config } = await stsAndConfig()
    const received: IncomingMessage[] = []
    const upstream = createServer((request, response) => {
      received.push(request)
      response.end('upstream')
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    onTestFinished(() => void upstream.close())
    const file = write('c.json', { ...config, dialects: ['nginx'] })
    const server = await serve(['--config', file])
    const addresses = [
      '--upstream',
      `127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      '--decisions',
      `127.0.0.1:${server.port}`,
    ]
    const printed = await run(['recipe', 'nginx', '--config', file, '--listen', '127.0.0.1:18080', ...addresses])
    expect(printed.stderr).toBe('')
    const nginx = await startGateway('nginx', (port) => [
      { name: 'nginx.conf', text: printed.stdout.replace('127.0.0.1:18080', `127.0.0.1:${port}`) },
    ])
    try {
      const token = `Authorization: Bearer ${sts.token({ sub: 'alice', scope: 'orders:read' })}`
      const status = async (path: string, ...lines: readonly string[]) =>
        (await sendRaw(nginx.port, { path, lines }).catch((error: Error) => ({ status: error.message }))).status
      expect(await status('/orders/1')).toBe(401)
      expect(await status('/elsewhere', token)).toBe(403)
      expect(received).toHaveLength(0)
      const answer = await fetch(`http://127.0.0.1:${nginx.port}/orders/1`, {
        headers: { Authorization: token.replace('Authorization: ', ''), 'X-Auth-Subject': 'root' },
      })
      expect([answer.status, await answer.text()]).toEqual([200, 'upstream'])
      expect(received.at(-1)?.headers['x-auth-subject']).toBe('alice')
    } finally {
      await nginx.stop()
    }
  },
  limit,
)

test.skipIf(missing !== '')(
  `an nginx that serves already takes the recipe as the documents say${missing}`,
  async () => {
    const { config } = await stsAndConfig()
    const file = write('c.json', { ...config, dialects: ['nginx'] })
    const server = await serve(['--config', file])
    const addresses = ['--upstream', '127.0.0.1:1', '--decisions', `127.0.0.1:${server.port}`]
    const { stdout } = await run(['recipe', 'nginx', '--config', file, '--listen', '127.0.0.1:18080', ...addresses])
    const [, script = ''] = /^sed '(.+)' nginx\.conf > /m.exec(readFileSync(`${root}/docs/gateways.md`, 'utf8')) ?? []
    const included = execFileSync('sed', [script], { input: stdout, encoding: 'utf8' })
    expect(included).not.toMatch(/^\s*(?:pid|error_log|events|access_log|\w+_temp_path)\b/m)
    const own = await freePort()
    const nginx = await startGateway('nginx', (port) => [
      {
        name: 'nginx.conf',
        text: nginxServing(`127.0.0.1:${port}`, 'return 204;').replace('http {', 'http {\ninclude claimcheck.conf;'),
      },
      { name: 'claimcheck.conf', text: included.replace('127.0.0.1:18080', `127.0.0.1:${own}`) },
    ])
    try {
      expect((await sendRaw(nginx.port, { path: '/orders/1' })).status).toBe(204)
      expect((await sendRaw(own, { path: '/orders/1' })).status).toBe(401)
      expect((await sendRaw(own, { path: '/health' })).status).toBe(502)
    } finally {
      await nginx.stop()
    }
  },
  limit,
)

test(
  'health ends with 0 while the server answers, and with 1 without',
  async () => {
    const { config } = await stsAndConfig()
    const server = await serve(['--config', write('c.json', config)])
    const admin = String(server.lines.find(({ what }) => what === 'listening')?.admin).replace('http://', '')
    expect((await run(['health', '--admin', admin])).code).toBe(0)
    expect((await run(['health'], { env: { CLAIMCHECK_ADMIN: admin } })).code).toBe(0)
    server.child.kill('SIGTERM')
    await server.ended
    expect((await run(['health', '--admin', admin])).code).toBe(1)
    expect((await run(['health', '--admin', 'here'])).code).toBe(2)
  },
  limit,
)

test(
  'explain ends with 0, 1, 2 and 64, warns about a token among its arguments, and never prints it',
  async () => {
    const { sts, config } = await stsAndConfig()
    const [good, bad, file] = [sts.token(), sts.badToken('expired'), write('c.json', config)]
    const accepted = await run(['explain', '--config', file], { input: good })
    expect([accepted.code, accepted.stderr]).toEqual([0, ''])
    const byVariable = await run(['explain', '--json'], { input: bad, env: { CLAIMCHECK_CONFIG: file } })
    expect([byVariable.code, (JSON.parse(byVariable.stdout) as { verdict: string }).verdict]).toEqual([1, 'refused'])
    const argument = await run(['explain', good])
    expect(argument.code).toBe(2)
    expect(argument.stderr).toContain('the shell remembers this token')
    const misuse = await run(['explain', '--issuer', good], { input: good })
    expect(misuse.code).toBe(64)
    for (const { stdout, stderr } of [accepted, byVariable, argument, misuse])
      for (const token of [good, bad]) expect(stdout + stderr).not.toContain(token.split('.')[2])
  },
  limit,
)
