// What clients are answered, byte for byte, written down here once more so that no change of it goes unseen.
import { expect } from 'vitest'
import { parseChallenge } from '../support/challenge-grammar.ts'
import { type RawAnswer, valuesOf } from '../support/raw-request.ts'

/** An answer without what a server or framework adds to every one of its answers. */
export interface Answer {
  readonly status: number
  /** `name: value`, sorted. */
  readonly headers: readonly string[]
  readonly body: string
}

const added = ['connection', 'content-length', 'date', 'keep-alive', 'x-powered-by']

/** The part of `answer` that is ours. Checks that the body is as long as it says. */
export function answerOf(answer: RawAnswer, method = 'GET'): Answer {
  const { status, headers, body } = answer
  if (method !== 'HEAD') expect(valuesOf(answer, 'Content-Length')).toEqual([String(Buffer.byteLength(body))])
  for (const challenge of valuesOf(answer, 'WWW-Authenticate')) parseChallenge(challenge)
  const ours = headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  const lines = ours.filter(([name]) => !added.includes(name)).map(([name, value]) => `${name}: ${value}`)
  return { status, headers: lines.sort(), body }
}

interface BodyMembers {
  readonly error?: string
  readonly scope?: string | undefined
}

function refusal(
  status: number,
  title: string,
  detail: string,
  headers: readonly string[],
  more: BodyMembers = {},
): Answer {
  const own = ['cache-control: no-store', 'content-type: application/problem+json']
  return { status, headers: [...own, ...headers].sort(), body: JSON.stringify({ title, status, detail, ...more }) }
}

/** No credential: a challenge without `error`, with the scope that the route needs. */
export function bare(scope = ''): Answer {
  const more = scope === '' ? '' : `, scope="${scope}"`
  const challenge = `www-authenticate: Bearer realm="orders"${more}`
  const body = scope === '' ? {} : { scope }
  return refusal(401, 'Unauthorized', 'This resource needs an access token.', [challenge], body)
}

function challenged(status: number, title: string, error: string, detail: string, scope?: string): Answer {
  const more = scope === undefined ? '' : `, scope="${scope}"`
  const params = `realm="orders", error="${error}", error_description="${detail}"${more}`
  return refusal(status, title, detail, [`www-authenticate: Bearer ${params}`], { error, scope })
}

export const malformed = challenged(
  400,
  'Bad Request',
  'invalid_request',
  'The Authorization header must be the word Bearer, a space, and one access token.',
)
export const repeated = challenged(
  400,
  'Bad Request',
  'invalid_request',
  'The request must carry exactly one Authorization header.',
)
export const invalidToken = challenged(
  401,
  'Unauthorized',
  'invalid_token',
  'The access token is malformed, expired, revoked, or not meant for this resource.',
)
export const denied = refusal(403, 'Forbidden', 'The caller may not do this.', [])
export const policyUnavailable = refusal(
  503,
  'Service Unavailable',
  'Access cannot be decided right now. Please try again.',
  ['retry-after: 1'],
)
export const keysUnavailable = refusal(
  503,
  'Service Unavailable',
  'The access token cannot be checked right now. It may be good: please try again.',
  ['retry-after: 1'],
)

export function scopeMissing(scope: string): Answer {
  const detail = 'The access token lacks a scope that this resource needs.'
  return challenged(403, 'Forbidden', 'insufficient_scope', detail, scope)
}
