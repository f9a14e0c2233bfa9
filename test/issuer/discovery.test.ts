// From an issuer's name to the address of its keys: which documents are asked for, in which order, and which are believed.
import { createVerifier } from 'claimcheck'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { metadataUrls } from '../../src/issuer/discovery.ts'
import { createTestClock } from '../support/clock.ts'
import { type Answer, faults, type KeyServer, startKeyServer } from '../support/key-server.ts'
import { customIssuer } from '../support/issuers.ts'
import { audience, createToken, keyFor } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'

const keys = [keyFor('ES256').publicJwk]
const byRfc8414 = '/.well-known/oauth-authorization-server/a'
const byOidc = '/.well-known/openid-configuration/a'
const byOidcAppended = '/a/.well-known/openid-configuration'

let server: KeyServer
beforeEach(async () => {
  server = await startKeyServer({ keys, path: '/a' })
})
afterEach(() => server.stop())

/** Gets ready for `issuer`, and verifies a token of it where that went well. */
async function discover(issuer = server.issuer) {
  const verifier = createVerifier({ issuer, audience, clock: createTestClock() })
  const [readiness] = await verifier.ready()
  const token = createToken({ claims: { iss: issuer } })
  if (readiness?.ok) expect((await verifier.verifyToken(token)).issuer).toBe(issuer)
  else expect((await refusalOf(verifier.verifyToken(token))).status).toBe(503)
  return readiness
}

const json = { 'content-type': 'application/json' }
const known = () => ({ issuer: server.issuer, jwks_uri: `${new URL(server.issuer).origin}/jwks` })
const good = (): Answer => faults.json(known())

describe('the addresses', () => {
  it.each([
    ['https://as.example.com', ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']],
    ['https://as.example.com/', ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']],
    [
      'https://as.example.com/a/b',
      [
        '/.well-known/oauth-authorization-server/a/b',
        '/.well-known/openid-configuration/a/b',
        '/a/b/.well-known/openid-configuration',
      ],
    ],
    [
      'https://as.example.com/a/',
      [
        '/.well-known/oauth-authorization-server/a',
        '/.well-known/openid-configuration/a',
        '/a/.well-known/openid-configuration',
      ],
    ],
  ])('[RFC8414-3.1-1] [OIDCD-4-1] of %s', (issuer, paths) => {
    expect(metadataUrls(issuer)).toEqual(paths.map((path) => `https://as.example.com${path}`))
  })

  it('[OIDCD-4-1] are asked in their order', async () => {
    expect(await discover()).toEqual({ issuer: server.issuer, ok: true })
    expect(server.requests).toEqual([byRfc8414, byOidc, byOidcAppended, '/jwks'])
  })

  it('[RFC8414-3.1-1] are asked without the slash that an issuer ends with', async () => {
    const issuer = `${server.issuer}/`
    server.answer(byRfc8414, faults.json({ issuer, jwks_uri: new URL('/jwks', issuer).href }))
    expect(await discover(issuer)).toEqual({ issuer, ok: true })
    expect(server.requests).toEqual([byRfc8414, '/jwks'])
  })

  it('[OIDCD-4-1] are asked no further than the first good document', async () => {
    server.answer(byOidc, good())
    expect(await discover()).toMatchObject({ ok: true })
    expect(server.requests).toEqual([byRfc8414, byOidc, '/jwks'])
  })
})

describe('a document that is not the issuer’s', () => {
  const document = (changes: object): Answer => {
    const jwks_uri = `${new URL(server.issuer).origin}/jwks`
    return faults.json({ issuer: server.issuer, jwks_uri, ...changes })
  }
  const cases: readonly (readonly [string, string, () => Answer])[] = [
    ['a redirect to a good one', 'answered 302', () => faults.status(302, { location: `${server.issuer}/good` })],
    ['404', 'answered 404', () => faults.status(404)],
    ['500', 'answered 500', () => faults.status(500)],
    ['204', 'answered 204', () => faults.status(204)],
    ['a page for whatever it does not know', 'did not send a JSON object', () => faults.text('<html>')],
    [
      'a repeated name',
      'no name is repeated',
      () => faults.text(`{"issuer":"https://sts.example.com",${JSON.stringify(known()).slice(1)}`, json),
    ],
    [
      'JSON as text/html',
      'not application/json',
      () => faults.json({ issuer: server.issuer }, { 'content-type': 'text/html' }),
    ],
    [
      'another issuer',
      'for another issuer: its issuer is https://sts.example.com, expected http',
      () => document({ issuer: 'https://sts.example.com' }),
    ],
    ['another issuer by a slash', 'for another issuer', () => document({ issuer: `${server.issuer}/` })],
    ['another issuer by letter case', 'for another issuer', () => document({ issuer: server.issuer.toUpperCase() })],
    ['no issuer', 'has no issuer, expected http', () => document({ issuer: undefined })],
    ['a list of issuers', 'has no issuer, expected http', () => document({ issuer: [server.issuer] })],
    ['no jwks_uri', 'has no jwks_uri', () => document({ jwks_uri: undefined })],
    ['a jwks_uri that is no URL', 'its jwks_uri is no URL', () => document({ jwks_uri: '/jwks' })],
    [
      'a jwks_uri with a user name',
      'its jwks_uri has a user name',
      () => document({ jwks_uri: 'https://me@keys.example.com/jwks' }),
    ],
    ['a jwks_uri that is no string', 'has no jwks_uri', () => document({ jwks_uri: ['https://x.example.com'] })],
    [
      'a jwks_uri elsewhere over http',
      'its jwks_uri http://keys.example.com/jwks is http beyond this machine',
      () => document({ jwks_uri: 'http://keys.example.com/jwks' }),
    ],
    [
      'a jwks_uri of a file',
      'its jwks_uri file:///etc/keys.json is not https',
      () => document({ jwks_uri: 'file:///etc/keys.json' }),
    ],
  ]

  it.each(cases)('[RFC8414-3.2-1] [RFC8414-3.3-1] %s: the next address is asked', async (_, _reason, answer) => {
    server.answer(byRfc8414, answer())
    server.answer(byOidc, good())
    expect(await discover()).toEqual({ issuer: server.issuer, ok: true })
    // As a set: one that is in trouble (500) is asked twice.
    expect([...new Set(server.requests)]).toEqual([byRfc8414, byOidc, '/jwks'])
  })

  it.each(cases)('[RFC8414-3.2-1] [RFC8414-3.3-1] %s: nothing of it is used', async (_, reason, answer) => {
    server.answer('*', answer())
    const readiness = await discover()
    expect(readiness).toMatchObject({ issuer: server.issuer, ok: false })
    expect([...new Set(server.requests)]).toEqual([byRfc8414, byOidc, byOidcAppended])
    const { message } = readiness?.error as Error
    const { origin } = new URL(server.issuer)
    expect(message.startsWith('no metadata: ')).toBe(true)
    // One reason, told once, and then every address.
    expect(message).toContain(reason)
    expect(message.endsWith(`(${[byRfc8414, byOidc, byOidcAppended].map((path) => origin + path).join(', ')})`)).toBe(
      true,
    )
  })
})

describe('an issuer with other names', () => {
  const name = 'https://sts.example.com/b2c_1_signin'
  const verifierOf = (keysAt: object, named: string) => {
    const keysOf = { metadataUrls: [`${server.issuer}/metadata`], ...keysAt }
    const endpoint = { issuer: 'https://sts.example.com/B2C_1_signin', aliases: [name], insecureAllowHttp: true }
    const jwks_uri = `https://keys.example.com/jwks`
    const fetch = async (url: string) => Response.json(url === jwks_uri ? { keys } : { issuer: named, jwks_uri })
    const issuer = customIssuer({ endpoints: [{ ...endpoint, keys: keysOf }] })
    return createVerifier({ issuer, fetch, clock: createTestClock() })
  }
  const token = () => createToken({ claims: { iss: name } })

  it('may have a document that uses one of these', async () => {
    const { verifyToken } = verifierOf({}, name)
    expect((await verifyToken(token())).issuer).toBe('https://sts.example.com/B2C_1_signin')
  })

  it.each([
    ['names another one', {}, 'https://sts.example.com/b2c_1_SIGNIN'],
    ['must name one of its own', { metadataIssuer: 'https://sts.example.com' }, name],
  ])('has no document that %s', async (_, keysAt, named) => {
    expect((await refusalOf(verifierOf(keysAt, named).verifyToken(token()))).reason).toBe('keys_unavailable')
  })
})

describe('the content type', () => {
  it.each(['application/json', 'application/json;charset=utf-8', 'Application/JSON', 'application/vnd.sts-1.x+json'])(
    'may be %s',
    async (type) => {
      server.answer(
        byRfc8414,
        faults.json(
          { issuer: server.issuer, jwks_uri: new URL('/jwks', server.issuer).href },
          { 'content-type': type },
        ),
      )
      expect(await discover()).toMatchObject({ ok: true })
      expect(server.count(byOidc)).toBe(0)
    },
  )

  it.each([
    'text/json',
    'application/jsonx',
    'application/json-seq',
    'application/json.x',
    'application/vnd.sts+json-seq',
    'application/json, text/html',
    'x/application/json',
    'application/xml+json2',
    'application/+json',
    '',
  ])('[RFC8414-3.2-1] cannot be %j', async (type) => {
    const document = { issuer: server.issuer, jwks_uri: new URL('/jwks', server.issuer).href }
    for (const path of [byRfc8414, byOidc, byOidcAppended]) {
      server.answer(path, faults.json(document, { 'content-type': type }))
    }
    expect(await discover()).toMatchObject({ ok: false })
    expect(server.count()).toBe(0)
  })
})

describe('an address without an answer', () => {
  it.each([
    ['resets the connection', faults.reset],
    ['sends more than 256 KiB', faults.text(' '.repeat(300_000))],
  ])('(it %s) is followed by the next', async (_, answer) => {
    server.answer(byRfc8414, answer)
    server.answer(byOidc, good())
    expect(await discover()).toEqual({ issuer: server.issuer, ok: true })
    expect([...new Set(server.requests)]).toEqual([byRfc8414, byOidc, '/jwks'])
  })

  it('is one of three that are tried, each named with its reason', async () => {
    server.answer('*', faults.reset)
    const readiness = await discover()
    expect(readiness).toMatchObject({ ok: false })
    expect(new Set(server.requests)).toEqual(new Set([byRfc8414, byOidc, byOidcAppended]))
    const { message } = readiness?.error as Error
    expect(message).toMatch(/^no metadata: the connection to [\d.:]+ failed \(\w+\) \(http\S+, http\S+, http\S+\)$/)
  })
})
