// A real, certified authorization server (npm `oidc-provider`) inside this process, on loopback: it signs RFC 9068
// access tokens for users (authorization code with PKCE) and for applications (client credentials).
// For examples and tests only: it believes every login, and its client secret is in this file.
import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Configuration } from 'oidc-provider'
import { listenOnLoopback } from './loopback.ts'
import { answerLogin, grantAll } from './sts-login.ts'
import { createStore } from './sts-store.ts'

const { Provider } = await importProvider()

export type StsAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A private JWK of the STS; `importJWK(key, key.alg)` makes it sign, for tokens that no STS would issue. */
export type SigningKey = JWK & { readonly kid: string; readonly alg: StsAlgorithm }

export interface StsOptions {
  /** @default 0, which is any free port */
  readonly port?: number
  /** Each has its client, `m2m-ES256` and so on; the first one also signs what users get. @default all three */
  readonly algorithms?: readonly StsAlgorithm[]
  /** The `aud` of tokens whose client asks for no `resource`. @default 'https://api.example.com' */
  readonly audience?: string
  /** What every client may ask for, at every resource. @default ['orders:read', 'reports:read'] */
  readonly scopes?: readonly string[]
  /** @default 300 */
  readonly tokenLifetimeSeconds?: number
  /** The `roles` claim by login. A login that is not listed can sign in too, and has none. */
  readonly userRoles?: Readonly<Record<string, readonly string[]>>
  /** The `roles` claim by client. */
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>
}

export interface Sts {
  readonly issuer: string
  readonly jwksUri: string
  /** What signs now, one key per algorithm, the private part included. */
  readonly signingKeys: readonly SigningKey[]
  /** Signs with new keys from now on. The old public keys stay in the JWK Set unless `keepOld` is false. */
  rotate(options?: { readonly keepOld?: boolean }): Promise<void>
  /** Resolves when the port is free again. */
  close(): Promise<void>
}

export const clientSecret = 'not-a-secret-in-an-example'
/** Nothing listens there: the scripted browser of client.ts stops at the redirect and reads the code from it. */
export const redirectUri = 'http://127.0.0.1/callback'
const loginPath = '/login/'

/** Starts an STS on 127.0.0.1. It prints nothing and keeps no timers. @throws Error with `code: 'EADDRINUSE'` */
export async function startSts(options: StsOptions = {}): Promise<Sts> {
  const { port = 0, algorithms = ['RS256', 'ES256', 'EdDSA'] } = options
  const configuration = configure(algorithms, options)
  let signingKeys = await createKeys(algorithms)
  let publishedKeys = signingKeys
  const server = await listenOnLoopback((request, response) => answer(request, response), port)
  const issuer = server.url
  let answer = createListener()

  /** An oidc-provider reads its keys once, so each generation of keys gets its own; the store is one for all. */
  function createListener(): RequestListener {
    const provider = new Provider(issuer, { ...configuration, jwks: { keys: publishedKeys } })
    const callback = provider.callback()
    return (request, response) =>
      void (request.url?.startsWith(loginPath) ? answerLogin(provider, request, response) : callback(request, response))
  }

  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    get signingKeys() {
      return signingKeys
    },
    async rotate({ keepOld = true } = {}) {
      signingKeys = await createKeys(algorithms)
      // The first key that fits signs, so the new ones go in front.
      publishedKeys = keepOld ? [...signingKeys, ...publishedKeys] : signingKeys
      answer = createListener()
    },
    close: () => server.close(),
  }
}

function configure(algorithms: readonly StsAlgorithm[], options: StsOptions): Configuration {
  const { scopes = ['orders:read', 'reports:read'], tokenLifetimeSeconds = 300 } = options
  return {
    adapter: createStore(),
    clients: [...algorithms.map(createMachineClient), webClient],
    clientDefaults: { id_token_signed_response_alg: algorithms[0] },
    enabledJWA: { idTokenSigningAlgValues: [...algorithms] },
    extraTokenClaims: createExtraClaims(options),
    findAccount: (_context, login) => ({ accountId: login, claims: async () => ({ sub: login }) }),
    loadExistingGrant: grantAll(scopes),
    interactions: { url: (_context, interaction) => loginPath + interaction.uid },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context, _client, oneOf) => oneOf ?? options.audience ?? 'https://api.example.com',
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource, { clientId }) => ({
          audience: resource,
          scope: scopes.join(' '),
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: algorithms.find((algorithm) => clientId === `m2m-${algorithm}`) ?? algorithms[0] } },
        }),
      },
    },
    ttl: {
      AccessToken: tokenLifetimeSeconds,
      ClientCredentials: tokenLifetimeSeconds,
      IdToken: tokenLifetimeSeconds,
      Interaction: 600,
      Session: 3600,
      Grant: 3600,
    },
    // The rest, and most of ttl, is here because oidc-provider prints a notice when it falls back to a default of it.
    clientBasedCORS: () => false,
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    renderError: (context, { error, error_description }) => {
      context.body = `${error}: ${error_description ?? ''}\n`
    },
  }
}

const webClient = { client_id: 'web', token_endpoint_auth_method: 'none', redirect_uris: [redirectUri] } as const

function createMachineClient(algorithm: StsAlgorithm) {
  return {
    client_id: `m2m-${algorithm}`,
    client_secret: clientSecret,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  } as const
}

async function createKeys(algorithms: readonly StsAlgorithm[]): Promise<SigningKey[]> {
  return Promise.all(
    algorithms.map(async (alg) => {
      const jwk = await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)
      return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) }
    }),
  )
}

function createExtraClaims({ userRoles = {}, clientRoles = {} }: StsOptions): Configuration['extraTokenClaims'] {
  const rolesOfUser = new Map(Object.entries(userRoles))
  const rolesOfClient = new Map(Object.entries(clientRoles))
  return ({ oidc }, token) =>
    token.kind === 'AccessToken'
      ? // Without auth_time (RFC 9068 §2.2.1) nothing in the token would say that a person is behind it.
        { roles: rolesOfUser.get(token.accountId), auth_time: oidc.entities.AuthorizationCode?.authTime }
      : { roles: rolesOfClient.get(token.clientId ?? '') }
}

/** On Node 20 the import prints that 22 is recommended, and has no option to leave it out; it does work on 20. */
async function importProvider(): Promise<typeof import('oidc-provider')> {
  const { warn } = console
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn(...words)
  }
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}
