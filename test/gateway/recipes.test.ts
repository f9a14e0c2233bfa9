import { readFileSync } from 'node:fs'
import { anonymous, type DialectName, printRecipe } from 'claimcheck/gateway'
import { describe, expect, test } from 'vitest'
import { createTestGateway } from './support.ts'

const all: readonly DialectName[] = [
  'nginx',
  'caddy',
  'haproxy',
  'apache',
  'traefik',
  'envoy',
  'ingress-nginx',
  'apisix',
]
const identity = { 'X-User': () => 'u', 'X-Team-Name': () => 't' }
const { gateway } = createTestGateway({ '/x': anonymous }, { identity })
const addresses = { listen: '127.0.0.1:8080', upstream: 'api.internal:3000', decisions: '[::1]:9001' }

describe.each(all)('the recipe for %s', (name) => {
  const text = printRecipe(gateway, name, addresses)
    .map((file) => file.text)
    .join('\n')

  test('names every identity header, the fingerprint, and the path of its dialect', () => {
    for (const header of ['X-User', 'X-Team-Name', 'X-Auth-Omitted', 'X-Auth-Omitted'])
      expect(text.toLowerCase()).toContain(header.toLowerCase())
    expect(text).toContain(gateway.fingerprint)
    expect(text).toContain(`/${name}`)
    expect(text).toContain('9001')
  })

  test('takes the headers away that some APIs take for the method or the target', () => {
    for (const header of ['X-HTTP-Method-Override', 'X-Original-URL', 'X-Rewrite-URL'])
      expect(text.toLowerCase()).toContain(header.toLowerCase())
  })

  test("takes the client's word on the host away", () => {
    expect(text.toLowerCase()).toMatch(/\bforwarded(?![-\w])/)
  })

  test('takes the access token away where it is told to', () => {
    const other = printRecipe(gateway, name, { ...addresses, forwardAuthorization: false })
    expect(other.map((file) => file.text).join('\n')).not.toBe(text)
  })
})

describe('a header that the decision server would not see', () => {
  const textOf = (name: DialectName) => printRecipe(gateway, name, addresses).at(-1)?.text ?? ''

  test('is taken away by APISIX in every spelling that it lets through', () => {
    const removed = textOf('apisix').split('remove:')[1]?.split('forward-auth:')[0] ?? ''
    const names = [...removed.matchAll(/- (\S+)/g)].map(([, name]) => name)
    for (const name of [
      'X_HTTP_Method_Override',
      'X-HTTP_Method-Override',
      'X_Original_URL',
      'X_Forwarded_Host',
      'X_User',
    ])
      expect(names).toContain(name)
  })

  test('is told by Envoy where its name imitates an identity header', () => {
    const [, regex = ''] = /safe_regex: \{ regex: "([^"]+)" \}/.exec(textOf('envoy')) ?? []
    // RE2 matches the whole name, in lower case.
    const isTold = (name: string) => new RegExp(`^(?:${regex})$`).test(name)
    expect(['x.user', 'x!team-name', 'x-team.name', 'x.http.method.override'].filter(isTold)).toHaveLength(4)
    expect(['x-user', 'cookie', ':path', ':scheme', ''].filter(isTold)).toEqual([])
  })
})

test.each([
  ['an unknown gateway', 'skipper', addresses],
  ['a member of every object', 'constructor', addresses],
  ['an unknown option', 'nginx', { ...addresses, port: 1 }],
  ['an address without a port', 'nginx', { ...addresses, upstream: 'api' }],
  ['a line more', 'nginx', { ...addresses, upstream: 'api:3000;\n}' }],
  ['a URL', 'nginx', { ...addresses, decisions: 'http://127.0.0.1:9001' }],
  ['a switch that is none', 'nginx', { ...addresses, forwardAuthorization: 'no' }],
])('printRecipe() throws a TypeError for %s', (_, name, options) => {
  expect(() => printRecipe(gateway, name as DialectName, options as never)).toThrow(TypeError)
})

describe('the configuration of docs/gateways.md', () => {
  const text = readFileSync(new URL('../../docs/gateways.md', import.meta.url), 'utf8')
  const { gateway: byDefault } = createTestGateway({ '/x': anonymous })

  test.each(['Kong', 'Azure API Management'])(
    'for %s is one for the default identity headers, and says so',
    (title) => {
      const section = text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0]
      const [, block = ''] = /```(?:lua|xml)\n(.*?)```/s.exec(section ?? '') ?? []
      expect(block).toContain(byDefault.fingerprint)
      // Each stands between quotes, so that none is a part of another.
      for (const name of byDefault.identityHeaders) expect(block).toMatch(new RegExp(`(['"])${name}\\1`))
      for (const name of ['Method', 'Proto', 'Host', 'Uri']) expect(block).toContain(`X-Forwarded-${name}`)
      for (const name of [
        'X-HTTP-Method-Override',
        'X-HTTP-Method',
        'X-Method-Override',
        'X-Original-URL',
        'X-Rewrite-URL',
      ])
        expect(block).toMatch(new RegExp(`(['"])${name}\\1`))
      expect(block).toContain('/apisix')
      expect(block).toContain('X-Auth-Status')
    },
  )
})
