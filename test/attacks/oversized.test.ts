// What is too long, too deep or too costly is refused before it costs anything (RFC 8725 §3.13).
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ClaimcheckEvent, createResourceServer, createVerifier, fromNode } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { authenticationContext } from 'claimcheck/policy'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { createTestClock } from '../support/clock.ts'
import { sendRaw } from '../support/raw-request.ts'
import { bearer, refused } from '../support/resource-servers.ts'
import { audience, createToken, encode, goodClaims, issuer, keyFor, signTexts } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

const maxLength = 16_384
const key = keyFor('ES256')
const header = JSON.stringify({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt' })

/** A good token of exactly `length` characters; spaces in the header's JSON take up what base64url cannot. */
function tokenOfLength(length: number): string {
  for (let spaces = 0; spaces < 4; spaces++) {
    const empty = signTexts(header + ' '.repeat(spaces), JSON.stringify(goodClaims({ pad: '' })), key)
    const room = Math.ceil(((length - empty.length) * 3) / 4)
    for (const pad of [room - 1, room, room + 1]) {
      const payload = JSON.stringify(goodClaims({ pad: 'x'.repeat(pad) }))
      const token = signTexts(header + ' '.repeat(spaces), payload, key)
      if (token.length === length) return token
    }
  }
  throw new Error(`no token has ${length} characters`)
}

describe('a token that is too long', () => {
  it('[OWN-LIM-1] is one of more than 16 KiB', async () => {
    const { verifyToken } = createTestVerifier()
    const longest = tokenOfLength(maxLength)
    expect(longest.length).toBe(maxLength)
    expect((await verifyToken(longest)).claims.pad).toMatch(/^x{10000,}$/)
    const error = await expectInvalidToken(verifyToken(tokenOfLength(maxLength + 1)), 'token_too_large')
    expect(error.hint).toBe('longer than 16384 bytes')
  })

  it.each([256, 300, 20_000, 65_536])('[OWN-LIM-1] is one of more than `maxTokenBytes`: %i', async (maxTokenBytes) => {
    const { verifyToken } = createTestVerifier({ options: { maxTokenBytes } })
    const error = await expectInvalidToken(
      verifyToken(tokenOfLength(Math.max(maxTokenBytes, 500) + 1)),
      'token_too_large',
    )
    expect(error.hint).toBe(`longer than ${maxTokenBytes} bytes`)
    if (maxTokenBytes > 500) expect((await verifyToken(tokenOfLength(maxTokenBytes))).claims.pad).toMatch(/^x+$/)
  })

  it('[OWN-LIM-1] costs no parsing and no decoding', async () => {
    const { verifyToken } = createTestVerifier()
    const [tooLong, good] = [tokenOfLength(maxLength + 1), createToken()]
    const [parse, decode] = [vi.spyOn(JSON, 'parse'), vi.spyOn(Buffer, 'from')]
    await verifyToken(tooLong).catch(() => {})
    const calls = [parse, decode].map((spy) => spy.mock.calls.length)
    await verifyToken(good)
    const usual = [parse, decode].map((spy) => spy.mock.calls.length)
    vi.restoreAllMocks()
    expect(calls).toEqual([0, 0])
    expect(Math.min(...usual)).toBeGreaterThan(0)
  })

  it.each([
    ['a huge payload', (mib: string) => `${encode(header)}.${mib}.AAAA`],
    ['a huge header', (mib: string) => `${mib}.e30.AAAA`],
    ['a huge signature', (mib: string) => `${createToken()}${mib}`],
    ['nothing but dots', (mib: string) => '.'.repeat(mib.length)],
    ['two-byte characters', (mib: string) => 'é'.repeat(mib.length)],
  ])('[OWN-LIM-1] of 1 MiB is refused in less than a millisecond: %s', async (_, make) => {
    const { verifyToken } = createTestVerifier()
    const token = make('A'.repeat(2 ** 20))
    // The quickest of them: a busy machine makes others slow.
    let quickestMs = Infinity
    for (let count = 0; count < 100; count++) {
      const begun = performance.now()
      await expectInvalidToken(verifyToken(token), 'token_too_large')
      quickestMs = Math.min(quickestMs, performance.now() - begun)
    }
    expect(quickestMs).toBeLessThan(1)
  })

  it('[OWN-LIM-1] [RFC8725bis-3.10-1] may be long by its kid, and no event repeats it', async () => {
    const { verifyToken, events } = createTestVerifier()
    await expectInvalidToken(verifyToken(createToken({ header: { kid: 'k'.repeat(65_536) } })), 'token_too_large')
    await expectInvalidToken(verifyToken(createToken({ header: { kid: 'k'.repeat(8192) } })), 'token_malformed')
    expect(JSON.stringify(events)).not.toContain('kkkk')
  })
})

describe('a longer token that `maxTokenBytes` lets in', () => {
  const maxTokenBytes = 40_000
  const trusted = oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } })
  const options = { clock: createTestClock(), maxTokenBytes }
  const longest = tokenOfLength(maxTokenBytes)

  it('is remembered, and refused to others for one character more', async () => {
    const principal = vi.fn(trusted.principal)
    const { verifyToken } = createVerifier({ issuer: { ...trusted, principal }, ...options })
    for (let count = 0; count < 3; count++) await verifyToken(longest)
    expect(principal).toHaveBeenCalledTimes(1)
    const { verifyToken: verifyShorter } = createVerifier({
      issuer: trusted,
      ...options,
      maxTokenBytes: maxTokenBytes - 1,
    })
    await expectInvalidToken(verifyShorter(longest), 'token_too_large')
  })

  it('is a credential, over HTTP as well, where the server takes headers of that length', async () => {
    const api = createResourceServer({ issuer: trusted, ...options })
    const server = createServer({ maxHeaderSize: 65_536 }, (req, res) => {
      void Promise.resolve(api.authenticate(fromNode(req))).then(({ outcome }) => res.end(outcome))
    })
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const answerTo = async (token: string) => (await sendRaw(port, { lines: [`Authorization: Bearer ${token}`] })).body
    expect(await answerTo(longest)).toBe('authenticated')
    expect(await answerTo(tokenOfLength(maxTokenBytes + 1))).toBe('refused')
  })

  it('says that its client can handle a claims challenge, also where a schema leaves that out', async () => {
    const api = createResourceServer({ issuer: trusted, ...options, claims: z.object({}) })
    const request = bearer({ xms_cc: ['cp1'], pad: 'x'.repeat(20_000) })
    const { code, status } = await refused(api.guard(request, authenticationContext('c1')))
    expect({ code, status }).toEqual({ code: 'insufficient_claims', status: 401 })
  })
})

describe('a token that is too deep', () => {
  function nested(depth: number, [open, close]: readonly [string, string]): string {
    return JSON.stringify(goodClaims()).replace('{', `{"deep":${open.repeat(depth)}0${close.repeat(depth)},`)
  }

  it.each([
    [
      ['[', ']'],
      [30, 31],
      [32, 33, 4000],
    ],
    [
      ['{"a":', '}'],
      [30, 31],
      [32, 33, 1500],
    ],
  ] as const)('[OWN-LIM-1] is one of more than 32 levels, the payload being the first: %j', async (pair, good, bad) => {
    const { verifyToken } = createTestVerifier()
    for (const depth of good) await verifyToken(signTexts(header, nested(depth, pair), key))
    for (const depth of bad) {
      await expectInvalidToken(verifyToken(signTexts(header, nested(depth, pair), key)), 'token_malformed')
    }
  })

  it('[OWN-LIM-1] is refused for its header as well', async () => {
    const { verifyToken } = createTestVerifier()
    const deep = (depth: number) => header.replace('{', `{"x":${'['.repeat(depth)}${']'.repeat(depth)},`)
    await verifyToken(signTexts(deep(31), JSON.stringify(goodClaims()), key))
    await expectInvalidToken(verifyToken(signTexts(deep(32), JSON.stringify(goodClaims()), key)), 'token_malformed')
  })
})

describe('a token that is costly', () => {
  const bombs = {
    'PBES2 with two thousand million rounds': {
      alg: 'PBES2-HS512+A256KW',
      enc: 'A256CBC-HS512',
      p2c: 2 ** 31,
      p2s: 'c2FsdA',
    },
    'compressed content': { alg: 'dir', enc: 'A256GCM', zip: 'DEF' },
    'an ephemeral key off its curve': {
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      epk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
    },
  }

  it.each(Object.entries(bombs))(
    '[RFC8725bis-3.13-1] is refused and never decrypted: %s',
    async (_, protectedHeader) => {
      const { verifyToken } = createTestVerifier()
      const crypto = ['deriveBits', 'deriveKey', 'decrypt', 'unwrapKey', 'importKey'] as const
      const spies = crypto.map((name) => vi.spyOn(globalThis.crypto.subtle, name))
      const token = [JSON.stringify(protectedHeader), 'key', 'iv', 'x'.repeat(8000), 'tag'].map(encode).join('.')
      await expectInvalidToken(verifyToken(token), 'token_encrypted')
      expect(spies.map((spy) => spy.mock.calls.length)).toEqual(crypto.map(() => 0))
    },
  )

  it('[OWN-LIM-1] is one that is not plausible: it reaches no key', async () => {
    const events: ClaimcheckEvent[] = []
    let asked = 0
    const findKey = async () => {
      asked++
      return undefined
    }
    const endpoints = [{ issuer, keys: { create: () => ({ findKey }) }, insecureAllowHttp: false }]
    const { verifyToken } = createVerifier({
      issuer: { ...oidc({ issuer }), endpoints },
      audience,
      clock: createTestClock(),
      onEvent: (event) => events.push(event),
    })
    for (const parts of [{ header: { alg: 'HS256' } }, { claims: { exp: 1 } }, { claims: { aud: 'other' } }]) {
      await verifyToken(createToken(parts)).catch(() => {})
    }
    expect(asked).toBe(0)
    await expectInvalidToken(verifyToken(createToken()), 'key_not_found')
    expect(asked).toBe(1)
    expect(events.map((event) => event.type === 'refusal' && event.reason)).toEqual([
      'algorithm_not_allowed',
      'token_expired',
      'audience_mismatch',
      'key_not_found',
    ])
  })
})
