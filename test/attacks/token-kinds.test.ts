// An issuer signs many kinds of JWT with the same keys. None but an access token is one, even for the right audience.
import { createVerifier } from 'claimcheck'
import { rfc9068 } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { audience, createToken, issuer, keyFor, type TokenParts } from '../support/tokens.ts'
import { createTestVerifier, expectInvalidToken, refusalOf } from '../support/verifiers.ts'

const { verifyToken } = createTestVerifier()
const jwks = { keys: [keyFor('ES256').publicJwk] }
const strict = createVerifier({ issuer: rfc9068({ issuer, audience, jwks }), clock: createTestClock() })

type Kind = readonly [kind: string, parts: TokenParts, code: Parameters<typeof expectInvalidToken>[1]]

const jwt = { typ: 'JWT' }
const nobody = { sub: undefined, client_id: undefined }

const byClaim: readonly Kind[] = [
  ['an ID token, by at_hash', { header: jwt, claims: { at_hash: 'x', auth_time: now } }, 'not_an_access_token'],
  ['an ID token, by c_hash', { header: jwt, claims: { c_hash: 'x' } }, 'not_an_access_token'],
  ['an ID token, by s_hash', { header: jwt, claims: { s_hash: 'x' } }, 'not_an_access_token'],
  ['a Cognito ID token', { header: { typ: undefined }, claims: { token_use: 'id' } }, 'not_an_access_token'],
  ['a Cognito refresh token', { header: { typ: undefined }, claims: { token_use: 'refresh' } }, 'not_an_access_token'],
  ['a Keycloak ID token', { header: jwt, claims: { typ: 'ID' } }, 'not_an_access_token'],
  ['a Keycloak refresh token', { header: jwt, claims: { typ: 'Refresh' } }, 'not_an_access_token'],
  ['a Keycloak offline token', { header: jwt, claims: { typ: 'Offline' } }, 'not_an_access_token'],
  ['a Keycloak logout token', { header: jwt, claims: { typ: 'Logout' } }, 'not_an_access_token'],
  ['an untyped logout token', { header: jwt, claims: { events: logout(), sid: 's1' } }, 'not_an_access_token'],
  ['an untyped security event', { header: jwt, claims: { events: revoked() } }, 'not_an_access_token'],
  [
    'an untyped introspection answer',
    { header: jwt, claims: { token_introspection: { active: true } } },
    'not_an_access_token',
  ],
  ['an untyped status list', { header: jwt, claims: { status_list: { bits: 1, lst: 'x' } } }, 'not_an_access_token'],
  ['an authorization response (JARM)', { header: jwt, claims: { ...nobody, code: 'c', state: 's' } }, 'claim_missing'],
  ['a UserInfo answer', { header: jwt, claims: { exp: undefined, email: 'a@example.com' } }, 'claim_missing'],
  ['a client assertion', { header: jwt, claims: { iss: 'web', sub: 'web' } }, 'issuer_unknown'],
]

const byType: readonly Kind[] = [
  'logout+jwt',
  'secevent+jwt',
  'dpop+jwt',
  'token-introspection+jwt',
  'statuslist+jwt',
  'client-authentication+jwt',
  'oauth-id-jag+jwt',
  'oauth-authz-req+jwt',
  'entity-statement+jwt',
  'trust-mark+jwt',
  'kb+jwt',
  'dc+sd-jwt',
  'vc+jwt',
  'id_token+jwt',
  'JOSE',
  'at+jwt+dpop',
].flatMap((typ) =>
  [typ, typ.toUpperCase(), `application/${typ}`].map(
    (one): Kind => [`typ ${one}`, { header: { typ: one } }, 'token_type_not_accepted'],
  ),
)

describe('of a trusted issuer, for the right audience', () => {
  it('an access token passes', async () => {
    expect((await verifyToken(createToken())).principal.subject).toBe('alice')
    expect((await verifyToken(createToken({ header: jwt }))).principal.subject).toBe('alice')
    expect((await strict.verifyToken(createToken())).principal.subject).toBe('alice')
  })

  it.each([...byClaim, ...byType])('[RFC8725bis-3.12-1] %s does not', async (_, parts, code) => {
    await expectInvalidToken(verifyToken(createToken(parts)), code)
  })

  it.each([...byClaim, ...byType])('[RFC8725bis-3.12-1] %s does not pass the strict profile', async (_, parts) => {
    expect((await refusalOf(strict.verifyToken(createToken(parts)))).status).toBe(401)
  })

  it.each(byClaim)('[RFC8725bis-3.12-1] %s does not, though its header calls it at+jwt', async (_, parts, code) => {
    await expectInvalidToken(strict.verifyToken(createToken({ ...parts, header: { typ: 'at+jwt' } })), code)
  })
})

describe('sent as plain Bearer', () => {
  const thumbprint = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'

  it.each([
    [{ jkt: thumbprint }],
    [{ 'x5t#S256': thumbprint }],
    [{ jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } }],
    [{ jwe: 'a.b.c.d.e' }],
    [{ kid: 'k1' }],
    [{ jku: 'https://keys.example.com/jwks', kid: 'k1' }],
    [{}],
    [[]],
    [''],
    ['x'],
    [0],
    [true],
    [false],
    [null],
  ])('a token with the cnf %j is refused', async (cnf) => {
    for (const verify of [verifyToken, strict.verifyToken]) {
      const error = await expectInvalidToken(verify(createToken({ claims: { cnf } })), 'sender_constrained')
      expect(error.hint).toContain('(cnf)')
    }
  })
})

function logout() {
  return { 'http://schemas.openid.net/event/backchannel-logout': {} }
}

function revoked() {
  return { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} }
}
