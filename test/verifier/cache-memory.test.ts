// The token cache takes the memory that it was given, whatever the tokens are made of: some cost many times their text as objects.
import { randomBytes, randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createVerifier, type VerifierOptions } from 'claimcheck'
import { type Issuer, oidc } from 'claimcheck/issuers'
import { describe, expect, it, vi } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { audience, goodClaims, issuer, keyFor, signTexts } from '../support/tokens.ts'

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

async function heapUsed(): Promise<number> {
  for (let time = 0; time < 3; time++) {
    collectGarbage()
    // What hangs on finalizers goes with a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}

const longest = 11_000
let made = 0
/** A JSON string that no other token has. */
const unique = () => `"name${made++}"`
const text = (bytes: number) => randomBytes(bytes).toString('base64url')
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

/** A claim that is a list of as many items as a token of nearly 16 KiB takes. */
function listOf(item: () => string): string {
  let items = item()
  while (items.length < longest) items += `,${item()}`
  return `"list":[${items}]`
}

function plainClaims(): string {
  const claims = {
    nbf: now - 60,
    aio: text(66),
    azp: '4f1d0c3e-7b1c-4a39-8b0e-2a5e4d1f9c77',
    azpacr: '1',
    auth_time: now - 300,
    name: `Ada Lovelace ${text(4)}`,
    oid: randomUUID(),
    preferred_username: `ada.${text(4)}@contoso.example.com`,
    rh: text(45),
    roles: ['Orders.Approver', 'Orders.Auditor'],
    scp: 'Orders.Read Orders.Write Customers.Read',
    scope: 'Orders.Read Orders.Write',
    tid: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
    uti: text(16),
    ver: '2.0',
  }
  return JSON.stringify(claims).slice(1, -1)
}

/** Claims besides the usual ones, as JSON text: objects would take longer to make than to verify. */
const kinds: Readonly<Record<string, () => string>> = {
  'plain claims': plainClaims,
  'authorization_details of empty objects': () => listOf(() => '{}').replace('list', 'authorization_details'),
  'objects with unique names': () => listOf(() => `{${unique()}:1}`),
  'objects with unique names, in each other': () => listOf(() => `{${unique()}:{${unique()}:{}}}`),
  'thirty claims with unique names': () => times(30, () => `${unique()}:1`).join(),
  'seven hundred claims with unique names': () => times(700, () => `${unique()}:1`).join(),
  'names that are numbers': () => listOf(() => `{"${1000 + (made++ % 3)}":0}`),
  '400 groups': () => `"groups":${JSON.stringify(times(400, () => text(18)))}`,
  'nested arrays': () => listOf(() => '[[[[1]]]]'),
  'empty arrays': () => listOf(() => '[]'),
  fractions: () => listOf(() => `${made++}.5`),
  'many short scopes': () => `"scope":"${times(2000, () => (made++).toString(36)).join(' ')}"`,
  'a hundred short scopes': () => `"scope":"${times(100, () => (made++).toString(36)).join(' ')}"`,
}

interface Setting {
  readonly claims?: VerifierOptions['claims']
  readonly issuer?: Partial<Issuer>
  readonly tokens?: number
}

/** The growth of the heap, as a part of what was promised, after more tokens than that holds. */
async function takenBy(more: () => string, { claims, issuer: changes, tokens = 800 }: Setting = {}): Promise<number> {
  const maxBytes = 2 * 2 ** 20
  const { verifyToken } = createVerifier({
    issuer: { ...oidc({ issuer, audience, jwks: { keys: [keyFor('ES256').publicJwk] } }), ...changes },
    clock: createTestClock(),
    tokenCache: { maxBytes, maxTokens: 100_000 },
    ...(claims && { claims }),
  })
  const verifyNew = async () => {
    const usual = JSON.stringify(goodClaims({ jti: text(12) }))
    const token = signTexts('{"alg":"ES256","kid":"ES256"}', `${usual.slice(0, -1)},${more()}}`, keyFor('ES256'))
    await verifyToken(token)
    return token.length
  }
  // Its code is compiled, and its lists are made.
  await verifyNew()
  const before = await heapUsed()
  for (let count = 0, length = 0; count < tokens && length < 1.2 * maxBytes; count++) length += await verifyNew()
  return ((await heapUsed()) - before) / maxBytes
}

describe('the heap grows by no more than one and a half of what was promised', { timeout: 60_000 }, () => {
  it.each(Object.entries(kinds))('for %s', async (_, more) => {
    expect(await takenBy(more)).toBeLessThan(1.5)
  })

  function schemaOf(make: () => unknown): VerifierOptions['claims'] {
    return {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ value: make() as Record<string, unknown> }) },
    }
  }

  it.each<[string, () => unknown]>([
    ['objects', () => ({ list: times(1000, () => ({})) })],
    ['long text', () => ({ text: text(10_000) })],
    ['long text with a wide character', () => ({ text: `\u03a9${text(10_000)}` })],
    ['unique names', () => JSON.parse(`{"a":{${times(100, () => `${unique()}:1`).join()}}}`)],
  ])('for %s that a schema puts out', async (_, make) => {
    expect(await takenBy(plainClaims, { claims: schemaOf(make), tokens: 250 })).toBeLessThan(1.5)
  })

  it('for claims that a schema leaves out and the issuer asks about each time', async () => {
    const setting = { claims: schemaOf(() => ({})), issuer: { isTenantAllowed: () => true } }
    expect(await takenBy(kinds['nested arrays'] ?? plainClaims, setting)).toBeLessThan(1.5)
  })

  it('for groups that no token lists', async () => {
    const complete = async () => ({ groups: { values: times(500, () => text(27)), complete: true } })
    expect(await takenBy(plainClaims, { issuer: { enrichPrincipal: complete }, tokens: 250 })).toBeLessThan(1.5)
  })
})

it('remembers ten thousand tokens with plain claims by default, here a twentieth of that', async () => {
  const trusted = oidc({ issuer, audience, jwks: { keys: [keyFor('RS256').publicJwk] } })
  const principal = vi.fn(trusted.principal)
  const { verifyToken } = createVerifier({
    issuer: { ...trusted, principal },
    clock: createTestClock(),
    tokenCache: { maxBytes: Math.ceil((32 * 2 ** 20) / 20) },
  })
  const tokens = times(500, () => {
    const usual = JSON.stringify(goodClaims({ jti: text(12) }))
    return signTexts('{"alg":"RS256","kid":"RS256"}', `${usual.slice(0, -1)},${plainClaims()}}`, keyFor('RS256'))
  })
  for (const token of [...tokens, ...tokens]) await verifyToken(token)
  expect(principal).toHaveBeenCalledTimes(500)
})
