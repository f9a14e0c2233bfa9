// From Entra's claims to the caller. Names and e-mail addresses are mutable and a tenant's administrator writes them: they
// never feed the subject.
import type { JsonObject } from '../../internal/json.ts'
import { type Principal, type PrincipalGroups, type PrincipalTrait, principalKey } from '../../principal/principal.ts'
import { areTexts, readAuthentication, readString, readStrings } from '../../principal/read-claims.ts'
import type { PrincipalEnrichment } from '../../issuer/issuer.ts'
import type { GroupsReader } from '../preset-claims.ts'
import { clientIdOf, clientTypeOf, hasNumber, isActingAgent, isAgent, isGuest, kindOf, scopesOf } from './claims.ts'
import { consumerTenant } from './clouds.ts'
import type { EntraGroupQuery, EntraOptions } from './options.ts'

/** Maps verified claims. The key is the same for the 1.0 and 2.0 tokens of one user or application. */
export function entraPrincipal(claims: JsonObject, issuer: string, readGroups: GroupsReader): Principal {
  const tenant = String(claims.tid)
  const oid = readString(claims, 'oid')
  const sub = String(claims.sub)
  const kind = kindOf(claims)
  const clientId = String(clientIdOf(claims))
  const scopes = scopesOf(claims)
  const isDelegated = kind === 'user' && scopes.length > 0
  return {
    kind,
    // sub alone is pairwise and stays apart.
    key: oid === undefined ? principalKey('entra', tenant, 'sub', sub) : principalKey('entra', tenant, oid),
    subject: oid ?? sub,
    issuer,
    tenant,
    client: { id: clientId, type: clientTypeOf(claims) },
    scopes,
    // Directory roles are the tenant's, not this API's: the prefix keeps an app role from passing for one.
    roles: [...readStrings(claims, 'roles'), ...readStrings(claims, 'wids').map((id) => `directory:${id}`)],
    permissions: [],
    groups: groupsOf(readGroups(claims), kind),
    ...(isDelegated && { actor: { subject: clientId, traits: isActingAgent(claims) ? ['agent'] : [] } }),
    authentication: authenticationOf(claims),
    traits: traitsOf(claims, kind, isDelegated),
  }
}

/** "Service principals aren't included in groups claims": none of their lists is complete. */
function groupsOf(groups: PrincipalGroups, kind: Principal['kind']): PrincipalGroups {
  return kind === 'user' ? groups : { ...groups, complete: false }
}

/** Asks `resolver` for groups that the token may not list. The address in the token belongs to a retired API, and is not used. */
export function completeGroups(
  { kind, groups, tenant }: Principal,
  claims: JsonObject,
  resolver: NonNullable<EntraOptions['groupResolver']>,
): PromiseLike<PrincipalEnrichment> | undefined {
  const oid = readString(claims, 'oid')
  if (kind !== 'user' || groups.complete || oid === undefined || tenant === undefined) return undefined
  return resolvedGroups(resolver, { tenant, oid }, groups)
}

async function resolvedGroups(
  resolver: NonNullable<EntraOptions['groupResolver']>,
  user: EntraGroupQuery,
  { values: listed }: PrincipalGroups,
): Promise<PrincipalEnrichment> {
  const found: unknown = await resolver(user)
  if (!Array.isArray(found) || !areTexts(found))
    throw new TypeError('groupResolver did not answer with a list of group ids.')
  // A token may list names where the resolver finds ids: a group that it lists stays one that the user is in.
  return { groups: { values: [...new Set([...listed, ...found])], complete: true } }
}

function authenticationOf(claims: JsonObject): Principal['authentication'] {
  const contexts = readStrings(claims, 'acrs')
  return { ...readAuthentication(claims), ...(contexts.length > 0 && { contexts }) }
}

function traitsOf(claims: JsonObject, kind: Principal['kind'], isDelegated: boolean): readonly PrincipalTrait[] {
  const isUser = kind === 'user'
  const isConsumer = claims.tid === consumerTenant || hasNumber(claims, 'xms_idrel', 3)
  const isManaged = readString(claims, 'xms_mirid') !== undefined || hasNumber(claims, 'xms_idrel', 33)
  const traits: readonly (readonly [PrincipalTrait, boolean])[] = [
    ['agent', isAgent(claims, kind)],
    ['managed-identity', kind === 'application' && isManaged],
    ['guest', isUser && isGuest(claims)],
    ['consumer', isUser && isConsumer],
    ['delegated', isDelegated],
  ]
  return traits.filter(([, applies]) => applies).map(([trait]) => trait)
}
