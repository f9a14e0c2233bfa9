// The tokens of a test issuer: claims by its profile, times by its clock, signatures by its keys.
import type { Clock } from '../internal/clock.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkNumber, checkOptionNames } from '../internal/options.ts'
import { type BadTokenKind, makeBadToken } from './bad-tokens.ts'
import type { KeyRing } from './key-ring.ts'
import type { IssuerProfile, TokenShape } from './profile.ts'
import { type SigningKey, signToken } from './signing-key.ts'
import type { TestClaims, TestTokenOptions } from './test-issuer.ts'

export interface IssuedTokens {
  issue(kind: keyof IssuerProfile['tokens'], changes?: TestClaims, options?: TestTokenOptions): string
  makeInvalid(kind: BadTokenKind, changes?: TestClaims): string
}

export interface IssuedTokensOptions {
  readonly ring: KeyRing
  /** The profile as it is now: its address may change. */
  profile(): IssuerProfile
  /** How far the clock of the STS is ahead. */
  driftMs(): number
  readonly clock: Clock
}

interface TokenParts {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly key: SigningKey
}

export function createIssuedTokens({ ring, profile, clock, driftMs }: IssuedTokensOptions): IssuedTokens {
  let issued = 0
  const seconds = (ms: number): number => Math.floor(ms / 1000)

  function partsOf(shape: TokenShape, changes: TestClaims, options: TestTokenOptions): TokenParts {
    checkOptionNames('The options of a token', options, ['algorithm', 'header', 'lifetimeSeconds'])
    const { issuer, lifetimeSeconds: usual = 3600 } = profile()
    const { algorithm, header, lifetimeSeconds = usual } = options
    checkNumber('lifetimeSeconds', lifetimeSeconds, 1, Number.MAX_SAFE_INTEGER)
    const key = ring.current(algorithm)
    const iat = seconds(clock.nowMs() + driftMs())
    const own = shape.claims({ nowSeconds: iat, tokenId: `token-${++issued}` })
    return {
      header: { alg: key.algorithm, kid: key.kid, ...(shape.header?.(key.kid) ?? { typ: 'JWT' }), ...header },
      claims: { iss: issuer, iat, exp: iat + lifetimeSeconds, ...own, ...changes },
      key,
    }
  }

  function issue(
    kind: keyof IssuerProfile['tokens'],
    changes: TestClaims = {},
    options: TestTokenOptions = {},
  ): string {
    const { header, claims, key } = partsOf(shapeOf(kind, profile()), changes, options)
    return signToken(header, claims, key)
  }

  function makeInvalid(kind: BadTokenKind, changes: TestClaims = {}): string {
    const parts = partsOf(shapeOf('user', profile()), changes, {})
    return makeBadToken(kind, {
      ...parts,
      nowSeconds: seconds(clock.nowMs()),
      audienceClaim: profile().audienceClaim ?? 'aud',
      foreignKey: () => ring.foreignKey(parts.key),
      idToken: () => issue('id'),
    })
  }

  return { issue, makeInvalid }
}

function shapeOf(kind: keyof IssuerProfile['tokens'], { name, tokens }: IssuerProfile): TokenShape {
  // Where an STS knows no users, every access token is an application's.
  const shape = kind === 'user' ? (tokens.user ?? tokens.application) : tokens[kind]
  if (shape) return shape
  throw new TypeError(`The profile ${name} has no access token for ${kind === 'user' ? 'a user' : 'an application'}.`)
}
