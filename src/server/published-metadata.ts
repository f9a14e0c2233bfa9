// What a resource server publishes about itself (RFC 9728): its documents, and their addresses for challenges.
import type { ChallengeParams } from '../errors/challenge.ts'
import type { RequestView } from '../http/request-view.ts'
import {
  describedAt,
  metadataDocument,
  readResources,
  type ResourceMetadataOptions,
  resourceOf,
} from '../http/resource-metadata.ts'
import type { Requirement } from '../policy/requirements.ts'
import { scopesOf } from './refusal.ts'
import { type IssuerOptions, readVerifierOptions, type VerifierOptions } from '../verifier/options.ts'

/** The answer to a request for metadata. */
export interface MetadataResponse {
  readonly status: 200 | 204 | 405
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface PublishedMetadata {
  /** Leads a refused client to the metadata of its resource. Empty where the request does not tell which resource that is. */
  challengeParams(request: RequestView | undefined): ChallengeParams
  answer(request: RequestView): MetadataResponse | undefined
}

// Clients in browsers read it too, from any page: it is as public as the API's address.
const cors = { 'Access-Control-Allow-Origin': '*' }
const preflight = {
  ...cors,
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '86400',
}

/** @throws TypeError for metadata that could not be published. */
export function createPublishedMetadata<C>(
  options: ResourceMetadataOptions | undefined,
  verifierOptions: VerifierOptions<IssuerOptions, C>,
  required: () => readonly Requirement[],
): PublishedMetadata {
  if (options === undefined) return { challengeParams: () => ({}), answer: () => undefined }
  const resources = readResources(options)
  const settings = { ...options, authorizationServers: options.authorizationServers ?? issuersOf(verifierOptions) }

  function answer({ method, url }: RequestView): MetadataResponse | undefined {
    const found = describedAt(resources, url)
    if (!found) return undefined
    if (method === 'OPTIONS') return { status: 204, headers: preflight, body: '' }
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, headers: { ...cors, Allow: 'GET, HEAD, OPTIONS' }, body: '' }
    const missing = required()
    const types = missing.flatMap((one) => (one.kind === 'authorization-details' ? one.types : []))
    const grants = { scopes: scopesOf(missing), authorizationDetailsTypes: [...new Set(types)] }
    const body = JSON.stringify(metadataDocument(found.resource, settings, grants))
    return { status: 200, headers: { ...cors, 'Content-Type': 'application/json' }, body }
  }

  function challengeParams(request: RequestView | undefined): ChallengeParams {
    const asked = resourceOf(resources, request?.url)
    // Left out, not `undefined`: the parameters of an error win, and would hide the ones of its answer.
    return asked ? { resource_metadata: asked.metadataUrl } : {}
  }

  return { challengeParams, answer }
}

/** The identifiers under which the authorization servers publish their own metadata. */
function issuersOf<C>(options: VerifierOptions<IssuerOptions, C>): readonly string[] {
  const { issuers } = readVerifierOptions(options as unknown as VerifierOptions<IssuerOptions, never>)
  // An STS with several token formats (Entra) names the current one first. An issuer that is no URL publishes nothing.
  const names = issuers.flatMap(({ endpoints: [endpoint] }) => endpoint?.issuer ?? [])
  return names.filter((name) => /^https?:/i.test(name))
}
