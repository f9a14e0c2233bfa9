// What a guard remembers of a request: its view, its one verification, and the result of its last guard.
import type { RequestView } from '../http/request-view.ts'
import { createNotes } from '../internal/freeze.ts'
import { ownMember } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Authentication } from '../server/request-guard.ts'
import type { TokenByIssuer, VerifiedToken } from '../verifier/verified-token.ts'

export interface RequestState<C> {
  readonly view: RequestView
  /** The headers that a token can come in, as they were when the request was seen. A guard that runs later compares them. */
  readonly seen: readonly unknown[]
  /** One for all guards of the request. */
  authentication: MaybePromise<Authentication<C>> | undefined
  result: Authentication<C> | undefined
}

/** The caller, where there is one. Asks for the outcome, since a member may be that of a polluted prototype. */
export function callerOf<C>(result: Authentication<C>): TokenByIssuer<C> | undefined {
  return result.outcome === 'authenticated' ? result.auth : undefined
}

export interface RequestStates<Q, C> {
  get(request: Q): RequestState<C> | undefined
  /** The state for a guard that is about to run: a credential that has changed since another guard ran is verified anew. */
  current(request: Q): RequestState<C>
}

/**
 * Shows handlers the caller of a request, or that there is none any more. For their convenience, at run time: `guard.auth()` never
 * reads it, and no type is declared for it, since two libraries that declare `auth` clash.
 */
export type Attach<Q> = (request: Q, auth: VerifiedToken<unknown> | undefined) => void

/** `names`: the headers that a token can come in, in lower case. */
export function createRequestStates<Q extends object, C>(
  names: readonly string[],
  viewOf: (request: Q) => RequestView,
  attach: Attach<Q>,
): RequestStates<Q, C> {
  const states = createNotes<RequestState<C>>()

  function seenIn({ currentHeaders, headers }: RequestView): readonly unknown[] {
    return currentHeaders
      ? names.map((name) => ownMember(currentHeaders, name))
      : [JSON.stringify(headers.filter(([name]) => names.includes(name.toLowerCase())))]
  }

  function current(request: Q): RequestState<C> {
    const earlier = states.get(request)
    const view = viewOf(request)
    const seen = seenIn(view)
    if (earlier?.seen.every((value, index) => value === seen[index])) {
      if (outlivesToken(view)) earlier.authentication = undefined
      return earlier
    }
    // The caller of the earlier guard is gone, whatever this guard finds.
    if (earlier) attach(request, undefined)
    const result = earlier?.result && ({ outcome: 'anonymous' } as const)
    const state: RequestState<C> = { view, seen, authentication: undefined, result }
    states.set(request, state)
    return state
  }

  return { get: states.get, current }
}

/**
 * True where the request was for a connection that stays open, such as a WebSocket. GraphQL runs the guard for each message on it: the
 * token may have expired, or been revoked, since the last.
 */
function outlivesToken({ method, headers }: RequestView): boolean {
  // Their length tells most names apart.
  return method === 'CONNECT' || headers.some(([name]) => name.length === 7 && name.toLowerCase() === 'upgrade')
}
