// GitHub Actions: the OIDC token of a job. Every workflow on GitHub can get one for any audience.
import type { ValidationError } from '../errors/auth-error.ts'
import { type JsonObject, printable } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { readString } from '../principal/read-claims.ts'
import type { IssuerWithAudience, TypedIssuer } from '../issuer/issuer.ts'
import { createIssuer } from './description.ts'
import { workload } from './subjects.ts'
import { checkHttpsIssuer, type OneOrMore, readAudience, readList } from './preset-options.ts'

export interface GithubActionsOptions {
  /** The audience that jobs ask for: an identifier of this API. The default of GitHub, the owner's URL, is in tokens for any API. */
  readonly audience: OneOrMore<string>
  /** The owners whose repositories may call: ids (`repository_owner_id`), not names, since a name can pass to another owner. */
  readonly allowedOwnerIds?: OneOrMore<string>
  /** Lets the workflows of every owner in. Then policies must look at the principal, or the API is open to all of GitHub. */
  readonly anyOwner?: true
  /**
   * Default `https://token.actions.githubusercontent.com`. An enterprise may have one of its own below it, `*.ghe.com` and GitHub
   * Enterprise Server (`https://HOST/_services/token`) have others.
   */
  readonly issuer?: string
}

const publicIssuer = 'https://token.actions.githubusercontent.com'
const required = ['sub', 'repository_id', 'repository_owner_id', 'ref'] as const

/**
 * Trusts the jobs of GitHub Actions in the repositories of some owners. The principal is a workload: the repository's id with
 * its environment, or else its ref. It is not made of `sub`, whose format changed in 2026 and holds names that can pass to
 * another owner.
 *
 * Does not look at the workflow, the event or the actor: they are in `claims` for policies (`job_workflow_ref`, `event_name`,
 * `actor_id`). A job of a pull request may run with the rights of its base branch. That GitHub signs with RS256 is not verified.
 *
 * @throws TypeError when neither `allowedOwnerIds` nor `anyOwner: true` is given.
 */
export function githubActions<const I extends string = 'https://token.actions.githubusercontent.com'>(
  options: GithubActionsOptions & { readonly issuer?: I },
): IssuerWithAudience & TypedIssuer<I, unknown> {
  checkOptions('githubActions()', arguments, ['audience', 'allowedOwnerIds', 'anyOwner', 'issuer'])
  const { issuer = publicIssuer }: GithubActionsOptions = options
  checkHttpsIssuer('issuer', issuer)
  if (issuer.endsWith('/')) throw new TypeError(`issuer must have no slash at its end: write '${issuer.slice(0, -1)}'.`)
  const audience = readAudience(options.audience)
  if (audience === null) throw new TypeError('audience must not be null: jobs can get tokens for any audience.')
  const owners = readOwners(options)
  return createIssuer({
    preset: 'githubActions',
    issuer,
    keys: { metadataUrls: [`${issuer}/.well-known/openid-configuration`] },
    audience,
    algorithms: ['RS256'],
    types: ['JWT'],
    requires: required,
    texts: [],
    validate: ({ claims }) => checkJob(claims, owners),
    subject({ claims, issuer: from }) {
      const environment = readString(claims, 'environment')
      const place = environment === undefined ? ['ref', String(claims.ref)] : ['environment', environment]
      const ids = [String(claims.repository_id), ...place]
      return { ...workload(from, ...ids), subject: ids.join(':') }
    },
    tenant: 'repository_owner_id',
    hint: (reason, { claims: { iss } }) =>
      reason === 'issuer_unknown' && typeof iss === 'string' && iss.startsWith(`${publicIssuer}/`)
        ? `the token is of an enterprise with an issuer of its own, not of ${issuer}: write issuer: '${printable(iss)}' if it is yours`
        : undefined,
  })
}

function readOwners({ allowedOwnerIds, anyOwner }: GithubActionsOptions): readonly string[] | undefined {
  if (anyOwner === true && allowedOwnerIds === undefined) return undefined
  if (anyOwner !== undefined || allowedOwnerIds === undefined) {
    throw new TypeError(
      "Choose the owners whose repositories are allowed: allowedOwnerIds: ['<repository_owner_id>'], or else anyOwner: true, which allows every owner.",
    )
  }
  const owners = readList('allowedOwnerIds', allowedOwnerIds)
  const name = owners.find((id) => !/^\d+$/.test(id))
  if (name === undefined) return owners
  throw new TypeError(
    `allowedOwnerIds must be numbers as text, not '${name}': see https://api.github.com/users/<name>.`,
  )
}

function checkJob(claims: JsonObject, owners: readonly string[] | undefined): ValidationError | undefined {
  const unnamed = required.find((name) => readString(claims, name) === undefined)
  if (unnamed) return { reason: 'claim_invalid', details: { claim: unnamed, received: printable(claims[unnamed]) } }
  const owner = String(claims.repository_owner_id)
  if (!owners || owners.includes(owner)) return undefined
  const details = { claim: 'repository_owner_id', expected: owners, received: printable(owner) }
  return { reason: 'tenant_mismatch', hint: 'the owner of the repository is not among allowedOwnerIds', details }
}
