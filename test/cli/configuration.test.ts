// What a configuration in JSON may say, and what stops the start.
import { readFileSync } from 'node:fs'
import { createTestIssuer } from 'claimcheck/testing'
import { describe, expect, test, vi } from 'vitest'
import { root } from '../../scripts/subpaths.ts'
import { configurationSchema, readConfiguration } from '../../src/cli/configuration.ts'
import { readArguments, settingsOf } from '../../src/cli/settings.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { write } from './run.ts'

const good = {
  dialects: ['nginx'],
  issuer: 'https://sts.example.com',
  audience: 'a',
  routes: { '/x': 'authenticated' },
}

test('gateway.schema.json is what the table says: npm run schema', () => {
  expect(JSON.parse(readFileSync(`${root}/gateway.schema.json`, 'utf8'))).toEqual(configurationSchema())
})

test('the configuration of docs/gateways.md can be used as it is printed', () => {
  const [, printed = ''] = /```json\n([^]*?)```/.exec(readFileSync(`${root}/docs/gateways.md`, 'utf8')) ?? []
  const { server, options } = readConfiguration(JSON.parse(printed))
  expect(server.dialects).toEqual(['nginx'])
  expect(createGateway(options as never).routes).toHaveLength(3)
})

test.each<[string, object, RegExp]>([
  ['an unknown member', { audiance: 'a' }, /^audiance: there is no member of this name/],
  ['an inherited name', JSON.parse('{"__proto__": {}}'), /^__proto__: there is no member/],
  ['an unknown member further in', { trust: { adresses: ['10.0.0.1'] } }, /^trust\.adresses: there is no member/],
  ['an unknown dialect', { dialects: ['nginx', 'iis'] }, /^dialects\[1\]: this must be "nginx" or/],
  ['no dialect', { dialects: undefined }, /^dialects: this must be a list/],
  ['an unknown preset', { issuer: { entrra: {} } }, /^issuer\.entrra: there is no member/],
  ['what is no preset', { issuer: { jwkFromPem: 'x' } }, /^issuer\.jwkFromPem: there is no member/],
  ['two presets in one', { issuer: { entra: {}, auth0: {} } }, /^issuer: this must be an object with one member/],
  ['an unknown option of a preset', { issuer: { entra: { tenat: 'x' } } }, /^issuer\.entra: .*no option tenat/],
  ['an option in a list', { issuer: ['https://a.example', { oidc: { isuer: 'x' } }] }, /^issuer\[1\]\.oidc: .*isuer/],
  ['a secret of the environment in an issuer', { issuer: { env: 'ISSUER' } }, /^issuer\.env: there is no member/],
  ['a variable as issuer further in', { issuer: { oidc: { issuer: { env: 'X' } } } }, /^issuer\.oidc: issuer must be/],
  ['a variable as audience', { audience: { env: 'AUDIENCE' } }, /^audience: this must be a text/],
  ['an unknown rule', { routes: { 'GET /x': { scopes: 'a' } } }, /^routes\["GET \/x"\]\.scopes: there is no member/],
  ['an unknown word', { routes: { '/x': 'anyone' } }, /^routes\["\/x"\]: there is no rule 'anyone'/],
  ['true for a policy', { routes: { '/x': true } }, /^routes\["\/x"\]: this must be an object/],
  ['an inherited rule', { routes: { '/x': 'constructor' } }, /^routes\["\/x"\]: there is no rule/],
  ['two rules in one', { routes: { '/x': { scope: 'a', role: 'b' } } }, /one member/],
  ['no rule in a combinator', { routes: { '/x': { anyOf: [] } } }, /^routes\["\/x"\]\.anyOf: this must be a list/],
  ['an open route within a policy', { routes: { '/x': { anyOf: ['anonymous'] } } }, /anyOf\[0\]: there is no rule/],
  ['a scope that is none', { routes: { '/x': { scope: 'a b' } } }, /^routes\["\/x"\]\.scope: /],
  ['an empty list of scopes', { routes: { '/x': { scope: [] } } }, /^routes\["\/x"\]\.scope: this must be a list/],
  [
    'a parameter that the route lacks',
    { routes: { '/x/{a}': { claim: { sub: { param: 'b' } } } } },
    /param: the route has: a/,
  ],
  [
    'a parameter in the default policy',
    { policy: { claim: { sub: { param: 'a' } } } },
    /^policy\.claim\.sub\.param: this place has no/,
  ],
  [
    'a parameter within not',
    { routes: { '/x/{a}': { not: { anyOf: [{ claim: { sub: { param: 'a' } } }] } } } },
    /param: a parameter must not be compared within "not"/,
  ],
  ['a claim without a value', { routes: { '/x': { claim: { sub: null } } } }, /^routes\["\/x"\]\.claim\.sub: /],
  ['no claim', { routes: { '/x': { claim: {} } } }, /claim: this must be an object of claims/],
  ['a secret as text', { trust: { secret: 's'.repeat(40) } }, /^trust\.secret: a secret is never written here/],
  [
    'a variable that is not there',
    { trust: { secret: { env: 'CLAIMCHECK_TEST_NOTHING' } } },
    /^trust\.secret\.env: the environment has no/,
  ],
  [
    'a file that is not there',
    { trust: { secret: { file: '/nowhere/x' } } },
    /^trust\.secret\.file: there is no file \/nowhere/,
  ],
  ['a flag as text', { preflight: 'yes' }, /^preflight: this must be true or false/],
  ['a number as text', { deadlineMs: '100' }, /^deadlineMs: this must be a number/],
  ['what only code can say', { isRevoked: true }, /^isRevoked: there is no member/],
])('%s stops the start, with its path', (_, changes, message) => {
  const { dialects, ...rest } = changes as { dialects?: unknown }
  const value = { ...good, ...rest, ...('dialects' in changes && { dialects }) }
  if ('__proto__' in changes && Object.hasOwn(changes, '__proto__'))
    Object.defineProperty(value, '__proto__', { value: {}, enumerable: true })
  expect(() => createGateway(readConfiguration(value).options as never)).toThrow(message)
})

test.each(['dialects', 'issuer', 'routes'])('without %s there is no start', (name) => {
  const { [name]: _, ...rest } = good as Record<string, unknown>
  expect(() => readConfiguration(rest)).toThrow(`${name}: this is missing.`)
})

test('a message never holds a secret', () => {
  const secret = 'very-secret-very-secret-very-secret-very'
  const file = write('secret', secret)
  const messages = [secret, { file: secret, env: secret }, [secret], { file: `${file}x` }].map((value) => {
    try {
      readConfiguration({ ...good, trust: { secret: value } })
    } catch (error) {
      return (error as Error).message
    }
    return 'read'
  })
  expect(messages).not.toContain('read')
  for (const message of messages) expect(message).not.toContain(secret)
})

test('secrets come from a file or a variable', () => {
  vi.stubEnv('CLAIMCHECK_TEST_SECRET', 'a'.repeat(40))
  const fromVariable = readConfiguration({ ...good, trust: { secret: { env: 'CLAIMCHECK_TEST_SECRET' } } })
  expect(fromVariable.server.trust?.secret).toBe('a'.repeat(40))
  const file = write('secret', `${'b'.repeat(40)}\n`)
  const fromFile = readConfiguration({ ...good, trust: { secret: { file } } })
  expect(fromFile.server.trust?.secret).toBe('b'.repeat(40))
})

describe('a policy in JSON decides as the one in code', () => {
  const sts = createTestIssuer()
  const statusOf = async (
    route: unknown,
    claims: object,
    { key = '/x', path = '/x', policy }: { key?: string; path?: string; policy?: unknown } = {},
  ) => {
    const value = {
      ...good,
      issuer: sts.issuer,
      audience: sts.audience,
      routes: { [key]: route },
      ...(policy !== undefined && { policy }),
    }
    const { options } = readConfiguration(value)
    const gateway = createGateway({ ...options, fetch: sts.fetch, clock: sts.clock } as never)
    const headers = [['Authorization', `Bearer ${sts.token(claims as never)}`]] as const
    return (await gateway.decide({ method: 'GET', target: path, host: 'a.example', scheme: 'https', headers })).status
  }
  const groups = { groups: ['g'] }

  test.each<[unknown, object, number, object, number]>([
    ['authenticated', {}, 200, {}, 200],
    [{ scope: 'a' }, { scope: 'a b' }, 200, { scope: 'b' }, 403],
    [{ scope: ['a', 'b'] }, { scope: 'a b' }, 200, { scope: 'a' }, 403],
    [{ anyScope: ['a', 'b'] }, { scope: 'b' }, 200, { scope: 'c' }, 403],
    [{ role: 'r' }, { roles: ['r'] }, 200, { roles: ['s'] }, 403],
    [{ permission: 'p' }, { permissions: ['p'] }, 200, { permissions: ['q'] }, 403],
    [{ group: 'g' }, groups, 200, { groups: ['h'] }, 403],
    [{ client: 'c' }, { client_id: 'c' }, 200, { client_id: 'd' }, 403],
    [{ anyOf: [{ scope: 'a' }, { role: 'r' }] }, { roles: ['r'] }, 200, {}, 403],
    [{ allOf: [{ scope: 'a' }, { role: 'r' }] }, { scope: 'a', roles: ['r'] }, 200, { roles: ['r'] }, 403],
    [{ not: { role: 'banned' } }, {}, 200, { roles: ['banned'] }, 403],
    [{ claim: { email_verified: true } }, { email_verified: true }, 200, { email_verified: 'true' }, 403],
    [{ claim: { a: 1, b: 'x' } }, { a: 1, b: 'x' }, 200, { a: 1, b: 'y' }, 403],
    [{ stepUp: { acrValues: ['2fa'] } }, { acr: '2fa' }, 200, { acr: '1fa', auth_time: 1 }, 401],
  ])('%j', async (route, allowed, status, denied, other) => {
    expect(await statusOf(route, allowed)).toBe(status)
    expect(await statusOf(route, denied)).toBe(other === 403 || other === 401 ? other : 200)
  })

  test('a claim is compared with the parameter of the route, and never with nothing', async () => {
    const route = { claim: { sub: { param: 'user' } } }
    const at = (path: string) => ({ key: '/users/{user}', path })
    expect(await statusOf(route, { sub: 'alice' }, at('/users/alice'))).toBe(200)
    expect(await statusOf(route, { sub: 'alice' }, at('/users/bob'))).toBe(403)
    expect(await statusOf(route, { sub: 'alice' }, at('/users/ALICE'))).toBe(403)
    const rest = { claim: { team: { param: 'rest' } } }
    const under = (path: string) => ({ key: '/teams/{rest...}', path })
    expect(await statusOf(rest, { team: 'a/b' }, under('/teams/a/b'))).toBe(200)
    expect(await statusOf(rest, { team: ['a', 'b'] }, under('/teams/b'))).toBe(200)
    expect(await statusOf(rest, { team: '' }, under('/teams'))).toBe(403)
    expect(await statusOf(rest, {}, under('/teams/undefined'))).toBe(403)
  })

  test('the default policy is asked in addition', async () => {
    const policy = { scope: 'all' }
    expect(await statusOf('authenticated', {}, { policy })).toBe(403)
    expect(await statusOf('authenticated', { scope: 'all' }, { policy })).toBe(200)
    expect(await statusOf({ withoutDefaultPolicy: 'authenticated' }, {}, { policy })).toBe(200)
  })
})

describe('settings', () => {
  const members = {
    dialects: ['nginx'],
    listen: '127.0.0.1:1',
    trust: { addresses: ['10.0.0.1'] },
    drainSeconds: 1,
  } as const

  test('flags beat the environment, which beats the file', () => {
    const of = (...args: string[]) => settingsOf(members, readArguments(args).overrides)
    expect(of()).toMatchObject({ listen: '127.0.0.1:1', drainSeconds: 1, log: 'json', admin: '127.0.0.1:9002' })
    vi.stubEnv('CLAIMCHECK_LISTEN', '127.0.0.1:2')
    vi.stubEnv('CLAIMCHECK_DRAIN_SECONDS', '2')
    vi.stubEnv('CLAIMCHECK_TRUST', '10.0.0.2, 10.0.0.3')
    vi.stubEnv('CLAIMCHECK_LOG', 'text')
    vi.stubEnv('CLAIMCHECK_ADMIN', '')
    expect(of()).toMatchObject({
      listen: '127.0.0.1:2',
      drainSeconds: 2,
      log: 'text',
      admin: '127.0.0.1:9002',
      trust: { addresses: ['10.0.0.2', '10.0.0.3'] },
    })
    expect(
      of('--listen', '127.0.0.1:3', '--drain-seconds', '3', '--log', 'silent', '--trust', '10.0.0.4'),
    ).toMatchObject({
      listen: '127.0.0.1:3',
      drainSeconds: 3,
      log: 'silent',
      trust: { addresses: ['10.0.0.4'] },
    })
  })

  test('a secret file of the environment replaces the secret of the file, and keeps the addresses', () => {
    vi.stubEnv('CLAIMCHECK_SECRET_FILE', '/run/secrets/x')
    const trust = { addresses: ['10.0.0.1'], secret: 'x' }
    expect(settingsOf({ ...members, trust }, readArguments([]).overrides).trust).toEqual({
      addresses: ['10.0.0.1'],
      secretFile: '/run/secrets/x',
    })
  })

  test.each([['--drain-seconds', 'soon'], ['--drain-seconds', '-1'], ['--log', 'xml'], ['--lisen', 'x'], ['x']])(
    '%s %s is refused',
    (...args) => {
      expect(() => settingsOf(members, readArguments(args).overrides)).toThrow(TypeError)
    },
  )

  test('no variable says which issuer is trusted', () => {
    for (const name of ['ISSUER', 'AUDIENCE', 'ROUTES', 'POLICY'])
      vi.stubEnv(`CLAIMCHECK_${name}`, 'https://evil.example')
    expect(Object.values(readArguments([]).overrides).filter((value) => value !== undefined)).toEqual([])
  })
})
