// The API that every runtime serves: a resource server made at module scope, as everybody does, and routes behind it. The time can be
// moved, since a refresh is due after minutes.
import { AuthError, createResourceServer, fromWeb, toWeb } from 'claimcheck'
import { allOf, policy, scope } from 'claimcheck/policy'

export interface AppOptions {
  readonly issuer: string
  readonly audience: string
  readonly keepAlive?: ((work: Promise<unknown>) => void) | undefined
}

/** Where a fetch is given up, in milliseconds. */
export const fetchTimeoutMs = 3000

/** Makes the API, as a function from Request to Response. */
export function createApp({ issuer, audience, keepAlive }: AppOptions): (request: Request) => Promise<Response> {
  const events: string[] = []
  let aheadMs = 0
  const api = createResourceServer({
    ...{ issuer, audience, keepAlive, fetchTimeoutMs },
    clock: { nowMs: () => Date.now() + aheadMs },
    onEvent: ({ type }) => void events.push(type),
  })
  const patient = policy('patient', async () => Promise.resolve(true))
  const orders = allOf(scope('orders'), patient)

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/events') return Response.json(events.splice(0))
    if (pathname === '/advance') {
      aheadMs += Number(searchParams.get('ms'))
      return new Response('later')
    }
    const view = fromWeb(request)
    if (pathname === '/leave') {
      // The answer goes out before the token is verified.
      api.guard(view).catch(() => {})
      return new Response('left')
    }
    events.push('request')
    const { principal } = await (pathname === '/orders' ? api.guard(view, orders) : api.guard(view))
    return Response.json({ key: principal.key, subject: principal.subject })
  }

  return async function serve(request) {
    try {
      return await answer(request)
    } catch (error) {
      if (error instanceof AuthError) return toWeb(api.challenge(error, fromWeb(request)), request)
      return new Response(String(error), { status: 500 })
    }
  }
}
