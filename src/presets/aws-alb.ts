// AWS Application Load Balancer, action `authenticate-oidc` or `authenticate-cognito`: the user that it has logged in.
import type { ValidationError } from '../errors/auth-error.ts'
import { printable } from '../internal/json.ts'
import { checkOptions } from '../internal/options.ts'
import { whole } from '../internal/patterns.ts'
import type { IssuerWithAudience, UnverifiedToken } from '../issuer/issuer.ts'
import { pemPerKid } from '../issuer/keys.ts'
import { createIssuer } from './description.ts'
import { subjects } from './subjects.ts'
import { createGroupsReader, type GroupsOptions } from './preset-claims.ts'
import { checkHttpsUrl, checkTexts, type OneOrMore, readList } from './preset-options.ts'
import { uuid } from './shapes.ts'

export interface AwsAlbOptions extends GroupsOptions {
  /** The ARN of the load balancer; several, when several of one region forward to this API. */
  readonly loadBalancer: OneOrMore<string>
  /** Binds tokens to these clients: the client ids that the load balancer has at the identity provider, in all of its listener rules. */
  readonly allowedClients: OneOrMore<string>
  /** The issuer of the identity provider, exactly as configured in the load balancer's action. */
  readonly issuer: string
  /** The claim of the provider's user information that holds groups. */
  readonly groupsClaim?: string
}

const arn = whole(
  /arn:(aws|aws-us-gov):elasticloadbalancing:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:loadbalancer\/app\/[\w-]+\/[\da-f]{16}/,
)

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
  checkOptions('awsAlb()', arguments, ['loadBalancer', 'allowedClients', 'issuer', 'groupsClaim', 'groupsAreComplete'])
  const { issuer, groupsClaim } = options
  const allowedClients = readList('allowedClients', options.allowedClients)
  checkHttpsUrl('issuer', issuer)
  checkTexts({ groupsClaim })
  const loadBalancers = readList('loadBalancer', options.loadBalancer)
  return createIssuer({
    preset: 'awsAlb',
    issuer,
    keys: pemPerKid(keyAddress(loadBalancers), whole(uuid)),
    signer: 'other',
    audience: loadBalancers,
    audienceSource: { header: 'signer' },
    algorithms: ['ES256'],
    types: ['JWT'],
    tokenHeader: 'x-amzn-oidc-data',
    base64Padding: { headerClaims: ['iss', 'exp'] },
    requires: ['sub'],
    marks: 'own',
    validate: (token) => checkClient(token, allowedClients),
    client: (_, header) => String(header.client),
    subject: subjects('user'),
    tenant: (_, from) => from,
    groups: createGroupsReader(groupsClaim, options),
  })
}

function keyAddress(loadBalancers: readonly string[]): string {
  const [region = '', ...others] = loadBalancers.map(regionOf)
  if (others.some((other) => other !== region))
    throw new TypeError('loadBalancer: every region has keys of its own, so give each an awsAlb() of its own verifier.')
  return region.startsWith('us-gov-')
    ? `https://s3-${region}.amazonaws.com/aws-elb-public-keys-prod-${region}/{kid}`
    : `https://public-keys.auth.elb.${region}.amazonaws.com/{kid}`
}

function regionOf(loadBalancer: string): string {
  const [, partition, region = ''] = arn.exec(loadBalancer) ?? []
  if (partition !== undefined && (partition === 'aws-us-gov') === region.startsWith('us-gov-')) return region
  throw new TypeError(
    `loadBalancer must be an ARN such as 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188', not '${loadBalancer}'.`,
  )
}

function checkClient({ header }: UnverifiedToken, allowed: readonly string[]): ValidationError | undefined {
  if (allowed.some((one) => one === header.client)) return undefined
  const details = { claim: 'client', expected: allowed, received: printable(header.client) }
  return { reason: 'audience_mismatch', hint: 'the load balancer has logged the user in as another client', details }
}
