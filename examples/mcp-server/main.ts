// The official MCP client against the server: discovery → login at the authorization server → tool → step-up.
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { authorizationCode } from '../quickstart/client.ts'
import { listenOnLoopback } from '../quickstart/loopback.ts'
import { redirectUri, startSts } from '../quickstart/sts.ts'
import { createApp } from './server.ts'

const sts = await startSts({ algorithms: ['ES256'], scopes: ['orders:read', 'orders:write'] })
const server = await listenOnLoopback((request, response) => app(request, response), 0)
const resource = `${server.url}/mcp`
const app = createApp(sts.issuer, resource)

let tokens: OAuthTokens | undefined
let verifier = ''
let loginPage = ''
const authProvider: OAuthClientProvider = {
  redirectUrl: redirectUri,
  clientMetadata: { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
  clientInformation: () => ({ client_id: 'web' }),
  tokens: () => tokens,
  saveTokens: (granted) => void (tokens = granted),
  codeVerifier: () => verifier,
  saveCodeVerifier: (made) => void (verifier = made),
  redirectToAuthorization: (url) => void (loginPage = url.href),
}

let transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider })
const client = new Client({ name: 'example', version: '1.0.0' })

/** Does `action`, and once more when a login has brought the token that it needs. */
async function withLogin<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    console.log(`login for: ${new URL(loginPage).searchParams.get('scope')}`)
    await transport.finishAuth(await authorizationCode(loginPage, 'alice'))
    return action()
  }
}

await withLogin(() => {
  transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider })
  return client.connect(transport)
})
for (const name of ['list_orders', 'cancel_order']) {
  const { content } = await withLogin(() => client.callTool({ name }))
  console.log(`${name}: ${(content as { text: string }[])[0]?.text}`)
}
await client.close()
await server.close()
await sts.close()
