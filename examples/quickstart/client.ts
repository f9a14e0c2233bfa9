// The two ways to an access token: an application's own (client credentials, RFC 6749 §4.4), and one for a user who
// signs in (authorization code with PKCE, RFC 7636), here with a scripted browser.
import { createHash, randomBytes } from 'node:crypto'
import { clientSecret, redirectUri } from './sts.ts'

export interface TokenRequest {
  /** Scopes, separated by spaces. @default none */
  readonly scope?: string
  /** The audience, RFC 8707. @default what the STS has as default */
  readonly resource?: string
}

type StsAddress = { readonly issuer: string }

/** Gets the access token of an application. @throws Error with what the STS answered */
export async function clientCredentialsToken(
  sts: StsAddress,
  { clientId = 'm2m-ES256', ...wanted }: TokenRequest & { readonly clientId?: string } = {},
): Promise<string> {
  const client = { client_id: clientId, client_secret: clientSecret }
  return (await requestTokens(sts, { grant_type: 'client_credentials', ...client, ...wanted })).accessToken
}

/** Signs a user in and returns the access token. @throws Error with what the STS answered */
export async function loginToken(sts: StsAddress, request: TokenRequest & { readonly login: string }): Promise<string> {
  return (await signIn(sts, request)).accessToken
}

/** Like `loginToken`, with the ID token beside it: something that an API must never take for an access token. */
export async function signIn(
  sts: StsAddress,
  { login, scope = '', resource }: TokenRequest & { readonly login: string },
): Promise<Tokens> {
  const codeVerifier = randomBytes(32).toString('base64url')
  const authorization = new URLSearchParams({
    response_type: 'code',
    client_id: 'web',
    redirect_uri: redirectUri,
    scope: `openid ${scope}`.trim(),
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(resource === undefined ? {} : { resource }),
  })

  const code = await authorizationCode(`${sts.issuer}/auth?${authorization.toString()}`, login)
  const grant = { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirectUri }
  return requestTokens(sts, { ...grant, client_id: 'web' })
}

/** Signs a user in at the address of an authorization request, and returns the code. @throws Error with what the STS answered */
export async function authorizationCode(url: string, login: string): Promise<string> {
  const browser = createBrowser()
  const loginPage = await browser.redirectOf(url)
  const signedIn = await browser.redirectOf(loginPage, { login })
  return new URL(await browser.redirectOf(signedIn)).searchParams.get('code') ?? ''
}

export interface Tokens {
  readonly accessToken: string
  readonly idToken?: string
}

async function requestTokens({ issuer }: StsAddress, form: Record<string, string>): Promise<Tokens> {
  const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token: accessToken, id_token: idToken, ...rest } = (await response.json()) as Record<string, unknown>
  if (typeof accessToken !== 'string') throw new Error(`the STS issued no token: ${JSON.stringify(rest)}`)
  return typeof idToken === 'string' ? { accessToken, idToken } : { accessToken }
}

/** As much of a browser as a login needs: it keeps cookies and tells where a page or a sent form leads to. */
function createBrowser(): { redirectOf(url: string, form?: Record<string, string>): Promise<string> } {
  const cookies = new Map<string, string>()
  return {
    async redirectOf(url, form) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const body = form ? { method: 'POST', body: new URLSearchParams(form) } : {}
      const response = await fetch(url, { redirect: 'manual', headers: { cookie }, ...body })
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = line.split(';', 1)[0]?.split(/=(.*)/s) ?? []
        cookies.set(name, value)
      }
      const location = response.headers.get('location')
      if (location === null) throw new Error(`no redirect from ${url}: ${response.status} ${await response.text()}`)
      await response.body?.cancel()
      const target = new URL(location, url)
      if (target.searchParams.has('error')) throw new Error(`the STS refused the login: ${target.search}`)
      return target.href
    },
  }
}
