// nginx `auth_request`: 2xx is a yes, 401 and 403 are a no, and everything else becomes a 500. So 400 and 503 travel as 403, and the
// recipe gives the client what X-Auth-Status and X-Auth-Problem say.
import { type Dialect, writeJoined } from './dialect.ts'
import { readForwarded } from './forwarded.ts'

export const nginx: Dialect = {
  read: readForwarded,
  write(decision) {
    const { status, headers, body } = writeJoined(decision)
    if (decision.effect === 'allow') return { status, headers, body }
    // nginx drops the body of an answer. This one is JSON in ASCII, by the table of refusals.
    return { status: status === 401 ? 401 : 403, headers: { ...headers, 'X-Auth-Problem': body }, body }
  },
}
