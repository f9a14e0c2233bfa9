// What a Worker may do only within a request: fetches, timers, AbortController, random values. At module scope it stops the worker from
// starting. An AbortSignal of one request is closed to all others.
import vm from 'node:vm'
import * as wasm from '@cedar-policy/cedar-wasm/nodejs'
import { createResourceServer, createVerifier } from 'claimcheck'
import * as policies from 'claimcheck/policy'
import { createAuthzen } from 'claimcheck/policy/authzen'
import { createCedar } from 'claimcheck/policy/cedar'
import { createOpa } from 'claimcheck/policy/opa'
import { createTestIssuer } from 'claimcheck/testing'
import { build } from 'esbuild'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { root, subpaths } from '../../scripts/subpaths.ts'
import { allFixtures } from '../support/sts-fixture.ts'
import { verifierFor } from '../testing/verifier.ts'

afterEach(() => void vi.unstubAllGlobals())

const forbidden = ['fetch', 'setTimeout', 'setInterval', 'AbortController', 'AbortSignal', 'crypto']

/** Calls `create` where every forbidden global throws. `Math.random` is allowed: it is no source of secrets. */
function atModuleScope(create: () => unknown): void {
  const deny = (name: string) => () => {
    throw new Error(`${name} within the global scope`)
  }
  for (const name of forbidden) {
    const members = new Proxy(class {}, { get: (_, member) => deny(`${name}.${String(member)}`) })
    vi.stubGlobal(name, new Proxy(members, { apply: deny(name), construct: deny(`new ${name}`) }))
  }
  create()
}

const map = () => ({}) as never

describe('at module scope', () => {
  it.each(allFixtures().map((fixture) => [fixture.name, fixture] as const))('makes a verifier of %s', (_, fixture) => {
    atModuleScope(() => createVerifier({ issuer: fixture.makeIssuer({}), keepAlive: () => {} }))
  })

  it.each<[string, () => unknown]>([
    ['a resource server', () => createResourceServer({ issuer: 'https://sts.example.com', audience: 'orders' })],
    ['a policy', () => policies.withTimeout(1000, policies.allOf(policies.scope('a'), policies.role('b')))],
    ['a Cedar engine', () => createCedar({ cedar: wasm, policies: 'permit (principal, action, resource);', map })],
    ['an OPA engine', () => createOpa({ url: 'https://opa.example.com', map })],
    ['an AuthZEN engine', () => createAuthzen({ pdp: 'https://pdp.example.com', map })],
  ])('makes %s', (_, create) => {
    atModuleScope(create)
  })

  it('is told from a request by this test: a fetch there fails', () => {
    expect(() => atModuleScope(() => AbortSignal.timeout(1))).toThrow('AbortSignal.timeout within the global scope')
    expect(() => atModuleScope(() => new AbortController())).toThrow('new AbortController within the global scope')
    expect(() => atModuleScope(() => setTimeout(() => {}, 1))).toThrow('setTimeout within the global scope')
  })

  it('is where the package can be imported, from a bundle for a platform that has none of this, nor anything of Node', async () => {
    const specifiers = ['claimcheck', 'claimcheck/issuers', 'claimcheck/policy', 'claimcheck/policy/authzen']
    const { outputFiles } = await build({
      stdin: { contents: specifiers.map((name) => `export * from '${name}'`).join('\n'), resolveDir: root },
      alias: {
        ...Object.fromEntries(subpaths.map(({ specifier, module }) => [specifier, `${root}/src/${module}.ts`])),
        '#engine': `${root}/src/crypto/engine-web.ts`,
      },
      ...{ bundle: true, format: 'iife', globalName: 'bundle', platform: 'browser', target: 'es2022', write: false },
    })
    const context = vm.createContext({ URL, TextEncoder, TextDecoder, EventTarget, Event, Headers })
    vm.runInContext(outputFiles[0]?.text ?? '', context)
    const options = `{ issuer: 'https://sts.example.com', audience: 'orders' }`
    expect(vm.runInContext(`bundle.createVerifier(${options}).keys()[0].state`, context)).toBe('empty')
  })
})

it('an AbortSignal that one request listens to is listened to by no other', async () => {
  const sts = createTestIssuer()
  let request = 0
  const requests = new Map<AbortSignal, Set<number>>()
  const { addEventListener } = AbortSignal.prototype
  vi.spyOn(AbortSignal.prototype, 'addEventListener').mockImplementation(function (this: AbortSignal, ...args) {
    requests.set(this, (requests.get(this) ?? new Set()).add(request))
    return addEventListener.apply(this, args as Parameters<typeof addEventListener>)
  })
  const { verifyToken } = verifierFor(sts, sts.issuer)
  for (request = 1; request <= 3; request++) {
    await verifyToken(sts.token())
    sts.rotateKeys()
  }
  expect(new Set([...requests.values()].flatMap((one) => [...one]))).toEqual(new Set([1, 2, 3]))
  expect([...requests.values()].filter((one) => one.size > 1)).toEqual([])
})
