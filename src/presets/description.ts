// One STS as data: where its keys are, what tells its access tokens from its other tokens, and which claim says what of the caller.
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import type { Principal, PrincipalActor, PrincipalAuthentication, PrincipalTrait } from '../principal/principal.ts'
import { readActor, readAuthentication, readScopes, readString, readStrings } from '../principal/read-claims.ts'
import { checkAccessToken, notAnAccessToken } from '../jwt/claims.ts'
import type { JoseHeader } from '../jwt/parse.ts'
import type { Issuer, IssuerEndpoint, IssuerKeys, IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { refuseMicrosoftHost } from './microsoft-hosts.ts'
import { type GroupsReader, missing, unsaid } from './preset-claims.ts'

/** Verified claims, with what most subjects are made of. */
export interface Caller {
  readonly claims: JsonObject
  /** The endpoint's issuer, as configured. */
  readonly issuer: string
  /** The claim `sub`; empty where it is absent. */
  readonly sub: string
  /** The client, as `StsDescription.client` reads it. */
  readonly client: string | undefined
  readonly header: JoseHeader
}

/** The members of a principal that say what the subject is. `traits` are none by default. */
export type Subject = Pick<Principal, 'kind' | 'key' | 'subject'> & { readonly traits?: readonly PrincipalTrait[] }

/** The members of `Issuer` that a description has as they are. */
type Copied = Pick<Issuer, 'preset' | 'algorithms' | 'types'> &
  Partial<
    Pick<
      Issuer,
      | 'audienceSource'
      | 'nonStandardClaimTypes'
      | 'keyCache'
      | 'tokenHeader'
      | 'base64Padding'
      | 'isTenantAllowed'
      | 'checkKey'
      | 'enrichPrincipal'
      | 'hint'
    >
  >

/** An STS. `createIssuer` makes an issuer of it. A claim is named here by its name; a function reads what has no plain form. */
export interface StsDescription extends Copied {
  /**
   * The one issuer, or all endpoints. Keys of one issuer are in `keys`. An issuer at Microsoft's hosts is refused, unless another party than
   * the issuer signs (`signer`).
   */
  readonly issuer: string | readonly IssuerEndpoint[]
  readonly keys?: IssuerKeys
  /** `other`: the tokens name another STS as their issuer than the one that signs them. Default `issuer`. */
  readonly signer?: 'issuer' | 'other'
  /** Default false. */
  readonly insecureAllowHttp?: boolean | undefined
  /** Accepted audiences; `null` accepts every one. */
  readonly audience: readonly string[] | null
  /** Claims that every token has. */
  readonly requires?: readonly string[]
  /** Claims that are text and not empty. Default `requires`. */
  readonly texts?: readonly string[]
  /** What only access tokens have: a claim, and its values. */
  readonly mark?: { readonly claim: string; readonly values: readonly string[] }
  /** Claims that only access tokens have, each a text. */
  readonly marksOfThese?: readonly string[]
  /** Claims that no access token of this STS has, such as `nonce`. */
  readonly marksOfOthers?: readonly string[]
  /** `own` leaves out the marks that other tokens have everywhere (`at_hash`, `typ`, …), where other parties fill in the claims. */
  readonly marks?: 'all' | 'own'
  /** Further reasons to refuse a token. Asked last. */
  validate?(token: UnverifiedToken): ValidationError | undefined
  /** The claim with the client's id; the first of several that is there. */
  readonly client?: string | readonly string[] | ((claims: JsonObject, header: JoseHeader) => string | undefined)
  /** Says who the subject is. */
  subject(caller: Caller): Subject
  readonly tenant?: string | ((claims: JsonObject, issuer: string) => string | undefined)
  /** `any` reads `scope` and `scp`. */
  readonly scopes?: 'scope' | 'scp' | 'any' | ((claims: JsonObject) => readonly string[])
  readonly roles?: string | ((claims: JsonObject) => readonly string[]) | undefined
  readonly permissions?: string | ((claims: JsonObject) => readonly string[]) | undefined
  readonly groups?: GroupsReader
  /** `act` reads the outermost actor of RFC 8693. */
  readonly actor?: 'act' | ((claims: JsonObject) => PrincipalActor | undefined)
  /** `standard` reads `acr`, `amr` and `auth_time`. */
  readonly authentication?: 'standard' | ((claims: JsonObject) => PrincipalAuthentication)
}

/**
 * Makes an issuer of a description. A token is checked for marks first, then for what must be there, then by `validate`.
 *
 * @throws TypeError for a member that no description has, such as `validateToken`: a check under a wrong name would be off. And for an
 * issuer at Microsoft's hosts.
 */
export function createIssuer(sts: StsDescription): IssuerWithAudience {
  checkOptions('createIssuer()', arguments, names)
  const { issuer, keys, insecureAllowHttp = false, requires = [] } = sts
  const endpoints = typeof issuer === 'string' ? [{ issuer, keys: keys as IssuerKeys, insecureAllowHttp }] : issuer
  if (sts.signer !== 'other')
    for (const { issuer: name, aliases = [] } of endpoints)
      for (const one of [name, ...aliases]) refuseMicrosoftHost('issuer', one)
  const created: IssuerWithAudience = {
    preset: sts.preset,
    endpoints,
    audience: sts.audience,
    algorithms: sts.algorithms,
    types: sts.types,
    requiredClaims: requires,
    ...Object.fromEntries(optional.map((name) => [name, sts[name]]).filter(([, value]) => value !== undefined)),
    validateToken: (token) => validateToken(sts, token),
    principal: (claims, from, header) => readPrincipal(sts, claims, from, header),
  }
  descriptions.set(created, sts)
  return created
}

const optional = [
  'audienceSource',
  'nonStandardClaimTypes',
  'keyCache',
  'tokenHeader',
  'base64Padding',
  'isTenantAllowed',
  'checkKey',
  'enrichPrincipal',
  'hint',
] as const

const names: readonly (keyof StsDescription)[] = [
  ...optional,
  'preset',
  'issuer',
  'keys',
  'signer',
  'insecureAllowHttp',
  'audience',
  'algorithms',
  'types',
  'requires',
  'texts',
  'mark',
  'marksOfThese',
  'marksOfOthers',
  'marks',
  'validate',
  'client',
  'subject',
  'tenant',
  'scopes',
  'roles',
  'permissions',
  'groups',
  'actor',
  'authentication',
]

const descriptions = new WeakMap<Issuer, StsDescription>()

/** The description that `createIssuer` was given; `undefined` for an issuer that was written by hand. */
export function descriptionOf(issuer: Issuer): StsDescription | undefined {
  return descriptions.get(issuer)
}

function validateToken(sts: StsDescription, token: UnverifiedToken): ValidationError | undefined {
  const { mark, marksOfThese = [], marksOfOthers = [], marks = 'all', requires = [], texts = requires } = sts
  const { claims } = token
  const foreign =
    marksOfOthers.find((name) => Object.hasOwn(claims, name)) ??
    marksOfThese.find((name) => readString(claims, name) === undefined)
  if (foreign !== undefined) return notAnAccessToken(foreign)
  if (mark && !mark.values.includes(readString(claims, mark.claim) ?? ''))
    return notAnAccessToken(mark.claim, claims[mark.claim])
  const refusal = marks === 'own' ? undefined : checkAccessToken(claims)
  const absent = texts.find((name) => readString(claims, name) === undefined)
  return refusal ?? (absent === undefined ? sts.validate?.(token) : missing(absent))
}

function readPrincipal(sts: StsDescription, claims: JsonObject, issuer: string, header: JoseHeader): Principal {
  const { tenant, scopes, roles, permissions, groups, actor, authentication } = sts
  const client = readClient(sts.client, claims, header)
  const {
    kind,
    key,
    subject,
    traits = unsaid.traits,
  } = sts.subject({
    claims,
    issuer,
    sub: readString(claims, 'sub') ?? '',
    client,
    header,
  })
  const home = typeof tenant === 'string' ? readString(claims, tenant) : tenant?.(claims, issuer)
  const acting = actor === 'act' ? readActor(claims) : actor?.(claims)
  return {
    kind,
    key,
    subject,
    issuer,
    ...(home !== undefined && { tenant: home }),
    ...(client !== undefined && { client: { id: client, type: 'unknown' } }),
    scopes: typeof scopes === 'function' ? scopes(claims) : scopesIn(claims, scopes),
    roles: readList(roles, claims),
    permissions: readList(permissions, claims),
    groups: groups?.(claims) ?? unsaid.groups,
    ...(acting && { actor: acting }),
    authentication:
      authentication === 'standard' ? readAuthentication(claims) : (authentication?.(claims) ?? unsaid.authentication),
    traits,
  }
}

function readClient(client: StsDescription['client'], claims: JsonObject, header: JoseHeader): string | undefined {
  if (typeof client === 'function') return client(claims, header)
  for (const name of [client ?? []].flat()) {
    const id = readString(claims, name)
    if (id !== undefined) return id
  }
  return undefined
}

function scopesIn(claims: JsonObject, name: 'scope' | 'scp' | 'any' | undefined): readonly string[] {
  if (name === undefined) return unsaid.scopes
  return readScopes(name === 'any' ? claims : { [name]: claims[name] })
}

function readList(source: StsDescription['roles'], claims: JsonObject): readonly string[] {
  if (source === undefined) return unsaid.roles
  return typeof source === 'string' ? readStrings(claims, source) : source(claims)
}
