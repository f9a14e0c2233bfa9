// What the compiler knows of the presets' issuers: `auth.issuer` narrows the claims, where they have a schema of their own.
import { createVerifier } from 'claimcheck'
import {
  auth0,
  cognito,
  duende,
  githubActions,
  google,
  googleIap,
  keycloak,
  oidcProvider,
  okta,
  withClaims,
} from 'claimcheck/issuers'
import { z } from 'zod'

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function prove<_Truth extends true>(): void {}

const audience = 'urn:api'
const claims = <N extends string>(name: N) => z.object({ from: z.literal(name) })
const { verifyToken } = createVerifier({
  issuer: [
    withClaims(auth0({ domain: 'acme.auth0.com', audience }), claims('auth0')),
    withClaims(cognito({ userPoolId: 'eu-west-1_a', allowedClients: 'web' }), claims('cognito')),
    withClaims(duende({ issuer: 'https://ids.example.com', audience }), claims('duende')),
    withClaims(githubActions({ audience, allowedOwnerIds: ['65'] }), claims('githubActions')),
    withClaims(google({ audience }), claims('google')),
    withClaims(googleIap({ audience }), claims('googleIap')),
    withClaims(keycloak({ realmUrl: 'https://sso.example.com/realms/a', audience }), claims('keycloak')),
    withClaims(
      keycloak({ realmUrl: 'https://kc.svc/realms/b', issuer: 'https://sso.example.com/realms/b', audience }),
      claims('front-end'),
    ),
    withClaims(oidcProvider({ issuer: 'https://op.example.com', audience }), claims('oidcProvider')),
    withClaims(okta({ issuer: 'https://acme.okta.com/oauth2/default', audience }), claims('okta')),
  ],
})
const auth = await verifyToken('')
if (auth.issuer === 'https://acme.auth0.com/') prove<Equals<typeof auth.claims.from, 'auth0'>>()
if (auth.issuer === 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a')
  prove<Equals<typeof auth.claims.from, 'cognito'>>()
if (auth.issuer === 'https://ids.example.com') prove<Equals<typeof auth.claims.from, 'duende'>>()
if (auth.issuer === 'https://token.actions.githubusercontent.com')
  prove<Equals<typeof auth.claims.from, 'githubActions'>>()
if (auth.issuer === 'https://accounts.google.com') prove<Equals<typeof auth.claims.from, 'google'>>()
if (auth.issuer === 'https://cloud.google.com/iap') prove<Equals<typeof auth.claims.from, 'googleIap'>>()
if (auth.issuer === 'https://sso.example.com/realms/a') prove<Equals<typeof auth.claims.from, 'keycloak'>>()
if (auth.issuer === 'https://sso.example.com/realms/b') prove<Equals<typeof auth.claims.from, 'front-end'>>()
if (auth.issuer === 'https://op.example.com') prove<Equals<typeof auth.claims.from, 'oidcProvider'>>()
if (auth.issuer === 'https://acme.okta.com/oauth2/default') prove<Equals<typeof auth.claims.from, 'okta'>>()
// @ts-expect-error the address in the cluster is not the issuer
if (auth.issuer === 'https://kc.svc/realms/b') void auth

// @ts-expect-error one options object
google({ audience }, { audience })

// An audience, and for GitHub whose jobs may come in, cannot be left out by mistake.
// @ts-expect-error audience is missing
okta({ issuer: 'https://acme.okta.com/oauth2/default' })
// @ts-expect-error audience must not be null
githubActions({ audience: null, anyOwner: true })
// @ts-expect-error audience must not be null
googleIap({ audience: null })
// @ts-expect-error allowedClients is missing
cognito({ userPoolId: 'eu-west-1_a' })
