// The one table of requests and the answers that every adapter gives to them.
import { badTokens } from '../support/bad-tokens.ts'
import type { RawRequest } from '../support/raw-request.ts'
import { audience, createToken } from '../support/tokens.ts'
import {
  type Answer,
  bare,
  denied,
  invalidToken,
  malformed,
  policyUnavailable,
  repeated,
  scopeMissing,
} from './answers.ts'

/** Every request of a row gets the same answer, or is let in with a JSON body. */
export interface Row {
  readonly title: string
  readonly requests: readonly RawRequest[]
  readonly answer: Answer | { readonly letIn: object }
  /** Where `Headers` joins lines, each is 400 by one of these answers: which of them the joined text decides. */
  readonly joined?: readonly Answer[]
}

const good = createToken()
const alice = { letIn: { subject: 'alice', onRequest: true, same: true } }
const nobody = { letIn: { subject: null, hasAuth: false } }

/** One request for each of `authorizations`. */
function requests(path: string, ...authorizations: readonly string[]): readonly RawRequest[] {
  return authorizations.map((value) => ({ path, lines: [`Authorization: ${value}`] }))
}

function withClaims(path: string, ...claims: readonly Record<string, unknown>[]): readonly RawRequest[] {
  return requests(path, ...claims.map((each) => `Bearer ${createToken({ claims: each })}`))
}

const form = ['Content-Type: application/x-www-form-urlencoded']
const formBody = { method: 'POST', path: '/caller', body: `access_token=${good}` }
const preflight = ['Origin: https://app.example.com', 'Access-Control-Request-Method: DELETE']
const authorization = `Authorization: Bearer ${good}`

export const table: readonly Row[] = [
  {
    title: '[RFC6750-3-1] [RFC6750-3.1-1] asks for a token, without an error, when there is none',
    requests: [{ path: '/caller' }, { path: '/handler' }],
    answer: bare(),
  },
  {
    title: '[RFC6750-3-1] [RFC6750-3.1-1] asks for a token, without an error, when the scheme is another',
    requests: requests('/caller', 'Basic Zm9vOmJhcg==', `DPoP ${good}`, 'Digest username="x", realm="y"'),
    answer: bare(),
  },
  {
    title: 'refuses a CORS preflight as any request without a token: no handler sees it',
    requests: ['/caller', '/handler'].map((path) => ({ method: 'OPTIONS', path, lines: preflight })),
    answer: bare(),
  },
  {
    title: 'names the scopes that the route needs to who sends no token',
    requests: [{ path: '/scopes' }],
    answer: bare('orders:read orders:write'),
  },
  {
    title: '[OAUTH21-5.1-1] [MCP-TOK-2] ignores a token in the query',
    requests: [{ path: `/caller?access_token=${good}` }],
    answer: bare(),
  },
  {
    title: '[OAUTH21-5.1-2] ignores a token in the query also beside the header',
    requests: [{ path: '/caller?access_token=garbage', lines: [authorization] }],
    answer: alice,
  },
  {
    title: '[RFC6750-2.2-1] ignores a token in a form body',
    requests: [{ ...formBody, lines: form }],
    answer: bare(),
  },
  {
    title: '[RFC6750-2-1] reads one transport only: a form body beside the header changes nothing',
    requests: [{ ...formBody, body: 'access_token=garbage', lines: [...form, authorization] }],
    answer: alice,
  },
  {
    title: '[RFC6750-5.3-1] ignores a token in a cookie',
    requests: [{ path: '/caller', lines: [`Cookie: access_token=${good}; Authorization="Bearer ${good}"`] }],
    answer: bare(),
  },
  {
    title: '[RFC9110-11.2-2] refuses a credential that is not one scheme, spaces and one token68',
    requests: requests(
      '/caller',
      ...['', 'Bearer', `Bearer: ${good}`, `Bearer\t${good}`, `Bearer \t${good}`, `Bearer "${good}"`],
      ...[
        `Bearer ${good},x`,
        `Bearer ${good} ${good}`,
        `Bearer ${good}é`,
        `Bearer \u00a0${good}`,
        `Bearer ${good}\x01`,
      ],
      ...['Bearer \x7f', 'Bearer a\x1bb', `Bearer token=${good}`, `\u202eBearer ${good}`],
    ),
    answer: malformed,
  },
  {
    title: '[RFC9110-5.3-1] [RFC6750-2-1] refuses two Authorization lines, whatever is on them',
    requests: [
      ['Bearer A', 'DPoP B'],
      [`Bearer ${good}`, `DPoP ${good}`],
      [`DPoP ${good}`, `Bearer ${good}`],
      [`Bearer ${good}`, `Bearer ${good}`],
      ['Basic Zm9v', `Bearer ${good}`],
      ['', `Bearer ${good}`],
      ['Basic Zm9v', 'Basic Zm9v'],
    ].map(([one, other]) => ({ path: '/caller', lines: [`Authorization: ${one}`, `authorization: ${other}`] })),
    answer: repeated,
    joined: [repeated, malformed],
  },
  {
    title: '[RFC9110-5.3-1] refuses two credentials that a proxy has joined into one line',
    requests: requests('/caller', `Basic Zm9v, Bearer ${good}`, `Bearer ${good}, Bearer ${good}`),
    answer: repeated,
  },
  {
    title: 'refuses two credentials of other schemes that were joined into one line, also where a token is optional',
    requests: ['/caller', '/optional'].flatMap((path) =>
      requests(
        path,
        'Basic Zm9v, Basic Zm9v',
        'Basic Zm9v ,Basic Zm9v',
        'Negotiate YQ==, NTLM TlRM',
        `DPoP ${good}, x`,
      ),
    ),
    answer: malformed,
  },
  {
    title: 'takes the list of parameters of another scheme for one credential',
    requests: requests(
      '/optional',
      'Digest username="x", realm="y, Basic z"',
      'AWS4 Credential=a/b, Signature=c',
      'Hawk a=b, c=d',
    ),
    answer: nobody,
  },
  {
    title: '[RFC9110-11.1-1] [RFC9110-11.2-1] [RFC6750-2.1-1] lets in a good token in every spelling of the scheme',
    requests: requests(
      '/caller',
      ...['Bearer ', 'bearer ', 'BEARER ', 'bEaReR ', 'Bearer  ', 'Bearer     '].map((s) => s + good),
    ),
    answer: alice,
  },
  {
    title: 'lets in a good token in a header line of any letter case, with space around its value',
    requests: [`AUTHORIZATION: Bearer ${good}`, `authorization:Bearer ${good}  `].map((line) => ({
      path: '/caller',
      lines: [line],
    })),
    answer: alice,
  },
  {
    title: '[RFC6750-3-5] [RFC9700-2.3-1] answers every token that is not acceptable alike',
    requests: requests('/caller', ...badTokens.map((token) => `Bearer ${token}`)),
    answer: invalidToken,
  },
  {
    title: 'judges the token before the policy: a bad token never learns which scope it lacks',
    requests: requests('/scopes', ...badTokens.map((token) => `Bearer ${token}`)),
    answer: invalidToken,
  },
  {
    title: '[RFC9700-2.3-1] [RFC6750-3.1-2] refuses a token without all the scopes, and names all of them',
    requests: withClaims('/scopes', {}, { scope: 'orders:read' }, { scope: 'ORDERS:READ orders:write' }),
    answer: scopeMissing('orders:read orders:write'),
  },
  {
    title: 'lets in a token with all the scopes',
    requests: withClaims('/scopes', { scope: 'orders:write x orders:read' }, { scp: ['orders:read', 'orders:write'] }),
    answer: alice,
  },
  {
    title: 'denies without a challenge when a role is missing, since no new token would help',
    requests: withClaims('/role', {}, { roles: ['reader'] }, { scope: 'manager' }),
    answer: denied,
  },
  { title: 'lets in a token with the role', requests: withClaims('/role', { roles: ['x', 'manager'] }), answer: alice },
  {
    title: '[RFC9700-4.15-1] refuses the token of an application where only users may come',
    requests: withClaims('/users', { sub: 'web', client_id: 'web' }, { sub: 'web', client_id: 'web', auth_time: 1 }),
    answer: denied,
  },
  {
    title: 'lets in a user where only users may come',
    requests: withClaims('/users', { auth_time: 1 }),
    answer: alice,
  },
  {
    title: 'answers 503, and nothing of what went wrong, when a policy throws or rejects',
    requests: [...withClaims('/throwing-policy', {}), ...withClaims('/rejecting-policy', {})],
    answer: policyUnavailable,
  },
  {
    title: 'lets in who sends no credential of ours where authentication is optional',
    requests: [{ path: '/optional' }, ...requests('/optional', 'Basic Zm9v')],
    answer: nobody,
  },
  {
    title: 'knows who sends a good token where authentication is optional',
    requests: withClaims('/optional', {}),
    answer: alice,
  },
  {
    title: 'refuses a bad token also where authentication is optional',
    requests: requests('/optional', ...badTokens.map((token) => `Bearer ${token}`)),
    answer: invalidToken,
  },
  {
    title: 'refuses a malformed credential also where authentication is optional',
    requests: requests('/optional', 'Bearer', `Bearer ${good} x`),
    answer: malformed,
  },
  {
    title: 'refuses two credentials also where authentication is optional',
    requests: [{ path: '/optional', lines: [authorization, authorization] }],
    answer: repeated,
  },
  {
    title: 'guards again after an optional guard',
    requests: [{ path: '/optional-then-scope' }],
    answer: bare('orders:read'),
  },
  {
    title: 'asks the policy of a guard after others that let the request in',
    requests: [
      ...withClaims('/twice', {}),
      ...withClaims('/optional-then-scope', {}),
      ...withClaims('/handler-scope', {}),
    ],
    answer: scopeMissing('orders:read'),
  },
  {
    title: 'gives the handler of guard.handler the caller',
    requests: withClaims('/handler', {}),
    answer: alice,
  },
  {
    title: 'asks the policy of guard.handler',
    requests: withClaims('/handler-scope', { scope: 'orders:read' }),
    answer: { letIn: { subject: 'alice' } },
  },
  {
    title: 'refuses before the handler of guard.handler runs',
    requests: requests(
      '/handler-throws',
      'Bearer garbage',
      `Bearer ${createToken({ claims: { aud: `${audience}/` } })}`,
    ),
    answer: invalidToken,
  },
  {
    title: 'gives the resource that guard.require was asked about, when the policy allows',
    requests: [
      ...withClaims('/orders/alice', {}),
      ...withClaims('/handler-order', {}),
      ...withClaims('/optional-order', {}),
    ],
    answer: { letIn: { owner: 'alice' } },
  },
]
