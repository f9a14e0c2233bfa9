// GitHub Actions: the token of a job. Its caller is always a workload; the person who started it is provenance.
import { checkOptions, checkString } from '../../internal/options.ts'
import { type IssuerProfile, openIdProfile } from '../profile.ts'

export interface GithubActionsProfileOptions {
  /** The audience that the job asked for. */
  readonly audience: string
  /** `owner/name`. Default `octo-org/octo-repo`. */
  readonly repository?: string
}

const issuer = 'https://token.actions.githubusercontent.com'

/** GitHub Actions, for a push to `main`. `idToken()` has the audience that GitHub gives when the job asks for none. */
export function githubActionsLike(options: GithubActionsProfileOptions): IssuerProfile {
  checkOptions('githubActionsLike()', arguments, ['audience', 'repository'])
  const { audience, repository = 'octo-org/octo-repo' } = options
  checkString('audience', audience)
  const [owner = '', name = ''] = repository.split('/')
  const job = {
    // With the ids of owner and repository: a new owner of a deleted name has another subject.
    sub: `repo:${owner}@65/${name}@74:ref:refs/heads/main`,
    ref: 'refs/heads/main',
    ref_type: 'branch',
    repository,
    repository_id: '74',
    repository_owner: owner,
    repository_owner_id: '65',
    repository_visibility: 'private',
    workflow: 'deploy',
    job_workflow_ref: `${repository}/.github/workflows/deploy.yml@refs/heads/main`,
    event_name: 'push',
    runner_environment: 'github-hosted',
    run_id: '1000',
    actor: 'octocat',
    actor_id: '12',
  }
  return openIdProfile({
    name: 'githubActions',
    jwksUri: `${issuer}/.well-known/jwks`,
    issuer,
    audience,
    lifetimeSeconds: 300,
    tokens: {
      application: {
        claims: ({ nowSeconds, tokenId }) => ({ jti: tokenId, nbf: nowSeconds, aud: audience, ...job }),
      },
      id: {
        claims: ({ nowSeconds, tokenId }) => ({
          jti: tokenId,
          nbf: nowSeconds,
          aud: `https://github.com/${owner}`,
          ...job,
        }),
      },
    },
  })
}
