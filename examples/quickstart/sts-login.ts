// The STS's pages between a user and the code, reduced to one form that asks who one is, and believes it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Configuration, Provider } from 'oidc-provider'

/** Shows the form, and takes what it sends as the user. */
export async function answerLogin(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html')
    response.end('<form method="post">Sign in as <input name="login" autofocus> <button>Sign in</button></form>')
    return
  }
  try {
    const login = new URLSearchParams(await text(request)).get('login')
    if (!login) throw new Error('no login given')
    await provider.interactionFinished(request, response, { login: { accountId: login } })
  } catch (error) {
    response.writeHead(400).end(error instanceof Error ? error.message : 'failed')
  }
}

/** Stands in for the consent page: whoever has signed in is taken to have agreed to all that a client may ask for. */
export function grantAll(scopes: readonly string[]): Configuration['loadExistingGrant'] {
  return async ({ oidc: { client, session, provider, resourceServers } }) => {
    const grant = new provider.Grant({ accountId: session?.accountId, clientId: client?.clientId })
    grant.addOIDCScope('openid')
    for (const resource of Object.keys(resourceServers ?? {})) grant.addResourceScope(resource, [...scopes])
    await grant.save()
    return grant
  }
}
