// Whatever arrives, verifyToken answers with a verified token or an AuthError of 401, and never with anything else.
import { AuthError } from 'claimcheck'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { anyText } from '../support/any-text.ts'
import { createToken, encode, goodClaims, issuer, keyFor, signTexts } from '../support/tokens.ts'
import { createTestVerifier } from '../support/verifiers.ts'

const key = keyFor('ES256')
const { verifyToken } = createTestVerifier({
  keys: [key.publicJwk, keyFor('Ed25519').publicJwk],
  oidc: { audience: ['https://api.example.com'] },
})

const good = createToken()
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
const texts = fc.oneof(anyText(), fc.constantFrom('JWT', 'at+jwt', '__proto__', issuer, 'ES256'))
const values = fc.oneof(texts, fc.jsonValue(), fc.double(), fc.array(texts))
const headerNames = fc.constantFrom(
  'alg',
  'kid',
  'typ',
  'cty',
  'crit',
  'b64',
  'jwk',
  'jku',
  'x5c',
  '__proto__',
  'toString',
)
const claimNames = fc.constantFrom(
  ...[
    'iss',
    'sub',
    'aud',
    'exp',
    'nbf',
    'iat',
    'jti',
    'client_id',
    'azp',
    'scope',
    'scp',
    'roles',
    'groups',
    'cnf',
    'act',
  ],
  ...['acr', 'amr', 'auth_time', 'permissions', 'entitlements', 'typ', 'token_use', '__proto__', 'constructor', 'tid'],
)
const segments = fc.oneof(
  texts,
  fc.json().map((json) => encode(json)),
  fc.constantFrom('', encode('{}'), ...good.split('.')),
)

/** Resolves to whether the token was accepted; anything but acceptance and a 401 fails the test. */
async function isAccepted(token: string): Promise<boolean> {
  try {
    await verifyToken(token)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError)
    const { status, headers, code } = error as AuthError
    expect({ status, code }).toEqual({ status: 401, code })
    expect(headers['WWW-Authenticate']).toContain('error="invalid_token"')
    return false
  }
}

it('refuses every unsigned string', async () => {
  const joined = fc.array(segments, { minLength: 1, maxLength: 7 }).map((list) => list.join('.'))
  await fc.assert(
    fc.asyncProperty(fc.oneof(texts, joined), async (token) => {
      fc.pre(token !== good)
      expect(await isAccepted(token)).toBe(false)
    }),
    { numRuns: 500 },
  )
})

it('accepts or refuses whatever the issuer signed, and a verified token is frozen', async () => {
  const headers = fc.dictionary(headerNames, values, { maxKeys: 2 })
  const claims = fc.dictionary(claimNames, values, { maxKeys: 3 })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(headers, claims, async (header, changes) => {
      const token = createToken({ key, header, claims: changes })
      if (!(await isAccepted(token))) return
      accepted++
      const { claims: verified } = await verifyToken(token)
      expect(Object.isFrozen(verified)).toBe(true)
      expect(JSON.stringify(verified)).toBe(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    }),
    { numRuns: 400 },
  )
  // Else the property would speak of refusals only.
  expect(accepted).toBeGreaterThan(10)
})

it('refuses whatever the issuer signed that is no JSON object', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1 }), fc.boolean(), async (bytes, inHeader) => {
      const other = JSON.stringify(inHeader ? goodClaims() : { alg: 'ES256', kid: 'ES256' })
      const token = inHeader ? signTexts(bytes, other, key) : signTexts(other, bytes, key)
      expect(await isAccepted(token)).toBe(false)
    }),
  )
})

it('refuses a good token with any one character changed, left out, added or moved', async () => {
  const characters = fc.oneof(fc.constantFrom(...alphabet), anyText({ minLength: 1, maxLength: 1 }))
  const edits = fc.constantFrom<Edit>('change', 'remove', 'insert', 'swap')
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: good.length - 1 }), edits, characters, async (at, edit, character) => {
      const token = edited(good, at, edit, character)
      fc.pre(token !== good)
      expect(await isAccepted(token)).toBe(false)
    }),
    { numRuns: 500 },
  )
  expect(await isAccepted(good)).toBe(true)
})

type Edit = 'change' | 'remove' | 'insert' | 'swap'

function edited(token: string, at: number, edit: Edit, character: string): string {
  const [before, here, after] = [token.slice(0, at), token.slice(at, at + 1), token.slice(at + 1)]
  if (edit === 'change') return before + character + after
  if (edit === 'remove') return before + after
  if (edit === 'insert') return before + character + here + after
  return before + after.slice(0, 1) + here + after.slice(1)
}
