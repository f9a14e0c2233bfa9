// A new process that verifies one token with fetched keys and prints who the token's subject is, or why it was refused, and who was
// asked to fetch. Started by test/internal/fetch.test.ts.
import { runInNewContext } from 'node:vm'
import { type AuthError, createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { audience } from './tokens.ts'

const [before, jwksUri, token] = process.argv.slice(2) as [string, string, string]
const own = globalThis.fetch
let asked = 'nobody else'

const replaced: typeof fetch = (url, init) => {
  asked = 'the replaced fetch'
  return own(url, init)
}

/** As monitoring does it, in all its copies: functions say that they are what they wrap. */
function pretend(wrapper: typeof fetch): void {
  const { toString } = Function.prototype
  Object.defineProperty(wrapper, 'original', { value: own })
  Reflect.set(Function.prototype, 'toString', function toStringOfOriginal(this: { original?: typeof fetch }): string {
    return toString.call(this.original ?? this)
  })
  globalThis.fetch = wrapper
}

const states: Readonly<Record<string, () => unknown>> = {
  'nothing special': () => {},
  'a replaced fetch': () => (globalThis.fetch = replaced),
  'a fetch that pretends to be what it wraps': () => pretend(replaced),
  'a proxy of fetch': () => {
    const get = (target: object, name: string): unknown => {
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    }
    const apply = (_: unknown, __: unknown, args: Parameters<typeof fetch>): unknown => replaced(...args)
    globalThis.fetch = new Proxy(own, { get, apply } as object)
  },
  'a fetch of another realm': () => {
    const copy =
      '"use strict"; (ask) => function fetch(input, init) { "internal/deps/undici"; return ask(input, init) }'
    globalThis.fetch = (runInNewContext(copy) as (ask: typeof fetch) => typeof fetch)(replaced)
  },
  ...Object.fromEntries([1, 2].map((version) => [`a dispatcher, version ${version}`, () => setDispatcher(version)])),
  // Its TLS session must not spare the next connection what this one was spared.
  'a connection that nobody verified': async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    await verifier().ready()
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  },
}

function setDispatcher(version: number): void {
  const dispatch = (): never => {
    asked = 'the dispatcher'
    throw new Error('this proxy lets nobody out')
  }
  Object.defineProperty(globalThis, Symbol.for(`undici.globalDispatcher.${version}`), { value: { dispatch } })
}

function verifier(): ReturnType<typeof createVerifier> {
  return createVerifier({ issuer: oidc({ issuer: new URL(jwksUri).origin, audience, jwksUri }) })
}

await states[before]?.()
const outcome = await verifier()
  .verifyToken(token)
  .then(
    (auth) => auth.principal.subject,
    (error: AuthError) => error.code,
  )
const symbols = Object.getOwnPropertySymbols(globalThis).map(String)
console.log(`${outcome}, ${asked}, ${symbols.some((name) => name.includes('undici')) ? 'loaded' : 'not loaded'}`)
