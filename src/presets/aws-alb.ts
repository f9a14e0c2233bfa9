// AWS Application Load Balancer, action `authenticate-oidc` or `authenticate-cognito`: the user that it has logged in.
import type { ValidationError } from '../errors/auth-error.ts'
import { type JsonObject, printable } from '../internal/json.ts'
import { checkOptions, checkString } from '../internal/options.ts'
import { type Principal, principalKey } from '../principal/principal.ts'
import { readString } from '../principal/read-claims.ts'
import type { JoseHeader } from '../jwt/parse.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { pemPerKid } from '../issuer/keys.ts'
import { createGroupsReader, type GroupsOptions, type GroupsReader, missing, unsaid } from './preset-claims.ts'
import { checkHttpsUrl } from './preset-options.ts'

export interface AwsAlbOptions extends GroupsOptions {
  /** The ARN of the load balancer; several, when several of one region forward to this API. */
  readonly loadBalancer: string | readonly string[]
  /** The client id that the load balancer has at the identity provider; several, when its listener rules have several. */
  readonly clientId: string | readonly string[]
  /** The issuer of the identity provider, exactly as configured in the load balancer's action. */
  readonly issuer: string
  /** The claim of the provider's user information that holds groups. */
  readonly groupsClaim?: string
}

const arn =
  /^arn:(aws|aws-us-gov):elasticloadbalancing:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:loadbalancer\/app\/[\w-]+\/[\da-f]{16}$/
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * Trusts the users that one load balancer has logged in. Its tokens come in `x-amzn-oidc-data`, padded, signed with ES256, with
 * `iss`, `exp`, `client` and `signer` in the JOSE header; they have no `aud`, so the signer's ARN and the client stand in for it.
 * Without the ARN, an attacker with any AWS account could have a load balancer of their own sign any claims. The other claims
 * are the identity provider's about the user. Does not accept tokens without their padding, and does not read
 * `x-amzn-oidc-accesstoken`: for that, and for the action that only verifies a bearer token, use the preset of the provider.
 * One verifier cannot trust both `awsAlb` and another preset for the same `issuer`. GovCloud's keys are found; China's are not.
 *
 * @throws TypeError for an ARN that is none of an application load balancer, or of another region than the others.
 */
export function awsAlb(options: AwsAlbOptions): IssuerWithAudience {
  checkOptions('awsAlb()', arguments, ['loadBalancer', 'clientId', 'issuer', 'groupsClaim', 'groupsAreComplete'])
  const { issuer, groupsClaim } = options
  // Frozen: the details of an error show it to other code.
  const clientIds = Object.freeze([options.clientId].flat())
  if (clientIds.length === 0) throw new TypeError('clientId must be a client id, or a list of at least one.')
  for (const one of clientIds) checkString('clientId', one)
  checkHttpsUrl('issuer', issuer)
  if (groupsClaim !== undefined) checkString('groupsClaim', groupsClaim)
  const readGroups = createGroupsReader(groupsClaim, options)
  const loadBalancers = [options.loadBalancer].flat()
  return {
    preset: 'awsAlb',
    endpoints: [{ issuer, keys: pemPerKid(keyAddress(loadBalancers), uuid), insecureAllowHttp: false }],
    audience: loadBalancers,
    audienceSource: { header: 'signer' },
    algorithms: ['ES256'],
    types: ['JWT'],
    tokenHeader: 'x-amzn-oidc-data',
    base64Padding: { headerClaims: ['iss', 'exp'] },
    requiredClaims: ['sub'],
    validateToken: (token) => validateToken(token, clientIds),
    principal: (claims, from, header) => principal(claims, from, { header, readGroups }),
  }
}

function keyAddress(loadBalancers: readonly unknown[]): string {
  const regions = loadBalancers.map(regionOf)
  const [region = ''] = regions
  if (regions.length === 0) throw new TypeError('loadBalancer must be an ARN, or a list of at least one.')
  if (regions.some((other) => other !== region))
    throw new TypeError('loadBalancer: every region has keys of its own, so give each an awsAlb() of its own verifier.')
  return region.startsWith('us-gov-')
    ? `https://s3-${region}.amazonaws.com/aws-elb-public-keys-prod-${region}/{kid}`
    : `https://public-keys.auth.elb.${region}.amazonaws.com/{kid}`
}

function regionOf(loadBalancer: unknown): string {
  checkString('loadBalancer', loadBalancer)
  const [, partition, region = ''] = arn.exec(loadBalancer) ?? []
  if (partition !== undefined && (partition === 'aws-us-gov') === region.startsWith('us-gov-')) return region
  throw new TypeError(
    `loadBalancer must be an ARN such as 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188', not '${loadBalancer}'.`,
  )
}

function validateToken({ header, claims }: UnverifiedToken, clientIds: readonly string[]): ValidationError | undefined {
  if (!clientIds.some((one) => one === header.client)) {
    const details = { claim: 'client', expected: clientIds, received: printable(header.client) }
    return { reason: 'audience_mismatch', hint: 'the load balancer has logged the user in as another client', details }
  }
  return readString(claims, 'sub') === undefined ? missing('sub') : undefined
}

interface Reading {
  readonly header: JoseHeader
  readonly readGroups: GroupsReader
}

function principal(claims: JsonObject, issuer: string, { header, readGroups }: Reading): Principal {
  const sub = String(claims.sub)
  return {
    ...unsaid,
    kind: 'user',
    key: principalKey(issuer, sub),
    subject: sub,
    issuer,
    tenant: issuer,
    client: { id: String(header.client), type: 'unknown' },
    groups: readGroups(claims),
  }
}
