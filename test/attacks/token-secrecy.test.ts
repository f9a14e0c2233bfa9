// No token, and nothing of what only its owner should know, in any log, error, event or answer: one request for every
// way to be refused, then a search through all that came out.
import { inspect } from 'node:util'
import {
  type ClaimcheckEvent,
  createResourceServer,
  logTo,
  type RequestView,
  type ResourceServerOptions,
} from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { authenticationContext, policy, scope, stepUp } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../src/errors/reasons.ts'
import { now } from '../support/clock.ts'
import { errorOf, requestWith, testApiOptions } from '../support/resource-servers.ts'
import { createKey, createToken, encode, goodClaims, issuer, keyFor, type TokenParts } from '../support/tokens.ts'

const secrets = {
  sub: 'SECRET-sub',
  email: 'SECRET-email',
  jti: 'SECRET-jti',
  nonce: 'SECRET-nonce',
  // The operator's line of a 403 has these, and nothing else does.
  scope: 'told-scope',
  roles: ['told-role'],
  address: { street: 'SECRET-street' },
}

interface Refused {
  readonly token: string
  readonly request: RequestView
  readonly options?: Partial<ResourceServerOptions>
  readonly policy?: Parameters<ReturnType<typeof createResourceServer>['guard']>[1]
}

function sending(parts: TokenParts, options: Partial<ResourceServerOptions> = {}): Refused {
  return sendingToken(createToken({ ...parts, claims: { ...secrets, ...parts.claims } }), options)
}

function sendingToken(token: string, options: Partial<ResourceServerOptions> = {}): Refused {
  return { token, request: requestWith(`Bearer ${token}`), options }
}

const good = createToken({ claims: secrets })
const unsigned = `${encode('{"alg":"none"}')}.${encode(JSON.stringify(goodClaims(secrets)))}.`
const broken = (): never => {
  throw new Error('broken')
}
const schema = (validate: () => never): Pick<ResourceServerOptions, 'claims'> => ({
  claims: { '~standard': { version: 1, vendor: 'test', validate } },
})
const complaint = { issues: [{ message: 'SECRET-email is no email', path: ['email'] }] } as never
const local = oidc({ issuer, jwks: { keys: [keyFor('ES256').publicJwk] } })
const remote = oidc({ issuer, jwksUri: 'https://sts.example.com/jwks' })

/** One refusal for every reason of the generic issuer. */
const refusals: Readonly<Record<string, Refused>> = {
  credential_missing: { token: good, request: requestWith(`DPoP ${good}`) },
  credential_malformed: { token: good, request: requestWith(`Bearer ${good},`) },
  credential_repeated: { token: good, request: requestWith(`Bearer ${good}`, `Bearer ${good}`) },
  headers_truncated: { token: good, request: { ...requestWith(`Bearer ${good}`), headersTruncated: true } },
  token_too_large: sending({ claims: { filler: 'SECRET-x'.repeat(3000) } }),
  token_malformed: sendingToken(good.slice(1)),
  token_encrypted: sendingToken(`${good}.c2Vj.cmV0`),
  token_in_wrong_header: sending({}, { issuer: { ...local, tokenHeader: 'x-token' } }),
  critical_header_unsupported: sending({ header: { crit: ['exp'] } }),
  issuer_unknown: sending({ claims: { iss: 'https://other.example.com' } }),
  algorithm_not_allowed: sendingToken(unsigned),
  token_type_not_accepted: sending({ header: { typ: 'secevent+jwt' } }),
  not_an_access_token: sending({ claims: { at_hash: 'SECRET-hash' } }),
  claim_missing: sending({ claims: { exp: undefined } }),
  claim_invalid: sending({ claims: { exp: 'soon' } }),
  token_expired: sending({ claims: { exp: now - 300 } }),
  token_not_yet_valid: sending({ claims: { nbf: now + 300 } }),
  token_too_old: sending({ claims: { iat: now - 300 } }, { maxTokenAgeSeconds: 60 }),
  audience_mismatch: sending({ claims: { aud: 'https://other.example.com' } }),
  sender_constrained: sending({ claims: { cnf: { jkt: 'SECRET-jkt' } } }),
  key_not_found: sending({ header: { kid: 'another' } }),
  signature_invalid: sending({ key: createKey('ES256', { kid: keyFor('ES256').kid }) }),
  claims_schema_mismatch: sending(
    {},
    schema(() => complaint),
  ),
  claims_schema_unavailable: sending({}, schema(broken)),
  token_revoked: sending({}, { isRevoked: () => true }),
  revocation_unavailable: sending({}, { isRevoked: broken }),
  verification_unavailable: sending({}, { clock: { nowMs: broken } }),
  keys_unavailable: sending({}, { issuer: remote }),
  policy_unavailable: { ...sending({}), policy: broken },
  insufficient_scope: { ...sending({}), policy: scope('orders:read') },
  insufficient_user_authentication: { ...sending({}), policy: stepUp({ acrValues: ['mfa'] }) },
  insufficient_claims: { ...sending({ claims: { xms_cc: ['cp1'] } }), policy: authenticationContext('c1') },
  facts_incomplete: { ...sending({}), policy: () => ({ effect: 'indeterminate', kind: 'incomplete' }) },
  access_denied: { ...sending({}), policy: policy('nobody', () => false) },
}

/** Only the Entra preset refuses with these; its own tests look into them. */
const entraOnly = ['token_for_other_resource', 'tenant_mismatch', 'token_without_permissions']
/** For gateways: nothing here refuses with these. */
const gatewayOnly = ['target_ambiguous', 'route_unknown', 'peer_untrusted']

/** Everything that anybody could print of one refusal. */
async function printed({ request, options, policy }: Refused, reason: string): Promise<string> {
  const events: ClaimcheckEvent[] = []
  const lines: string[] = []
  const log = logTo({ warn: (line) => lines.push(line), info: (line) => lines.push(line) })
  const onEvent = (event: ClaimcheckEvent): void => {
    events.push(event)
    log(event)
  }
  const api = createResourceServer(testApiOptions({ ...options, onEvent }).options)
  const error = await errorOf(policy ? api.guard(request, policy) : api.guard(request))
  expect(error.reason).toBe(reason)
  expect(lines.filter((line) => line.includes(` reason="${reason}"`))).toHaveLength(1)
  const { cause: _, ...details } = error.details
  const errors = [error.message, error.stack, String(error), JSON.stringify(error), inspect(error, { depth: 9 })]
  const known = [
    error.hint,
    JSON.stringify(details),
    JSON.stringify(events),
    inspect(events, { depth: 9, showHidden: true }),
  ]
  const answer = JSON.stringify(api.challenge(error))
  expect([...errors, answer].join('\n')).not.toContain('told-')
  if (error.status !== 403 && reason !== 'policy_unavailable' && !reason.startsWith('insufficient'))
    expect([...known, ...lines].join('\n')).not.toContain('told-')
  return [...errors, ...known, ...lines, answer].join('\n')
}

describe('a refusal', () => {
  it('has a request here for every reason', () => {
    expect([...Object.keys(refusals), ...entraOnly, ...gatewayOnly].sort()).toEqual(Object.keys(errorTable).sort())
  })

  it.each(Object.keys(refusals))(
    '[RFC9700-4.9.3-1] prints nothing of the token or what it says: %s',
    async (reason) => {
      const refused = refusals[reason] as Refused
      const text = await printed(refused, reason)
      expect(text).toContain(errorTable[reason as keyof typeof errorTable].text)
      expect(text).not.toContain('SECRET')
      expect(piecesOf(refused.token).filter((piece) => text.includes(piece))).toEqual([])
    },
  )
})

describe('a verified token', () => {
  const { options } = testApiOptions()
  const verified = () => createResourceServer(options).verifyToken(good)

  it('[RFC9700-4.9.3-1] shows issuer, key of the principal and expiry when it is inspected, and nothing else', async () => {
    const auth = await verified()
    const shown = { issuer, principal: { key: auth.principal.key }, expiresAt: now + 300 }
    expect(inspect(auth)).toBe(inspect(shown))
    expect(inspect({ req: { auth } }, { depth: 9, showHidden: true })).toBe(
      inspect({ req: { auth: shown } }, { depth: 9 }),
    )
    expect(auth.principal.key).toBe(`${issuer}|SECRET-sub`)
  })

  it('[RFC9700-4.9.3-1] [MCP-TOK-3] has its token where no log, copy or JSON finds it', async () => {
    const auth = await verified()
    expect(auth.token).toBe(good)
    const texts = [
      JSON.stringify(auth),
      JSON.stringify({ ...auth }),
      JSON.stringify(Object.entries(auth)),
      String(auth),
    ]
    for (const text of texts) expect(piecesOf(good).filter((piece) => text.includes(piece))).toEqual([])
  })
})

/** Pieces of 16 characters, such that whatever repeats 24 characters in a row of `token` has one of them. */
function piecesOf(token: string): readonly string[] {
  return Array.from({ length: Math.floor(token.length / 8) - 1 }, (_, index) => token.slice(index * 8, index * 8 + 16))
}
