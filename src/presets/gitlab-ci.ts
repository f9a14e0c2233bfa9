// GitLab CI/CD ID tokens: a job of a project, on gitlab.com or on an instance of one's own.
import type { ValidationError } from '../errors/auth-error.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import { checkAccessToken } from '../jwt/claims.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { missing, unsaid } from './preset-claims.ts'
import { checkHttpsIssuer, readOwnAudience } from './preset-options.ts'

export interface GitlabCiOptions {
  /** The audience that the job writes under `id_tokens: … aud:`. GitLab has no default either. */
  readonly audience: string | readonly string[]
  /** The address of the instance, as its tokens have it in `iss`. Default `https://gitlab.com`. */
  readonly url?: string
}

/**
 * Trusts the jobs of one GitLab instance: **every project on it**. So a policy must decide about each, such as
 * `claim('project_id', '20')` and `claim('ref_protected', 'true')`. Ids and booleans are text in these tokens, and `ref` has
 * no `refs/heads/`. The caller is the project by its number: another project may take a path, and `sub` with it. In a merge
 * request from a fork, `project_id` and `namespace_id` name the fork, also where the pipeline runs in the parent project: the caller is
 * the fork. `job_project_id` names the project that the job runs in, where the token has it; the code is the fork's all the same. The
 * person who started the job is in `claims` and decides nothing. † Whether a `typ` is sent is not confirmed: `JWT` and none are accepted.
 *
 * @throws TypeError for a `url` that no token can name, with the value to write instead.
 */
export function gitlabCi(options: GitlabCiOptions): IssuerWithAudience {
  checkOptions('gitlabCi()', arguments, ['audience', 'url'])
  const { url = 'https://gitlab.com' } = options
  checkHttpsIssuer('url', url)
  if (url.endsWith('/')) throw new TypeError(`url must not end in a slash: write '${url.replace(/\/+$/, '')}'.`)
  return {
    preset: 'gitlabCi',
    endpoints: [{ issuer: url, keys: { jwksUri: `${url}/oauth/discovery/keys` }, insecureAllowHttp: false }],
    audience: readOwnAudience(options.audience),
    algorithms: ['RS256'],
    types: ['JWT', null],
    requiredClaims: ['sub'],
    validateToken: validateToken,
    principal,
  }
}

/** The ID token of a login at GitLab has the same issuer and keys, and no project. */
function validateToken({ claims }: UnverifiedToken): ValidationError | undefined {
  const absent = ['project_id', 'namespace_id'].find((name) => readString(claims, name) === undefined)
  return (
    checkAccessToken(claims) ?? (absent === undefined ? undefined : missing(absent, 'this is no token of a CI job'))
  )
}

function principal(claims: JsonObject, issuer: string): Principal {
  const project = String(claims.project_id)
  return {
    ...unsaid,
    kind: 'application',
    key: principalKey(issuer, 'project', project),
    subject: project,
    issuer,
    tenant: String(claims.namespace_id),
    traits: ['workload'],
  }
}
