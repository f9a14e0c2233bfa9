// Where a decision point answers: its own metadata says it (AuthZEN Authorization API 1.0 §9).
import { type Fetch, fetchStrictJson, platformFetch } from '../../internal/fetch-json.ts'
import { checkArgumentCount, checkFunction, checkNumber, checkOptionNames } from '../../internal/options.ts'
import { faultOfLink } from '../../internal/urls.ts'
import { checkedAddress } from './engine.ts'

/** The addresses of a decision point. */
export interface AuthzenEndpoints {
  /** Decides about one question. */
  readonly evaluation: string
  /** Decides about many at once. */
  readonly evaluations?: string
}

/**
 * Fetches the metadata of the decision point `pdp` at its well-known path.
 *
 * @throws TypeError for options that can never work.
 * @throws Error when it cannot be had, or names another decision point: then nothing of it may be used (§9.2.3).
 */
export async function discoverAuthzen(
  pdp: string,
  options: { readonly fetch?: Fetch; readonly timeoutMs?: number } = {},
): Promise<AuthzenEndpoints> {
  checkArgumentCount('discoverAuthzen()', arguments, 2)
  checkOptionNames('discoverAuthzen()', options, ['fetch', 'timeoutMs'])
  const { fetch = platformFetch, timeoutMs = 5000 } = options
  checkFunction('fetch', fetch)
  checkNumber('timeoutMs', timeoutMs, 1, 60_000)
  const { origin, pathname } = new URL(checkedIdentifier(pdp))
  const address = `${origin}/.well-known/authzen-configuration${pathname === '/' ? '' : pathname}`
  const { signal } = new AbortController()
  const value = await fetchStrictJson(address, { fetch, timeoutMs, maxBytes: 65_536, signal, retry: true })
  if (value.policy_decision_point !== pdp) throw new Error(`the metadata at ${address} is not that of ${pdp}`)
  const endpoints = readEndpoints({
    evaluation: value.access_evaluation_endpoint as string,
    ...(value.access_evaluations_endpoint !== undefined && {
      evaluations: value.access_evaluations_endpoint as string,
    }),
  })
  for (const endpoint of Object.values<string>({ ...endpoints })) checkLink(address, endpoint)
  return endpoints
}

/** The questions carry claims and credentials, so a document leads to no wire or machine that is less safe than its own. */
function checkLink(from: string, to: string): void {
  const fault = faultOfLink(new URL(from), new URL(to))
  if (fault !== undefined) throw new Error(`the metadata at ${from} names an endpoint that ${fault}`)
}

function checkedIdentifier(pdp: string): string {
  if (new URL(checkedAddress('pdp', pdp)).search !== '') throw new TypeError('pdp must be a URL without a query.')
  return pdp
}

/** @throws TypeError for addresses that must not be asked. */
export function readEndpoints(pdp: string | AuthzenEndpoints): AuthzenEndpoints {
  if (typeof pdp === 'string') {
    // "/access/v1/evaluation" is the default path (§10.1.1); many at once is a choice of the decision point.
    return { evaluation: `${checkedIdentifier(pdp).replace(/\/$/, '')}/access/v1/evaluation` }
  }
  checkOptionNames('pdp', pdp, ['evaluation', 'evaluations'])
  const { evaluation, evaluations } = pdp
  return {
    evaluation: checkedAddress('pdp.evaluation', evaluation),
    ...(evaluations !== undefined && { evaluations: checkedAddress('pdp.evaluations', evaluations) }),
  }
}
