// What a guard remembers of a request: its view, its one verification, and the result of its last guard.
import type { RequestView } from '../http/request-view.ts'
import { createNotes, type Notes } from '../internal/freeze.ts'
import { ownMember } from '../internal/json.ts'
import type { MaybePromise } from '../internal/maybe-promise.ts'
import type { Authentication } from '../server/request-guard.ts'

export interface RequestState<Q, C> {
  readonly request: Q
  readonly view: RequestView
  /** The headers that a token can come in, as they were when the request was seen. */
  readonly seen: readonly unknown[]
  /** One for all guards of the request. */
  authentication: MaybePromise<Authentication<C>> | undefined
  result: Authentication<C> | undefined
}

export interface RequestStates<Q extends object, C> extends Pick<Notes<RequestState<Q, C>>, 'get'> {
  /** Begins anew, with the result of an earlier guard where there was one. */
  create(request: Q, result?: Authentication<C>): RequestState<Q, C>
  /** Whether the credential of the request is still the one that `state` was made for. */
  isCurrent(state: RequestState<Q, C>): boolean
}

/** The headers as the application has left them, by their names in lower case. */
export type HeadersOf<Q> = (request: Q) => Readonly<Record<string, unknown>> | undefined

/** `names`: the headers that a token can come in, in lower case. */
export function createRequestStates<Q extends object, C>(
  names: readonly string[],
  viewOf: (request: Q) => RequestView,
  headersOf: HeadersOf<Q>,
): RequestStates<Q, C> {
  const states = createNotes<RequestState<Q, C>>()

  function seenOf(request: Q, view: RequestView): readonly unknown[] {
    if (!view.currentHeaders)
      return [JSON.stringify(view.headers.filter(([name]) => names.includes(name.toLowerCase())))]
    const headers = headersOf(request) ?? {}
    return names.map((name) => ownMember(headers, name))
  }

  return {
    get: states.get,
    create(request, result) {
      const view = viewOf(request)
      const state = { request, view, seen: seenOf(request, view), authentication: undefined, result }
      states.set(request, state)
      return state
    },
    isCurrent({ request, view, seen }) {
      // Where the view alone has the headers (Fetch, imitated requests), it takes another view to see whether they have changed.
      const now = seenOf(request, view.currentHeaders ? view : viewOf(request))
      return seen.every((value, index) => value === now[index])
    },
  }
}
