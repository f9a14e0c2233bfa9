// What parseToken reads of a header, and what it refuses there (RFC 7515 §4).
import { describe, expect, it } from 'vitest'
import { createToken, encode, goodClaims, keyFor, signTexts } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken } from '../support/verifiers.ts'

type Members = Readonly<Record<string, unknown>>

const { verifyToken } = createTestVerifier()

function tokenWith(header: Members): string {
  return createToken({ header })
}

async function expectAccepted(header: Members): Promise<void> {
  const auth = await verifyToken(tokenWith(header))
  expect(auth.header).toMatchObject(JSON.parse(JSON.stringify(header)) as object)
}

async function expectRefused(header: Members, reason: 'token_malformed' | 'critical_header_unsupported', hint: string) {
  const error = await expectInvalidToken(verifyToken(tokenWith(header)), reason)
  expect(error.hint).toContain(hint)
  expect(error.details).toEqual({ verified: false })
}

it.each([
  { foo: 1 },
  { 'urn:x': { deep: [1] }, criticality: ['foo'] },
  { zip: 'DEF' },
  { b64x: false },
  { alg2: 'none', Alg: 'none', ALG: 'none' },
])('[RFC7515-4-2] ignores what it does not know: %j', expectAccepted)

describe('crit and b64', () => {
  it('[RFC7515-4.1.11-1] refuses an extension, since it implements none', async () => {
    await expectRefused({ crit: ['foo'], foo: 1 }, 'critical_header_unsupported', 'crit')
    await expectRefused({ crit: ['exp'], exp: 1 }, 'critical_header_unsupported', 'crit')
  })

  it.each([
    ['empty', { crit: [] }],
    ['with a name twice', { crit: ['foo', 'foo'], foo: 1 }],
    ['with a number', { crit: [1], 1: 1 }],
    ['with a registered name', { crit: ['alg'] }],
    ['with a name that is absent', { crit: ['foo'] }],
    ['that is a string', { crit: 'foo', foo: 1 }],
    ['that is null', { crit: null }],
    ['that is false', { crit: false }],
  ])('[RFC7515-4.1.11-2] refuses a crit %s', async (_, header) => {
    await expectRefused(header, 'critical_header_unsupported', 'crit')
  })

  it.each([{ b64: false }, { b64: false, crit: ['b64'] }, { b64: true }, { b64: null }])(
    '[RFC7797-6-1] refuses %j, over a payload that is encoded',
    async (header) => {
      await expectRefused(header, 'critical_header_unsupported', 'b64')
    },
  )

  it('[RFC7797-6-1] refuses a payload that is not encoded', async () => {
    const header = encode(JSON.stringify({ alg: 'ES256', kid: 'ES256', b64: false, crit: ['b64'] }))
    const token = `${header}.${JSON.stringify(goodClaims())}.${encode('signature')}`
    await expectInvalidToken(verifyToken(token), 'token_malformed')
  })
})

describe('cty', () => {
  it.each(['JWT', 'jwt', 'Jwt', 'application/jwt', 'Application/JWT'])(
    '[RFC7515-4.1.10-1] refuses %s: nested tokens are not supported',
    async (cty) => {
      await expectRefused({ cty }, 'token_malformed', 'nested')
    },
  )

  it.each(['json', 'application/json', 'application/x-jwt', 'jwt+json', 'x/application/jwt'])(
    '[RFC7515-4.1.10-1] accepts %s, which names no token',
    async (cty) => {
      await expectAccepted({ cty })
    },
  )

  it('[RFC7515-4.1.10-1] refuses a token in a token, marked or not', async () => {
    const key = keyFor('ES256')
    for (const cty of [{}, { cty: 'JWT' }]) {
      const header = JSON.stringify({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt', ...cty })
      await expectInvalidToken(verifyToken(signTexts(header, createToken(), key)), 'token_malformed')
      await expectInvalidToken(verifyToken(signTexts(header, JSON.stringify(createToken()), key)), 'token_malformed')
    }
  })
})

describe('typ', () => {
  it.each(['at+jwt', 'AT+JWT', 'at+JWT', 'application/at+jwt', 'Application/AT+JWT', 'JWT', 'jwt', 'application/jwt'])(
    '[RFC7515-4.1.9-1] is compared without case and application/: %s is accepted',
    async (typ) => {
      await expectAccepted({ typ })
    },
  )

  it.each(['application/application/at+jwt', 'text/at+jwt', 'at+jwt ', 'at', ''])(
    '[RFC7515-4.1.9-1] is compared whole: %j is refused',
    async (typ) => {
      await expectInvalidToken(verifyToken(tokenWith({ typ })), 'token_type_not_accepted')
    },
  )

  it.each([1, null, true, ['at+jwt'], {}])('is a string: %j is refused', async (typ) => {
    await expectRefused({ typ }, 'token_malformed', 'typ must be a string')
  })
})

describe('alg', () => {
  it.each([256, null, true, ['ES256'], {}])('[RFC7515-4.1.1-1] is a string: %j is refused', async (alg) => {
    await expectRefused({ alg }, 'token_malformed', 'alg must be a string')
  })

  it('[RFC7515-4.1.1-1] must be there', async () => {
    await expectRefused({ alg: undefined }, 'token_malformed', 'alg must be a string')
  })
})

describe('kid', () => {
  it.each([
    ['empty', ''],
    ['257 characters long', 'k'.repeat(257)],
    ['8 KiB long', 'k'.repeat(8192)],
    ['a number', 1],
    ['null', null],
    ['a list', ['ES256']],
    ['an object', { toString: 'ES256' }],
  ])('[RFC8725bis-3.10-1] is refused when it is %s', async (_, kid) => {
    await expectRefused({ kid }, 'token_malformed', 'kid must be a string of 1 to 256 characters')
  })

  it.each(['k', 'k'.repeat(256)])('[RFC8725bis-3.10-1] may have 1 to 256 characters', async (kid) => {
    const verifier = createTestVerifier({ keys: [{ ...keyFor('ES256').publicJwk, kid }] })
    expect((await verifier.verifyToken(tokenWith({ kid }))).header.kid).toBe(kid)
  })
})
