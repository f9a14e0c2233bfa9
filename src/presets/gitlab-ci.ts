// GitLab CI/CD ID tokens: a job of a project, on gitlab.com or on an instance of one's own.
import { checkOptions } from '../internal/options.ts'
import { readString } from '../principal/read-claims.ts'
import type { IssuerWithAudience } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { workload } from './subjects.ts'
import { missing } from './preset-claims.ts'
import { checkHttpsIssuer, type OneOrMore, readList } from './preset-options.ts'

export interface GitlabCiOptions {
  /** The audience that the job writes under `id_tokens: … aud:`. GitLab has no default either. */
  readonly audience: OneOrMore<string>
  /** The address of the instance, as its tokens have it in `iss`. Default `https://gitlab.com`. */
  readonly issuer?: string
}

/**
 * Trusts the jobs of one GitLab instance: **every project on it**. So a policy must decide about each, such as
 * `claim('project_id', '20')` and `claim('ref_protected', 'true')`. Ids and booleans are text in these tokens, and `ref` has
 * no `refs/heads/`. The caller is the project by its number: another project may take a path, and `sub` with it. In a merge
 * request from a fork, `project_id` and `namespace_id` name the fork, also where the pipeline runs in the parent project: the caller is
 * the fork. `job_project_id` names the project that the job runs in, where the token has it; the code is the fork's all the same. The
 * person who started the job is in `claims` and decides nothing. † Whether a `typ` is sent is not confirmed: `JWT` and none are accepted.
 *
 * @throws TypeError for an `issuer` that no token can name, with the value to write instead.
 */
export function gitlabCi(options: GitlabCiOptions): IssuerWithAudience {
  checkOptions('gitlabCi()', arguments, ['audience', 'issuer'])
  const { issuer = 'https://gitlab.com' } = options
  checkHttpsIssuer('issuer', issuer)
  if (issuer.endsWith('/'))
    throw new TypeError(`issuer must not end in a slash: write '${issuer.replace(/\/+$/, '')}'.`)
  return createIssuer({
    preset: 'gitlabCi',
    issuer,
    keys: { jwksUri: `${issuer}/oauth/discovery/keys` },
    audience: readList('audience', options.audience),
    algorithms: ['RS256'],
    types: ['JWT', null],
    requires: ['sub'],
    texts: [],
    // The ID token of a login at GitLab has the same issuer and keys, and no project.
    validate({ claims }) {
      const absent = ['project_id', 'namespace_id'].find((name) => readString(claims, name) === undefined)
      return absent === undefined ? undefined : missing(absent, 'this is no token of a CI job')
    },
    subject: ({ claims, issuer: from }) => workload(from, 'project', String(claims.project_id)),
    tenant: 'namespace_id',
  })
}
