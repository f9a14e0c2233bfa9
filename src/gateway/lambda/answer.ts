// The answers of Lambda authorizers: a policy document, or `isAuthorized`. API Gateway takes no answer over 8 kB, and says 500 instead.
import type { TokenByIssuer } from '../../verifier/verified-token.ts'
import type { Allowance, Refusal } from '../decision.ts'
import { encodeValue, omitted } from '../identity.ts'

/** The values that an authorizer gives to the integration: `$context.authorizer.x_auth_subject`. */
export type LambdaContext = Readonly<Record<string, string | number>>

/** An answer that every authorizer of API Gateway may give. */
export interface LambdaPolicyAnswer {
  readonly principalId: string
  readonly policyDocument: {
    readonly Version: string
    // A mutable list: the types of AWS have one.
    readonly Statement: { Action: string; Effect: 'Allow' | 'Deny'; Resource: string }[]
  }
  readonly context: LambdaContext
}

/** An answer for HTTP APIs with simple responses, payload 2.0. */
export interface LambdaSimpleAnswer {
  readonly isAuthorized: boolean
  readonly context: LambdaContext
}

/** Makes an answer of its context. */
export type WriteAnswer<A> = (context: LambdaContext) => A

/** 8 kB, less what API Gateway may count besides. */
const maxAnswerBytes = 8000

/** How a context names an identity header. The name of a header has no underscore, so that no two get one name. */
function contextKey(header: string): string {
  return header.toLowerCase().replaceAll('-', '_')
}

/** The answer with every identity header. Long values are left out until it fits, and `x_auth_omitted` names them. */
export function writeAllowance<A>(
  { identity }: Allowance,
  auth: TokenByIssuer<unknown> | undefined,
  write: WriteAnswer<A>,
): A {
  const values = new Map(Object.entries(identity))
  const leftOut = (values.get(omitted) ?? '').split(',').filter((name) => name !== '')
  for (;;) {
    const texts = [...values].map(([name, value]) => [contextKey(name), value])
    const answer = write({ ...Object.fromEntries(texts), ...(auth && { exp: auth.expiresAt }) })
    if (sizeOf(answer) <= maxAnswerBytes) return answer
    const [longest] = [...values].filter(([name]) => name !== omitted).toSorted(([, a], [, b]) => b.length - a.length)
    if (!longest || longest[1] === '') throw new Error('claimcheck: the answer is too long without any identity')
    leftOut.push(longest[0])
    values.set(longest[0], '').set(omitted, leftOut.join(','))
  }
}

/** The answer to a refused client. A gateway response may give the client what stands in its context. */
export function writeRefusal<A>({ status, headers, body }: Refusal, write: WriteAnswer<A>): A {
  const challenge = [headers['WWW-Authenticate'] ?? []].flat().join(', ')
  const answer = write({ status, challenge, problem: body })
  return sizeOf(answer) <= maxAnswerBytes ? answer : write({ status })
}

function sizeOf(answer: unknown): number {
  return Buffer.byteLength(JSON.stringify(answer))
}

/** @throws Error for a principal without a name that fits: a shorter one could be another principal's. */
export function principalIdOf(auth: TokenByIssuer<unknown> | undefined): string {
  const id = auth ? encodeValue(auth.principal.key) : 'anonymous'
  if (id === undefined) throw new Error('claimcheck: the key of the principal is too long for an answer')
  return id
}

/** Whether a policy document says `arn` exactly. `*` and `?` in the path of a client would allow other paths, too. */
export function isExactArn(arn: string): boolean {
  return arn.length <= maxResourceLength && !/[*?]|\$\{/.test(arn)
}

/** API Gateway takes no longer one. */
const maxResourceLength = 512
