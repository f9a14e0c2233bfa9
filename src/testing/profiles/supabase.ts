// Supabase Auth: `role` is a database role, and `amr` may be a list of objects.
import { checkOptions, checkString } from '../../internal/options.ts'
import { type IssuerProfile, openIdProfile } from '../profile.ts'

export interface SupabaseProfileOptions {
  /** The project's reference: the first label of `abcdefghij.supabase.co`. */
  readonly projectRef: string
}

/** A Supabase project with asymmetric keys. Its tokens are users' only. `idToken()` is a token for the audience `anon`. */
export function supabaseLike(options: SupabaseProfileOptions): IssuerProfile {
  checkOptions('supabaseLike()', arguments, ['projectRef'])
  checkString('projectRef', options.projectRef)
  const issuer = `https://${options.projectRef}.supabase.co/auth/v1`
  return openIdProfile({
    name: 'supabase',
    jwksUri: `${issuer}/.well-known/jwks.json`,
    issuer,
    audience: 'authenticated',
    algorithms: ['ES256'],
    tokens: {
      user: {
        claims: ({ nowSeconds }) => ({
          aud: 'authenticated',
          sub: 'a11ce000-0000-4000-8000-000000000007',
          role: 'authenticated',
          email: 'alice@example.com',
          aal: 'aal1',
          amr: [{ method: 'password', timestamp: nowSeconds }],
          session_id: '5e551000-0000-4000-8000-000000000001',
          is_anonymous: false,
          app_metadata: { provider: 'email', providers: ['email'] },
          user_metadata: {},
        }),
      },
      id: { claims: () => ({ aud: 'anon', role: 'anon' }) },
    },
  })
}
