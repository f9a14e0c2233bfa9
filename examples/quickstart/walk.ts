// The scripted client: from no token at all to a manager who needs no scope, each request with what is expected of it.
import { clientCredentialsToken, loginToken } from './client.ts'

export interface Row {
  readonly request: string
  readonly who: string
  readonly status: number
  readonly challenge: string
  readonly expected: { readonly who: string; readonly status: number }
}

interface Places {
  readonly sts: { readonly issuer: string }
  readonly api: string
  /** The same API with its clock an hour ahead. */
  readonly apiAnHourAhead: string
}

/** Sends the requests, one after the other, and tells what came back. It judges nothing. */
export async function walk({ sts, api, apiAnHourAhead }: Places): Promise<Row[]> {
  const nobody = 'nobody'
  const application = 'application m2m-ES256'
  const alice = await loginToken(sts, { login: 'alice', scope: 'orders:read' })
  const bob = await loginToken(sts, { login: 'bob' })
  const elsewhere = await clientCredentialsToken(sts, { resource: 'https://other.example.com' })
  const noScope = await clientCredentialsToken(sts)
  const orders = await clientCredentialsToken(sts, { scope: 'orders:read' })
  const reports = await clientCredentialsToken(sts, { scope: 'reports:read' })

  const requests: Request[] = [
    { path: '/me', with: 'no token', who: nobody, status: 401 },
    { path: '/me', with: 'wrong audience', token: elsewhere, who: nobody, status: 401 },
    { path: '/me', with: 'expired token', token: alice, at: apiAnHourAhead, who: nobody, status: 401 },
    { path: '/orders', with: 'application without scope', token: noScope, who: application, status: 403 },
    { path: '/orders', with: 'application, orders:read', token: orders, who: application, status: 200 },
    { path: '/orders', with: 'user, orders:read', token: alice, who: 'user alice', status: 200 },
    { path: '/reports', with: 'user, orders:read', token: alice, who: 'user alice', status: 403 },
    { path: '/reports', with: 'user, role manager', token: bob, who: 'user bob', status: 200 },
    { path: '/reports', with: 'application, reports:read', token: reports, who: application, status: 200 },
  ]
  const rows: Row[] = []
  for (const request of requests) rows.push(await send(request.at ?? api, request))
  return rows
}

interface Request {
  readonly path: string
  readonly with: string
  readonly token?: string
  readonly at?: string
  readonly who: string
  readonly status: number
}

async function send(api: string, { path, token, with: credential, ...expected }: Request): Promise<Row> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(api + path, { headers })
  await response.body?.cancel()
  const { status } = response
  const challenge = response.headers.get('www-authenticate') ?? ''
  return { request: `GET ${path}, ${credential}`, who: await whoAmI(api, headers), status, challenge, expected }
}

/** Asks `/me`, since a refusal does not tell whom it refuses. */
async function whoAmI(api: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${api}/me`, { headers })
  const { kind, subject } = (await response.json()) as Record<string, unknown>
  return response.ok ? `${String(kind)} ${String(subject)}` : 'nobody'
}
