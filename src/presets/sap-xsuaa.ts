// SAP XSUAA (Authorization and Trust Management Service): access tokens of one subaccount for one application.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { readScopes, readString } from '../principal/read-claims.ts'
import { notAnAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { type Caller, createIssuer, type Subject } from './description.ts'
import { readSubject } from './preset-claims.ts'
import { checkHost } from './preset-options.ts'

export interface SapXsuaaOptions {
  /** The host of `url` in the service binding, such as `acme.authentication.eu10.hana.ondemand.com`. */
  readonly domain: string
  /** `clientid` of the binding. */
  readonly clientId: string
  /** `xsappname` of the binding: the application's name, which its scopes begin with. */
  readonly appName: string
}

/**
 * Trusts one subaccount (one tenant) of XSUAA for the application of a service binding: `aud` names its client id or its name. Scopes are
 * those of this application, without its name in front; those of other applications are left out. A client that is its own subject
 * is an application; a token with `user_id` is a user's. The zone (`zid`) is the tenant.
 *
 * Refuses ID tokens, which have no `ext_attr` of XSUAA, refresh tokens, which have no `scope`, and tokens that name their audience by scopes alone. Never
 * reads `jku`: keys come from the configured host. Does not read role collections and attributes, which are in `claims`.
 *
 * @throws TypeError for a `domain` with anything around it.
 */
export function sapXsuaa(options: SapXsuaaOptions): IssuerWithAudience {
  checkOptions('sapXsuaa()', arguments, ['domain', 'clientId', 'appName'])
  const { domain, clientId, appName } = options
  checkHost('domain', domain)
  checkString('clientId', clientId)
  checkString('appName', appName)
  return createIssuer({
    preset: 'sapXsuaa',
    issuer: `https://${domain}/oauth/token`,
    keys: { jwksUri: `https://${domain}/token_keys` },
    audience: [clientId, appName],
    algorithms: ['RS256'],
    types: ['JWT'],
    requires: ['sub'],
    marksOfOthers: ['nonce', 'granted_scopes'],
    marksOfThese: ['cid', 'grant_type'],
    validate({ claims }) {
      if (!Object.hasOwn(claims, 'scope')) return notAnAccessToken('scope')
      return isEnhanced(claims) ? undefined : notAnAccessToken('ext_attr', claims.ext_attr)
    },
    client: 'cid',
    subject: subjectOf,
    tenant: 'zid',
    scopes: (claims) => ownScopes(claims, `${appName}.`),
  })
}

/** XSUAA adds its attributes to access tokens alone. A UAA writes `cid`, `grant_type` and `scope: ["openid"]` into ID tokens, too. */
function isEnhanced({ ext_attr: attributes }: JsonObject): boolean {
  return isJsonObject(attributes) && readString(attributes, 'enhancer') === 'XSUAA'
}

function ownScopes(claims: JsonObject, prefix: string): readonly string[] {
  const own = readScopes({ scope: claims.scope }).filter((scope) => scope.startsWith(prefix))
  return own.map((scope) => scope.slice(prefix.length)).filter((scope) => scope !== '')
}

function subjectOf({ issuer, claims, sub, client }: Caller): Subject {
  const hasLoggedIn = readString(claims, 'user_id') !== undefined
  return readSubject(issuer, { sub, client, hasLoggedIn, other: hasLoggedIn ? 'user' : 'unknown' })
}
