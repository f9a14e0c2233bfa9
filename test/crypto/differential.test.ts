// The verdicts of claimcheck and of jose on the same tokens and key sets: equal, or claimcheck is stricter for a listed reason.
// `npm run test:slow` compares 10 000 tokens and prints the table, `npm test` compares 1500.
import { AuthError, createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { everyAlgorithm } from '../support/every-algorithm.ts'
import { changeNames, createCase, sampleCases, type TokenCase } from '../support/token-cases.ts'
import { audience, issuer } from '../support/tokens.ts'

const count = Number(process.env.DIFFERENTIAL_TOKENS ?? 1500)
const seed = 20_261_128

/** Why claimcheck refuses what jose accepts: the inner reason, and the change that each such token has. */
const stricter: Readonly<Record<string, readonly string[]>> = {
  // One text for each token, and one meaning for each text: two parsers must not read two things.
  token_malformed: [
    'a repeated claim',
    'a repeated claim, escaped',
    'a repeated header name',
    'a repeated name below',
    'a byte order mark',
    'a lone surrogate',
    'a line break',
    'unused bits of the signature',
    'deep nesting',
    // RFC 8725 §3.11: a nested token is another kind of token.
    'cty JWT',
  ],
  // RFC 7797 §7: "JWTs MUST NOT use" b64, and claimcheck understands no extension.
  critical_header_unsupported: ['crit b64', 'b64 true'],
  // RFC 7519 §2 and §4.1 say which types these claims have.
  claim_invalid: [
    'aud in a list with a number',
    'jti that is a number',
    'sub that is a number',
    // A date in milliseconds makes a token endless.
    'exp in milliseconds',
    'exp without end',
  ],
  // jose checks `iat` only together with `maxTokenAge`.
  token_not_yet_valid: ['iat ahead'],
  token_too_large: ['a very long claim'],
  // RFC 7800: a bound token without its proof is a stolen one. jose leaves it to its caller.
  sender_constrained: ['a confirmation'],
  // An ID token is no access token, whatever its `typ`.
  not_an_access_token: ['an at_hash'],
  // DESIGN §4: a key without `alg` serves the one algorithm that the configuration names, never one that the token chooses.
  // RFC 7518 §6: coordinates are base64url, without padding. Such a key is left out of the set.
  key_not_found: ['a key without alg', 'a padded coordinate'],
  // RFC 7518 §6: coordinates are base64url, without padding.
  'no usable key': ['a padded coordinate'],
}

/** Why claimcheck verifies with a key set that jose does not use. Each time a key of the issuer has made the signature. */
const usableKeySets: Readonly<Record<string, string>> = {
  'the other name of Ed25519': 'RFC 9864: EdDSA and Ed25519 are two names of one algorithm',
  'a key without kid': 'RFC 7517 §4.5: kid is optional. The only key for this algorithm verifies the token',
  'a damaged key beside it': 'RFC 7517 §5: keys that are not understood are ignored. jose refuses the whole set',
}

/** `accepted`, or why not. */
type Verdict = string
type Verify = (token: string) => Promise<Verdict>

const verifiers = new Map<string, Verify>()

/** One verifier for each key set, which remembers no token. */
function oursFor(jwks: TokenCase['jwks']): Verify {
  const name = JSON.stringify(jwks)
  const made = verifiers.get(name) ?? createOurs(jwks)
  verifiers.set(name, made)
  return made
}

function createOurs(jwks: TokenCase['jwks']): Verify {
  try {
    const profile = oidc({ issuer, audience, algorithms: everyAlgorithm, typ: ['at+jwt'], jwks: jwks as never })
    const { verifyToken } = createVerifier({ issuer: profile, clock: createTestClock(), tokenCache: false })
    return (token) =>
      verifyToken(token).then(
        ({ claims }) => (claims.iss === issuer ? 'accepted' : 'another issuer'),
        (error: unknown) => {
          if (error instanceof AuthError) return error.reason
          throw error
        },
      )
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return () => Promise.resolve('no usable key')
  }
}

const options = {
  issuer,
  audience,
  typ: 'at+jwt',
  algorithms: [...everyAlgorithm],
  requiredClaims: ['iss', 'aud', 'exp'],
  clockTolerance: 30,
  currentDate: new Date(now * 1000),
}

async function theirs({ token, jwks }: TokenCase): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet(jwks as JSONWebKeySet), options)
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return false
    throw error
  }
}

it('gives the verdict of jose, or a stricter one for a listed reason', { timeout: 300_000 }, async () => {
  const cases = [
    ...everyAlgorithm.map((algorithm) => createCase(algorithm, [])),
    ...changeNames.flatMap((name, at) => [
      createCase(everyAlgorithm[at % everyAlgorithm.length] ?? 'ES256', [name]),
      createCase('ES256', [name]),
    ]),
    ...sampleCases(count, seed),
  ]
  const table: Record<string, number> = {}
  const unlisted: unknown[] = []
  for (const one of cases) {
    const verdict = await oursFor(one.jwks)(one.token)
    const row = rowOf(one, verdict, await theirs(one))
    if (row === undefined) unlisted.push([one.algorithm, one.changes, verdict])
    else table[row] = (table[row] ?? 0) + 1
  }
  expect(unlisted).toEqual([])
  // Every reason has been seen, or it has no place in the list.
  const listed = [...Object.keys(stricter).map((reason) => `stricter: ${reason}`), 'both accept', 'both refuse']
  expect(Object.keys(table)).toEqual(expect.arrayContaining(listed))
  if (process.env.DIFFERENTIAL_TOKENS !== undefined) console.table(table)
})

/** The row of the table that counts this token; `undefined` for a difference that no list explains. */
function rowOf({ changes }: TokenCase, ours: Verdict, isAcceptedByJose: boolean): string | undefined {
  if (ours === 'accepted') {
    if (isAcceptedByJose) return 'both accept'
    const change = changes.find((name) => Object.hasOwn(usableKeySets, name))
    return change && `key set that jose does not use: ${change}`
  }
  if (!isAcceptedByJose) return 'both refuse'
  return changes.some((name) => stricter[ours]?.includes(name)) ? `stricter: ${ours}` : undefined
}
