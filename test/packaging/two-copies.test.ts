// Two copies of claimcheck in one process: ES modules by `import`, CommonJS by `require()`. Node makes one copy of them where `require()`
// may load ES modules, so each process here starts without that. What one copy makes, the other must refuse or ask in full.
// `npm run test:slow` has built dist; after `npx vitest` alone it may be an old one.
import { execFileSync } from 'node:child_process'
import { beforeAll, expect, test } from 'vitest'
import { root } from '../../scripts/subpaths.ts'

const preamble = `
  import assert from 'node:assert/strict'
  import http from 'node:http'
  import { createRequire } from 'node:module'
  import * as core from 'claimcheck'
  import * as expressGuard from 'claimcheck/express'
  import * as fastifyGuard from 'claimcheck/fastify'
  import * as issuers from 'claimcheck/issuers'
  import * as kit from 'claimcheck/preset-kit'
  import * as mcp from 'claimcheck/mcp'
  import * as nest from 'claimcheck/nest'
  import * as policies from 'claimcheck/policy'
  import * as testing from 'claimcheck/testing'
  const require = createRequire(process.cwd() + '/main.mjs')
  const load = (name) => require(name === '' ? 'claimcheck' : 'claimcheck/' + name)
  const esm = { ...core, ...issuers, ...kit, ...policies, ...testing, express: expressGuard.createGuard, fastify: fastifyGuard.createGuard, mcp, nest }
  const cjs = {
    ...load(''), ...load('issuers'), ...load('preset-kit'), ...load('policy'), ...load('testing'),
    express: load('express').createGuard, fastify: load('fastify').createGuard, mcp: load('mcp'), nest: load('nest'),
  }
  assert.notEqual(esm.AuthError, cjs.AuthError)

  const sts = esm.createTestIssuer(esm.oidcLike())
  const options = { issuer: sts.issuer, audience: sts.audience, fetch: sts.fetch, clock: sts.clock }
  const outcome = async (asked) => {
    try { return await asked() } catch (error) { return error.reason ?? error.name }
  }
  const bearer = (token) => ({ method: 'GET', url: '/', headers: [['Authorization', 'Bearer ' + token]] })
  const never = () => false
`

interface Scenario {
  readonly title: string
  /** The body of a function of `one` copy and the `other`. */
  readonly code: string
  readonly expected: unknown
}

/** Runs every scenario in one process, with the copies in either order. */
function runAll(scenarios: readonly Scenario[]): unknown[] {
  const runs = scenarios.map(({ code }) => `async (one, other) => { ${code} }`)
  const script = `${preamble}
    const results = []
    for (const run of [${runs.join(',')}]) results.push([await outcome(() => run(esm, cjs)), await outcome(() => run(cjs, esm))])
    console.log(JSON.stringify(results))`
  const flags = ['--no-experimental-require-module', '--no-warnings', '--input-type=module', '-e', script]
  return JSON.parse(execFileSync(process.execPath, flags, { cwd: root, encoding: 'utf8' })) as unknown[]
}

const scenarios: readonly Scenario[] = [
  {
    title: 'an AuthError is an instance of the AuthError of either copy, and of no subclass of the application',
    code: `const made = await one.createVerifier(options).verifyToken('no token').catch((error) => error)
     class Own extends other.AuthError {}
     const fakes = [{}, null, 'AuthError', new Error('invalid_token'), { ...made }, structuredClone(made)]
     return [
       made instanceof one.AuthError, made instanceof other.AuthError, made instanceof Error,
       new Own('token_expired') instanceof one.AuthError, new Own('token_expired') instanceof Own,
       made instanceof Own, new other.AuthError('token_expired') instanceof Own,
       fakes.some((fake) => fake instanceof other.AuthError),
     ]`,
    expected: [true, true, true, true, true, false, false, false],
  },
  {
    title: 'a refusal of one copy is answered by the other, and stays a refusal',
    code: `const api = other.createResourceServer(options)
     const denied = await one.createResourceServer(options).guard(bearer(sts.token()), one.scope('write')).catch((error) => error)
     const { status, headers } = api.challenge(denied)
     return [status, headers.find(([name]) => name === 'WWW-Authenticate')[1]]`,
    expected: [
      403,
      expect.stringMatching(/^Bearer realm="api", error="insufficient_scope", .*scope="write"$/) as string,
    ],
  },

  ...['express', 'fastify'].map((framework) => ({
    title: `the ${framework} guard takes no resource server of another copy`,
    code: `try { one.${framework}(other.createResourceServer(options)) } catch (error) { return [error.name, error.message] }`,
    expected: ['TypeError', expect.stringMatching('of this copy of claimcheck') as string],
  })),
  {
    title: 'a guard gives no caller that a guard of another copy has let in',
    code: `const { headers } = bearer(sts.token())
     const request = { method: 'GET', url: '/', headers: { authorization: headers[0][1] }, rawHeaders: headers.flat() }
     const [guard, foreign] = [one.express(options), other.express(options)]
     await new Promise((next) => guard()(request, {}, next))
     guard.auth(request)
     return [
       await outcome(() => foreign.auth(request)),
       await outcome(() => foreign.maybeAuth(request)),
       await outcome(() => foreign.require(request, () => true, 'thing')),
     ]`,
    expected: ['TypeError', 'TypeError', 'TypeError'],
  },
  {
    title: 'authOf() and toAuthInfo() of claimcheck/mcp take no verified token of another copy',
    code: `const auth = await one.createVerifier(options).verifyToken(sts.token())
     return [
       await outcome(() => other.mcp.authOf(one.mcp.toAuthInfo(auth))),
       await outcome(() => other.mcp.toAuthInfo(auth)),
     ]`,
    expected: ['TypeError', 'TypeError'],
  },
  {
    title: 'the guard of claimcheck/nest asks a policy that @UsePolicy() of another copy has set',
    code: `const handler = () => 'let in'
     one.nest.UsePolicy(one.policy('never', never))({}, 'handler', { value: handler })
     const headers = { authorization: 'Bearer ' + sts.token() }
     const request = { method: 'GET', url: '/', headers, rawHeaders: Object.entries(headers).flat() }
     const http = { getRequest: () => request, getResponse: () => ({ header() {} }) }
     const context = { getHandler: () => handler, getClass: () => Object, getType: () => 'http', switchToHttp: () => http }
     const guard = other.nest.createGuard(options, { refusals: 'pass-on' })
     return outcome(() => guard.canActivate(context))`,
    expected: 'HttpException',
  },
  {
    title: 'require, authorize and authorizeAll take no verified token of another copy',
    code: `const auth = await other.createVerifier(options).verifyToken(sts.token())
     const api = one.createResourceServer(options)
     return [
       await outcome(() => api.require(auth, one.authenticated)),
       await outcome(() => api.authorize(auth, one.authenticated)),
       await outcome(() => api.authorizeAll(auth, one.authenticated, ['thing'])),
     ]`,
    expected: ['TypeError', 'TypeError', 'TypeError'],
  },
  {
    title: 'withoutDefaultPolicy() of another copy takes no default policy away',
    code: `const api = one.createResourceServer({ ...options, policy: never })
     const auth = await api.verifyToken(sts.token())
     const ask = async (policy) => [
       await outcome(() => api.guard(bearer(sts.token()), policy).then(() => 'let in')),
       await outcome(() => api.require(auth, policy).then(() => 'let in')),
     ]
     return [await ask(one.withoutDefaultPolicy(one.authenticated)), await ask(other.withoutDefaultPolicy(one.authenticated))]`,
    expected: [
      ['let in', 'let in'],
      ['access_denied', 'access_denied'],
    ],
  },
  {
    title: 'a guard of a framework asks the default policy beside a withoutDefaultPolicy() of another copy',
    code: `const guard = one.express({ ...options, policy: never })
     const server = http.createServer((req, res) => guard(other.withoutDefaultPolicy(one.authenticated))(req, res, () => res.end('let in')))
     await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
     const { status } = await fetch('http://127.0.0.1:' + server.address().port, { headers: { Authorization: 'Bearer ' + sts.token() } })
     server.close()
     return status`,
    expected: 403,
  },
  {
    title: 'a policy of another copy decides as its own, vetoes and what is indeterminate included',
    code: `const api = one.createResourceServer(options)
     const auth = await api.verifyToken(sts.token())
     const veto = other.policy('veto', () => ({ effect: 'deny', veto: true }), { mayVeto: true })
     const broken = other.policy('broken', () => { throw new Error('down') }, { mayVeto: true })
     const effects = []
     for (const policy of [
       one.anyOf(one.authenticated, other.allOf(veto)),
       one.not(other.not(veto)),
       one.not(other.not(broken)),
       one.anyOf(one.authenticated, other.anyOf(other.authenticated, broken)),
       one.allOf(one.authenticated, other.scope('write')),
       one.not(other.group('staff')),
       other.not(one.scope('write')),
       other.when(one.authenticated, one.scope('write')),
     ]) effects.push((await api.authorize(auth, policy)).effect)
     return effects`,
    expected: ['deny', 'deny', 'indeterminate', 'indeterminate', 'deny', 'indeterminate', 'allow', 'deny'],
  },
  {
    title: 'what a policy of another copy requires stands in the challenge',
    code: `const api = one.createResourceServer(options)
     const anonymous = { method: 'GET', url: '/', headers: [] }
     const error = await api.guard(anonymous, other.allOf(other.scope('read'), one.scope('write'))).catch((error) => error)
     return [error.status, api.challenge(error).headers.find(([name]) => name === 'WWW-Authenticate')[1]]`,
    expected: [401, 'Bearer realm="api", scope="read write"'],
  },
  {
    title: 'a preset of another copy verifies, and refuses, as its own',
    code: `const { issuer, audience, fetch, clock } = options
     const { verifyToken } = one.createVerifier({ issuer: other.oidc({ issuer, audience }), fetch, clock })
     const foreign = one.createTestIssuer(one.oidcLike()) // the same names, other keys
     const verdicts = []
     for (const token of [sts.token(), sts.token({ aud: 'other' }), sts.idToken(), foreign.token(), 'no token'])
       verdicts.push(await outcome(() => verifyToken(token).then(() => 'let in')))
     return verdicts`,
    expected: ['let in', 'audience_mismatch', 'audience_mismatch', 'signature_invalid', 'token_malformed'],
  },

  ...[
    ['throws', 'throw error'],
    ['rejects with', 'return Promise.reject(error)'],
    ['gives back', 'return error'],
    ['resolves to', 'return Promise.resolve(error)'],
  ].map(([how, answer]) => ({
    title: `a key source that ${how} an AuthError of another copy means 503`,
    code: `const { issuer, audience, fetch, clock } = options
     const error = new other.AuthError('keys_unavailable')
     const preset = other.oidc({ issuer, audience })
     const keys = { create: () => ({ findKey() { ${answer} } }) }
     const endpoints = preset.endpoints.map((endpoint) => ({ ...endpoint, keys }))
     const { verifyToken } = one.createVerifier({ issuer: { ...preset, endpoints }, fetch, clock })
     const token = sts.token()
     const asked = await Promise.all([token, token].map((each) => verifyToken(each).catch((error) => error)))
     return asked.map((error) => [error instanceof one.AuthError, error.status, error.reason])`,
    expected: [
      [true, 503, 'keys_unavailable'],
      [true, 503, 'keys_unavailable'],
    ],
  })),
  {
    title: 'isRevoked() that throws an AuthError of another copy means 503',
    code: `const isRevoked = () => { throw new other.AuthError('token_revoked') }
     return outcome(() => one.createVerifier({ ...options, isRevoked }).verifyToken(sts.token()))`,
    expected: 'revocation_unavailable',
  },
  {
    title:
      'a rule of another copy in the place of a handler is no handler, or answers a good token alone, with its own decision',
    code: `const express = await outcome(() => one.express(options).handler(other.user))
     const handler = one.fastify(options).handler(other.user)
     const reply = { code: (status) => ((reply.status = status), reply), headers: () => reply, send: () => reply }
     const request = (headers) => ({ headers, raw: { method: 'GET', url: '/', headers, rawHeaders: Object.entries(headers).flat() } })
     await handler(request({ accept: '*/*' }), reply)
     return [express, reply.status, await outcome(() => handler(request({ authorization: 'Bearer ' + sts.token() }), reply))]`,
    expected: ['TypeError', 401, false],
  },
]

let results: unknown[] = []
beforeAll(() => void (results = runAll(scenarios)), 60_000)

for (const [index, { title, expected }] of scenarios.entries()) {
  test(title, () => expect(results[index]).toEqual([expected, expected]))
}
