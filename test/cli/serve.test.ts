// `claimcheck serve` as a process: start, logs, admin listener, reload, drain.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../../scripts/subpaths.ts'
import { sendRaw, valuesOf } from '../support/raw-request.ts'
import { folder, run, serve, start, stsAndConfig, write } from './run.ts'

const limit = 30_000
const json = (body: string): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>

describe('start', () => {
  test(
    'answers questions by the configuration, and logs one line for each refusal, without token and path',
    async () => {
      const { sts, config } = await stsAndConfig()
      const server = await serve(['--config', write('c.json', config)])
      const alice = sts.token({ sub: 'alice-of-the-log', scope: 'orders:read' })
      expect((await server.ask('/health')).status).toBe(200)
      const allowed = await server.ask('/orders/secret-path', alice)
      expect(valuesOf(allowed, 'X-Auth-Subject')).toEqual(['alice-of-the-log'])
      expect((await server.ask('/users/alice-of-the-log/a', alice)).status).toBe(200)
      expect((await server.ask('/users/bob/a', alice)).status).toBe(403)
      expect(await server.line('refused')).toMatchObject({
        level: 'warn',
        dialect: 'caddy',
        route: '/users/{user}/{rest...}',
        reason: 'access_denied',
        status: 403,
      })
      const bad = sts.badToken('wrong-audience')
      expect((await server.ask('/account?secret-query', bad, ['X-Request-Id: r-1'])).status).toBe(401)
      const line = await server.line('refused')
      expect(line).toMatchObject({ reason: 'audience_mismatch', status: 401, id: 'r-1' })
      expect(line.ms).toBeTypeOf('number')
      const text = JSON.stringify(server.lines)
      for (const hidden of ['secret-path', 'secret-query', 'alice-of-the-log', alice, bad, alice.split('.')[2] ?? ''])
        expect(text).not.toContain(hidden)
      expect(server.lines.some(({ what }) => what === 'allowed')).toBe(false)
    },
    limit,
  )

  test(
    'logs allowed requests where it is told to, and names what a question lacks',
    async () => {
      const { config } = await stsAndConfig()
      const server = await serve(['--config', write('c.json', config), '--log-allowed'])
      await server.ask('/health')
      expect(await server.line('allowed')).toMatchObject({ level: 'info', route: '/health', status: 200 })
      await sendRaw(server.port, { path: '/caddy' })
      expect(await server.line('refused')).toMatchObject({
        question: 'unreadable',
        hint: expect.stringContaining('X-Forwarded-Method') as string,
      })
      await server.ask('/health', undefined, ['X-Claimcheck-Recipe: 0123456789abcdef'])
      expect(await server.line('refused')).toMatchObject({
        question: 'outdated_recipe',
        hint: expect.stringContaining('npx claimcheck recipe caddy') as string,
      })
    },
    limit,
  )

  test(
    'reads JSON from stdin',
    async () => {
      const { config } = await stsAndConfig()
      const server = await serve(['--config', '-'], { input: JSON.stringify(config) })
      expect((await server.ask('/health')).status).toBe(200)
    },
    limit,
  )

  test.each<[string, object | string, string]>([
    ['a member that it does not know', { rotues: {} }, 'rotues: there is no member of this name'],
    ['an address that other machines reach, without trust', { listen: '0.0.0.0:0' }, 'trust is missing'],
    ['an admin address that other machines reach, without trust', { admin: '0.0.0.0:0' }, 'trust is missing'],
    ['an issuer over plain http', { issuer: 'http://sts.example.com' }, 'https'],
    ['no JSON', '{ "a": }', 'this is no JSON'],
    ['a member that is there twice', '{ "listen": "127.0.0.1:1", "listen": "127.0.0.1:2" }', 'no name twice'],
  ])(
    'ends with 2 for %s',
    async (_, changes, message) => {
      const { config } = await stsAndConfig()
      const file = write('c.json', typeof changes === 'string' ? changes : { ...config, ...changes })
      const { code, stderr, stdout } = await run(['serve', '--config', file])
      expect(stderr).toContain(message)
      expect(code).toBe(2)
      expect(stdout).not.toContain('listening')
    },
    limit,
  )

  test(
    'ends with 2 without a configuration, for a file that is not there and for one of no known form',
    async () => {
      for (const args of [[], ['--config', '/nowhere/c.json'], ['--config', 'c.yaml'], ['--lisen', 'x']])
        expect((await run(['serve', ...args])).code).toBe(2)
    },
    limit,
  )

  test.each<[string, readonly string[], string]>([
    ['an unknown flag', ['--lisen', 'x'], "Unknown option '--lisen'. See claimcheck serve --help."],
    ['a stray word', ['now'], 'does not take positional arguments. See claimcheck serve --help.'],
    ['a file that is not there', ['--config', 'nope.json'], `there is no file ${join(root, 'nope.json')}.`],
    ['a module that is not there', ['--config', 'nope.mjs'], `there is no file ${join(root, 'nope.mjs')}.`],
    ['a folder that is not there', ['--config', 'nope/c.json'], `, and no folder ${join(root, 'nope')}.`],
  ])(
    'says in a sentence what is wrong: %s',
    async (_, args, message) => {
      const { code, stderr } = await run(['serve', ...args])
      expect(stderr).toMatch(/^claimcheck serve: .*\n$/)
      expect(stderr).toContain(message)
      expect(code).toBe(2)
    },
    limit,
  )

  test.each(['--secret-file', '--doctor'])(
    'ends with 2 for a file of %s that is not there, nor its folder',
    async (option) => {
      const { config } = await stsAndConfig()
      const { code, stderr } = await run(['serve', '--config', write('c.json', config), option, 'nope/secret'])
      expect(stderr).toContain(`there is no file ${join(root, 'nope/secret')}`)
      expect(stderr).toContain(`, and no folder ${join(root, 'nope')}.`)
      expect(code).toBe(2)
    },
    limit,
  )

  test(
    'ends with 1 when the port is in use',
    async () => {
      const { config } = await stsAndConfig()
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`
      const { code, stderr } = await run(['serve', '--config', write('c.json', config), '--listen', listen])
      taken.close()
      expect(stderr).toBe(
        `claimcheck serve: ${listen} is in use (EADDRINUSE), perhaps by a server that still drains.\n`,
      )
      expect(code).toBe(1)
    },
    limit,
  )

  test(
    'ends with 1 when the socket is there already',
    async () => {
      const { config } = await stsAndConfig()
      const listen = `unix:${join(folder(), 'socket')}`
      const file = write('c.json', { ...config, listen })
      const killed = await serve(['--config', file])
      killed.child.kill('SIGKILL')
      await killed.ended
      const { code, stderr } = await run(['serve', '--config', file])
      expect(stderr).toContain('a server that was killed has left it behind')
      expect(code).toBe(1)
    },
    limit,
  )

  test(
    'takes a module: options, or a gateway; not without dialects, and not a copy',
    async () => {
      const { sts } = await stsAndConfig()
      const imports = `import { anonymous, createGateway } from '${root}/src/gateway/index.ts'
        const options = { issuer: '${sts.issuer}', audience: '${sts.audience}', routes: { '/health': anonymous, '/odd': ({ auth }) => auth.claims.odd === true } }
        export const server = { dialects: ['caddy'], listen: '127.0.0.1:0', admin: '127.0.0.1:0' }\n`
      for (const exported of ['options', 'createGateway(options)']) {
        const server = await serve(['--config', write('c.mjs', `${imports}export default ${exported}`)], {
          unbundled: true,
        })
        expect((await server.ask('/health')).status).toBe(200)
        expect((await server.ask('/odd', sts.token({ odd: true }))).status).toBe(200)
        expect((await server.ask('/odd', sts.token())).status).toBe(403)
        expect(await server.line('refused')).toMatchObject({ route: '/odd' })
        server.child.kill('SIGHUP')
        expect(await server.line('reload refused')).toMatchObject({
          hint: expect.stringContaining('restart') as string,
        })
      }
      for (const exported of ['{ ...createGateway(options) }', '7', '{ ...options, rotues: {} }']) {
        const { code, stderr } = await run([
          'serve',
          '--config',
          write('c.mjs', `${imports}export default ${exported}`),
        ])
        expect(stderr).not.toBe('')
        expect(code).toBe(2)
      }
      const bare = `export default ${JSON.stringify({ issuer: 'https://a.example', audience: 'a', routes: {} })}`
      expect((await run(['serve', '--config', write('c.mjs', bare)])).stderr).toContain('export const server')
    },
    2 * limit,
  )
})

describe('trust', () => {
  test(
    'a peer without the secret is refused, counted, and told no more than that it lives',
    async () => {
      const { config } = await stsAndConfig()
      const trust = { secret: { env: 'SECRET' } }
      const secret = 'x'.repeat(40)
      const file = write('c.json', { ...config, listen: '0.0.0.0:0', admin: '0.0.0.0:0', trust })
      const server = await serve(['--config', file], { env: { SECRET: secret } })
      expect((await server.ask('/health')).status).toBe(403)
      expect(await server.line('refused')).toMatchObject({ question: 'untrusted_peer' })
      expect((await server.ask('/health', undefined, [`X-Claimcheck-Secret: ${secret}`])).status).toBe(200)
      expect((await server.admin('/healthz')).status).toBe(200)
      expect((await server.admin('/metrics')).status).toBe(403)
      const { body } = await server.admin('/metrics', [`X-Claimcheck-Secret: ${secret}`])
      expect(body.split('\n')).toContain('claimcheck_untrusted_peers_total 1')
      await expect.poll(async () => json((await server.admin('/readyz')).body)).toEqual({ state: 'ready' })
    },
    limit,
  )
})

test(
  'a flood of untrusted peers leaves ten lines, and all of them are counted',
  async () => {
    const { config } = await stsAndConfig()
    const server = await serve(['--config', write('c.json', { ...config, trust: { addresses: ['192.0.2.1'] } })])
    for (let sent = 0; sent < 30; sent++) expect((await server.ask('/health')).status).toBe(403)
    expect((await server.admin('/metrics')).body.split('\n')).toContain('claimcheck_untrusted_peers_total 30')
    await expect.poll(() => server.lines.filter(({ what }) => what === 'refused')).toHaveLength(10)
  },
  limit,
)

describe('the admin listener', () => {
  test(
    'is ready as soon as keys are there, also when no request comes',
    async () => {
      const { sts, config } = await stsAndConfig()
      sts.outage('500')
      const server = await serve(['--config', write('c.json', config)])
      await server.line('no keys')
      expect((await server.admin('/healthz')).status).toBe(200)
      const before = await server.admin('/readyz')
      expect([before.status, json(before.body).state]).toEqual([503, 'without keys'])
      sts.recover()
      await expect.poll(async () => (await server.admin('/readyz')).status, { timeout: 10_000 }).toBe(200)
      const { issuers } = json((await server.admin('/readyz')).body) as { issuers: object[] }
      expect(issuers).toMatchObject([{ issuer: sts.issuer, state: 'fresh', keys: 1 }])
      expect((await server.admin('/elsewhere')).status).toBe(404)
      const { body } = await server.admin('/metrics')
      expect(body).toMatch(/^claimcheck_key_refresh_failures_total [1-9]/m)
      expect(body).toMatch(/^claimcheck_keys_age_seconds\{issuer="[^"]+"\} \d/m)
    },
    limit,
  )

  test(
    'counts decisions by pattern and code, never by path or subject',
    async () => {
      const { sts, config } = await stsAndConfig()
      const server = await serve(['--config', write('c.json', config)])
      const token = sts.token({ sub: 'subject-1', scope: 'orders:read' })
      for (const target of ['/orders/path-1', '/orders/path-2', '/nowhere/path-3']) await server.ask(target, token)
      await server.ask('/health', undefined, ['X-Claimcheck-Recipe: 0123456789abcdef'])
      const { body, headers } = await server.admin('/metrics')
      expect(headers).toContainEqual(['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'])
      const lines = body.split('\n')
      expect(lines).toContain(
        'claimcheck_decisions_total{dialect="caddy",route="GET /orders/{id}",effect="allow",reason=""} 2',
      )
      expect(lines).toContain(
        'claimcheck_decisions_total{dialect="caddy",route="",effect="refuse",reason="route_unknown"} 1',
      )
      expect(lines).toContain('claimcheck_decision_seconds_count 4')
      expect(lines).toContain('claimcheck_decision_seconds_bucket{le="+Inf"} 4')
      expect(lines).toContain(`claimcheck_keys{issuer="${sts.issuer}"} 1`)
      expect(lines).toContain('claimcheck_recipe_outdated_total 1')
      expect(lines).toContain('claimcheck_untrusted_peers_total 0')
      expect(lines).toContain('claimcheck_key_refresh_failures_total 0')
      for (const hidden of ['path-', 'subject-1', token]) expect(body).not.toContain(hidden)
      // Every sample is a name, labels, and a number.
      for (const line of lines.filter((one) => one !== '' && !one.startsWith('#')))
        expect(line).toMatch(/^claimcheck_[a-z_]+(?:\{(?:[a-z]+="[^"\n]*",?)+\})? [\d.e-]+$/)
    },
    limit,
  )
})

describe('reload', () => {
  test(
    'serves the new routes, keeps the keys, and loses no request',
    async () => {
      const { sts, config } = await stsAndConfig()
      const file = write('c.json', config)
      const server = await serve(['--config', file])
      expect((await server.ask('/account', sts.token())).status).toBe(200)
      const fetched = sts.requests.keys
      // An outage begins: a server without the keys of before could verify nothing.
      sts.outage('500')
      writeFileSync(
        file,
        JSON.stringify({
          ...config,
          routes: { ...config.routes, '/account': { scope: 'new' }, '/added': 'authenticated' },
        }),
      )
      server.child.kill('SIGHUP')
      const answers = Promise.all(Array.from({ length: 20 }, () => server.ask('/health')))
      expect(await server.line('reloaded')).toMatchObject({ routes: 5 })
      expect((await answers).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
      expect((await server.ask('/added', sts.token())).status).toBe(200)
      expect((await server.ask('/account', sts.token())).status).toBe(403)
      expect(sts.requests.keys).toBe(fetched)
      expect((await server.admin('/metrics')).body).toContain('claimcheck_config_reloads_total{result="ok"} 1')
    },
    limit,
  )

  test(
    'leaves a question in flight to the configuration that it began with',
    async () => {
      const { sts, config } = await stsAndConfig()
      const file = write('c.json', { ...config, deadlineMs: 20_000 })
      const server = await serve(['--config', file])
      await server.line('keys.refreshed')
      sts.rotateKeys()
      sts.outage('hang')
      const fetched = sts.requests.keys
      const slow = server.ask('/account', sts.token())
      await expect.poll(() => sts.requests.keys).toBeGreaterThan(fetched)
      writeFileSync(file, JSON.stringify({ ...config, routes: { '/other': 'authenticated' } }))
      server.child.kill('SIGHUP')
      await server.line('reloaded')
      sts.recover()
      expect((await slow).status).toBe(200)
      expect((await server.ask('/account', sts.token())).status).toBe(403)
    },
    limit,
  )

  test(
    'does not give the keys of an address to an issuer whose keys are elsewhere',
    async () => {
      const { sts, config } = await stsAndConfig()
      const other = await stsAndConfig()
      const file = write('c.json', config)
      const server = await serve(['--config', file])
      expect((await server.ask('/account', sts.token())).status).toBe(200)
      const issuer = { oidc: { issuer: sts.issuer, jwksUri: `${other.sts.issuer}/jwks` } }
      writeFileSync(file, JSON.stringify({ ...config, issuer }))
      server.child.kill('SIGHUP')
      await server.line('reloaded')
      expect((await server.ask('/account', sts.token())).status).not.toBe(200)
    },
    limit,
  )

  test.each<[string, (config: Record<string, unknown>) => unknown, RegExp]>([
    [
      'a route that cannot be read',
      (config) => ({ ...config, routes: { '/x': { skope: 'a' }, '/health': 'anonymous' } }),
      /skope/,
    ],
    ['half a file', (config) => JSON.stringify(config).slice(0, -5), /no JSON/],
    [
      'another address',
      (config) => ({ ...config, listen: '127.0.0.1:1', routes: { '/x': 'anonymous' } }),
      /listen has changed/,
    ],
    [
      'another trust',
      (config) => ({ ...config, trust: { addresses: ['10.0.0.1'] }, routes: { '/x': 'anonymous' } }),
      /trust has changed/,
    ],
  ])(
    'changes nothing for %s',
    async (_, change, reason) => {
      const { sts, config } = await stsAndConfig()
      const file = write('c.json', config)
      const server = await serve(['--config', file])
      const changed = change(config)
      writeFileSync(file, typeof changed === 'string' ? changed : JSON.stringify(changed))
      server.child.kill('SIGHUP')
      expect((await server.line('reload failed')).reason).toMatch(reason)
      expect((await server.ask('/account', sts.token())).status).toBe(200)
      expect((await server.ask('/x', sts.token())).status).toBe(403)
      expect((await server.admin('/metrics')).body).toContain('claimcheck_config_reloads_total{result="failed"} 1')
      writeFileSync(file, JSON.stringify(config))
      server.child.kill('SIGHUP')
      await server.line('reloaded')
    },
    limit,
  )
})

describe('stop', () => {
  test(
    'SIGTERM: is ready no more, goes on for drainSeconds, finishes what is in flight, and ends with 0',
    async () => {
      const { sts, config } = await stsAndConfig()
      const server = await serve(['--config', write('c.json', { ...config, drainSeconds: 1, deadlineMs: 20_000 })])
      await server.line('keys.refreshed')
      expect((await server.admin('/readyz')).status).toBe(200)
      server.child.kill('SIGTERM')
      await server.line('draining')
      const readiness = await server.admin('/readyz')
      expect([readiness.status, json(readiness.body).state]).toEqual([503, 'draining'])
      expect((await server.ask('/account', sts.token())).status).toBe(200)
      expect(await server.ended).toMatchObject({ code: 0 })
    },
    limit,
  )

  test(
    'a question in flight is answered before the end',
    async () => {
      const { sts, config } = await stsAndConfig()
      const server = await serve(['--config', write('c.json', { ...config, deadlineMs: 20_000 })])
      await server.line('keys.refreshed')
      sts.rotateKeys()
      sts.outage('hang')
      const fetched = sts.requests.keys
      const slow = server.ask('/account', sts.token())
      await expect.poll(() => sts.requests.keys).toBeGreaterThan(fetched)
      server.child.kill('SIGTERM')
      await server.line('draining')
      await expect
        .poll(async () => server.ask('/health').catch(({ code }: { code: string }) => code))
        .toBe('ECONNREFUSED')
      sts.recover()
      expect((await slow).status).toBe(200)
      expect(await server.ended).toMatchObject({ code: 0 })
      expect(server.lines.at(-1)).toMatchObject({ what: 'stopped' })
    },
    limit,
  )

  test(
    'a second signal ends at once',
    async () => {
      const { config } = await stsAndConfig()
      const server = await serve(['--config', write('c.json', { ...config, drainSeconds: 3600 })])
      server.child.kill('SIGTERM')
      await server.line('draining')
      server.child.kill('SIGINT')
      expect(await server.ended).toMatchObject({ code: 1 })
    },
    limit,
  )
})

test(
  'the demo runs: each curl line gets the status that stands above it',
  async () => {
    const demo = start(['serve', '--demo', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'])
    await demo.line('listening')
    let text = ''
    demo.child.stdout?.on('data', (chunk) => (text += String(chunk)))
    await expect.poll(() => text, { timeout: 10_000 }).toContain('Ctrl-C')
    // The keys were there before: no log line comes between the text and the first request.
    expect(demo.lines.map(({ what }) => what)).toContain('keys.refreshed')
    const tokens = new Map([...text.matchAll(/^([A-Z]+)='(\S+)'$/gm)].map(([, name, token]) => [name, token]))
    const tries = [...text.matchAll(/^# (\d{3}): .*\ncurl -i (?:-H "Authorization: Bearer \$([A-Z]+)" )?(\S+)$/gm)]
    expect(tries).toHaveLength(6)
    for (const [, status, name, url = ''] of tries) {
      const answer = await fetch(url, {
        headers: name === undefined ? {} : { Authorization: `Bearer ${tokens.get(name)}` },
      })
      expect(answer.status, url).toBe(Number(status))
      expect(answer.headers.get('cache-control'), url).toBe('no-store')
    }
    demo.child.kill('SIGINT')
    expect(await demo.ended).toMatchObject({ code: 0 })
  },
  limit,
)
