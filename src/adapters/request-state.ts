// What a guard remembers of a request: its view, its one verification, and the result of its last guard.
import type { RequestView } from '../http/request-view.ts'
import { createNotes } from '../internal/freeze.ts'
import { ownMember } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Authentication } from '../server/request-guard.ts'

export interface RequestState<Q, C> {
  readonly request: Q
  readonly view: RequestView
  /** The values of the headers that a token can come in, when the request was seen. */
  readonly seen: readonly unknown[]
  /** One for all guards of the request. */
  authentication: MaybePromise<Authentication<C>> | undefined
  result: Authentication<C> | undefined
}

export interface RequestStates<Q, C> {
  /** The state that the last guard has left. */
  get(request: Q): RequestState<Q, C> | undefined
  /** Begins anew, with the result of an earlier guard where there was one. */
  create(request: Q, result?: Authentication<C>): RequestState<Q, C>
  /** Whether the credential of `request` is still the one that `state` was made for. */
  isCurrent(request: Q, state: RequestState<Q, C>): boolean
}

/** Most frameworks have these, by their names in lower case; the application may change or replace them. */
interface WithHeaders {
  readonly headers?: Readonly<Record<string, unknown>>
}

const noHeaders: NonNullable<WithHeaders['headers']> = {}

/** @param names of the headers that a token can come in, in lower case. */
export function createRequestStates<Q extends object, C>(
  names: readonly string[],
  viewOf: (request: Q) => RequestView,
): RequestStates<Q, C> {
  const states = createNotes<RequestState<Q, C>>()

  function create(request: Q, result?: Authentication<C>): RequestState<Q, C> {
    const view = viewOf(request)
    const { headers = noHeaders } = request as WithHeaders
    const seen = view.currentHeaders ? names.map((name) => ownMember(headers, name)) : linesOf(view)
    const state: RequestState<Q, C> = { request, view, seen, authentication: undefined, result }
    states.set(request, state)
    return state
  }

  function isCurrent(request: Q, { view, seen }: RequestState<Q, C>): boolean {
    // Where the view alone has the headers (Fetch, imitated requests), another view of the request shows whether they have changed.
    if (!view.currentHeaders) return String(linesOf(viewOf(request))) === String(seen)
    // A loop without a closure: every further guard of a request runs it.
    const { headers = noHeaders } = request as WithHeaders
    for (let index = 0; index < names.length; index++) {
      if (ownMember(headers, names[index] as string) !== seen[index]) return false
    }
    return true
  }

  function linesOf({ headers }: RequestView): readonly unknown[] {
    return headers.filter(([name]) => names.includes(name.toLowerCase()))
  }

  return { get: (request) => states.get(request), create, isCurrent }
}
