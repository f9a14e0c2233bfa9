// Stytch: session JWTs of one project, for consumers and for members of organizations, and M2M tokens. Their issuer is no URL.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { whole } from '../internal/patterns.ts'
import type { Principal } from '../principal/principal.ts'
import { readString, readStrings } from '../principal/read-claims.ts'
import { notAnAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { type Caller, createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { checkHost } from './preset-options.ts'
import { checkShape, uuid } from './shapes.ts'

export interface StytchOptions {
  /** `project-live-…` or `project-test-…`: the audience, and a part of the issuer. */
  readonly projectId: string
  /** The project's custom domain, where it has one: tokens may name it as their issuer. */
  readonly domain?: string
}

const person = whole(new RegExp(`(?:user|member)-(?:test|live)-${uuid.source}`))
const machine = whole(new RegExp(`m2m-client-(?:test|live)-${uuid.source}`))

/**
 * Trusts the sessions of one Stytch project, and its M2M clients. The claim `https://stytch.com/session` marks a session's token. The
 * prefixes of Stytch's ids tell users and members from clients. The organization of a member is the tenant, and the roles of the
 * session are the roles. A session JWT lives for 5 minutes and is accepted for as long, also when its session was ended.
 *
 * Refuses ID tokens and the tokens of Connected Apps, which belong to no session. † Whether a `typ` is sent, and what an M2M token has
 * besides `sub` and `scope`, is not confirmed.
 *
 * @throws TypeError for a `projectId` that is none.
 */
export function stytch(options: StytchOptions): IssuerWithAudience {
  checkOptions('stytch()', arguments, ['projectId', 'domain'])
  const { projectId, domain } = options
  checkShape('projectId', projectId, new RegExp(`project-(?:test|live)-${uuid.source}`), `project-live-${example}`)
  if (domain !== undefined) checkHost('domain', domain)
  const api = projectId.startsWith('project-test-') ? 'test.stytch.com' : 'api.stytch.com'
  return createIssuer({
    preset: 'stytch',
    issuer: [
      {
        issuer: `stytch.com/${projectId}`,
        aliases: domain === undefined ? [] : [`https://${domain}`],
        keys: { jwksUri: `https://${api}/v1/sessions/jwks/${projectId}` },
        insecureAllowHttp: false,
      },
    ],
    audience: [projectId],
    algorithms: ['RS256'],
    types: ['JWT', null],
    requires: ['sub'],
    marksOfOthers: ['nonce', 'client_id'],
    // A machine (M2M) token has no session. A token of a session belongs to a user.
    validate: ({ claims }) =>
      machine.test(String(claims.sub)) === (readString(memberOf(claims, 'session'), 'id') === undefined)
        ? undefined
        : notAnAccessToken('https://stytch.com/session'),
    subject: subjects(kindOf),
    tenant: (claims) => readString(memberOf(claims, 'organization'), 'organization_id'),
    scopes: 'scope',
    roles: (claims) => readStrings(memberOf(claims, 'session'), 'roles'),
  })
}

const example = 'e1a5c8f0-0000-4000-8000-000000000001'

function memberOf(claims: JsonObject, name: string): JsonObject {
  const claim = `https://stytch.com/${name}`
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  return isJsonObject(value) ? value : {}
}

function kindOf({ sub }: Caller): Principal['kind'] {
  if (machine.test(sub)) return 'application'
  return person.test(sub) ? 'user' : 'unknown'
}
