// Shared readers of claims for presets: members of a principal that a token may not mention, groups, and a missing claim.
import type { ValidationError } from '../errors/auth-error.ts'
import { constant } from '../internal/freeze.ts'
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkBoolean } from '../internal/options.ts'
import {
  ambiguousKey,
  clientKey,
  type Principal,
  type PrincipalActor,
  type PrincipalGroups,
  principalKey,
} from '../principal/principal.ts'
import { emptyList, isText, readActor, readAuthentication, readString, readStrings } from '../principal/read-claims.ts'
import { checkAudience } from '../jwt/claims.ts'
import type { UnverifiedToken } from '../issuer/issuer.ts'

/** The members of a principal that a token may not mention. */
export const unsaid: Pick<Principal, 'scopes' | 'roles' | 'permissions' | 'groups' | 'authentication' | 'traits'> = {
  scopes: emptyList,
  roles: emptyList,
  permissions: emptyList,
  groups: constant({ values: emptyList, complete: false }),
  authentication: constant({}),
  traits: emptyList,
}

/** The option of every preset that reads groups. */
export interface GroupsOptions {
  /**
   * Says that the STS never filters the groups claim: the caller is in no group that it does not list. A token without the
   * claim stays incomplete, since STSs leave it out for many reasons. So does a token whose groups are elsewhere
   * (`_claim_names`, `_claim_sources`, `hasgroups`), whose claim has a member of another type, or whose claim is a text with a
   * list in it (`a;b`).
   *
   * @default false
   */
  readonly groupsAreComplete?: boolean
}

/** Reads the groups that a token lists. */
export type GroupsReader = (claims: JsonObject) => PrincipalGroups

/**
 * Makes the reader of the groups in the claim `name`. Without a name it reads none. `read` splits the claim into values.
 *
 * @throws TypeError when `groupsAreComplete` is neither true nor false, or is given without a claim.
 */
export function createGroupsReader(
  name: string | undefined,
  { groupsAreComplete = false }: GroupsOptions,
  read: typeof readStrings = readStrings,
): GroupsReader {
  checkBoolean('groupsAreComplete', groupsAreComplete)
  if (name === undefined) {
    if (!groupsAreComplete) return () => unsaid.groups
    throw new TypeError('groupsAreComplete says something of the claim that groupsClaim names: write groupsClaim, too.')
  }
  const absent = constant({ values: emptyList, complete: false, claim: name })
  return (claims) => {
    if (!Object.hasOwn(claims, name)) return absent
    const values = read(claims, name)
    const items = claims[name]
    // A group that cannot be read is left out of values, and its members must not pass for others.
    const isWhole = Array.isArray(items) ? values.length === items.length : isOneGroup(items)
    return { values, complete: groupsAreComplete && isWhole && !isOverage(claims), claim: name }
  }
}

/** A text is one group, unless an STS wrote a list into it: `[a, b]`, `a;b`. A name in a directory has commas (`CN=a,OU=b`). */
function isOneGroup(text: unknown): boolean {
  return isText(text) && !/[;|[\]\n]|^(?!\w+=)[^,]*,/.test(text)
}

/** Claims that are elsewhere (OpenID Connect Core §5.6.2). Entra marks the groups of a user with too many of them so. */
const overage = ['_claim_names', '_claim_sources', 'hasgroups']

function isOverage(claims: JsonObject): boolean {
  return overage.some((name) => Object.hasOwn(claims, name))
}

/** How a token names its subject. */
export interface NamedSubject {
  readonly sub: string
  readonly client: string | undefined
  /** Whether the token says how or when the subject logged in. */
  readonly hasLoggedIn: boolean
  /** The kind of a subject that is not the client. */
  readonly other: Principal['kind']
}

/**
 * Tells a client from other subjects, where the STS makes a client the subject of its own tokens (RFC 9068 §2.2). Such an STS
 * may let a user have the name of a client (RFC 9068 §5). A token with that name and a login is of kind `unknown`, with a key
 * of its own. Without a login in the token, such a user cannot be told from the client.
 */
export function readSubject(
  issuer: string,
  { sub, client, hasLoggedIn, other }: NamedSubject,
): Pick<Principal, 'kind' | 'key' | 'subject'> {
  if (sub !== client) return { kind: other, key: principalKey(issuer, sub), subject: sub }
  if (hasLoggedIn) return { kind: 'unknown', key: ambiguousKey(issuer, sub), subject: sub }
  return { kind: 'application', key: clientKey(issuer, sub), subject: sub }
}

/** Whether the token says how or when the subject logged in (`acr`, `amr`, `auth_time`). */
export function saysLogin(claims: JsonObject): boolean {
  return isLogin(readAuthentication(claims))
}

/** The same for a login that was read already. */
export function isLogin(authentication: Principal['authentication']): boolean {
  return Object.keys(authentication).length > 0
}

/** The words of `sub_profile` about a subject, such as `user`, `service` or `ai_agent` (OAuth actor profile, an Internet-Draft). */
export function readProfile(claims: JsonObject): readonly string[] {
  return readString(claims, 'sub_profile')?.split(' ') ?? emptyList
}

/** The outermost `act`, with the trait `agent` where its own `sub_profile` says so. */
export function readProfiledActor(claims: JsonObject): PrincipalActor | undefined {
  const actor = readActor(claims)
  const isAgent = isJsonObject(claims.act) && readProfile(claims.act).includes('ai_agent')
  return actor && isAgent ? { ...actor, traits: ['agent'] } : actor
}

/**
 * Refuses a token for another audience, where the STS gives its tokens no `aud` and the preset demands none: "If the principal
 * processing the claim does not identify itself with a value in the "aud" claim when this claim is present, then the JWT MUST
 * be rejected", RFC 7519 §4.1.3. `accepted` lists the audiences that may stand there.
 */
export function checkForOthers(claims: JsonObject, accepted: readonly string[] = []): ValidationError | undefined {
  return Object.hasOwn(claims, 'aud') ? checkAudience(claims, accepted) : undefined
}

/** Refuses a token that names no key, where the keys are a map by `kid`: nothing else says which of them to use. */
export function checkKid({ header }: Pick<UnverifiedToken, 'header'>): ValidationError | undefined {
  return header.kid === undefined
    ? missing('kid', 'the header names no key, as every token of this STS does')
    : undefined
}

/** The refusal of a token that lacks `claim`, or has it in a form that says nothing. */
export function missing(claim: string, hint?: string): ValidationError {
  return { reason: 'claim_missing', ...(hint !== undefined && { hint }), details: { claim } }
}
