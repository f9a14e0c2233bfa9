// GitLab CI/CD: the ID token of a job. Ids and booleans are text, and the person who started it is provenance.
import { checkOptions, checkString } from '../../internal/options.ts'
import { type IssuerProfile, openIdProfile } from '../profile.ts'

export interface GitlabCiProfileOptions {
  /** The audience of the job's `id_tokens`. */
  readonly audience: string
  /** The instance. Default `https://gitlab.com`. */
  readonly issuer?: string
}

/** GitLab CI/CD, for a job on the protected branch `main`. `idToken()` is one of the job for another audience. */
export function gitlabCiLike(options: GitlabCiProfileOptions): IssuerProfile {
  checkOptions('gitlabCiLike()', arguments, ['audience', 'issuer'])
  const { audience, issuer = 'https://gitlab.com' } = options
  checkString('audience', audience)
  const job = {
    sub: 'project_path:my-group/my-project:ref_type:branch:ref:main',
    namespace_id: '72',
    namespace_path: 'my-group',
    project_id: '20',
    project_path: 'my-group/my-project',
    user_id: '1',
    user_login: 'alice',
    pipeline_id: '574',
    job_id: '302',
    ref: 'main',
    ref_type: 'branch',
    ref_protected: 'true',
  }
  return openIdProfile({
    name: 'gitlabCi',
    jwksUri: `${issuer}/oauth/discovery/keys`,
    issuer,
    audience,
    lifetimeSeconds: 300,
    tokens: {
      application: {
        claims: ({ nowSeconds, tokenId }) => ({ jti: tokenId, nbf: nowSeconds, aud: audience, ...job }),
      },
      id: {
        claims: ({ nowSeconds, tokenId }) => ({ jti: tokenId, nbf: nowSeconds, aud: 'https://vault.example', ...job }),
      },
    },
    at: (origin) => gitlabCiLike({ ...options, issuer: origin }),
  })
}
