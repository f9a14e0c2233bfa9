// The tokens of every STS at the presets of all others. Most fixtures sign with one and the same key, so it is not the luck of
// another key that keeps a token out.
import { AuthError } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, type StsFixture, tokenOf } from '../support/sts-fixture.ts'
import { adfsFixture } from './fixtures/adfs.ts'
import { auth0Fixture } from './fixtures/auth0.ts'
import { authentikFixture } from './fixtures/authentik.ts'
import { awsAlbFixture } from './fixtures/aws-alb.ts'
import { clerkFixture } from './fixtures/clerk.ts'
import { cloudflareAccessFixture } from './fixtures/cloudflare-access.ts'
import { cognitoFixture } from './fixtures/cognito.ts'
import { descopeFixture } from './fixtures/descope.ts'
import { duendeFixture } from './fixtures/duende.ts'
import { entraB2CFixture } from './fixtures/entra-b2c.ts'
import { entraExternalIdFixture } from './fixtures/entra-external-id.ts'
import { entraFixture } from './fixtures/entra.ts'
import { firebaseFixture } from './fixtures/firebase.ts'
import { githubActionsFixture } from './fixtures/github-actions.ts'
import { gitlabCiFixture } from './fixtures/gitlab-ci.ts'
import { googleIapFixture } from './fixtures/google-iap.ts'
import { googleFixture } from './fixtures/google.ts'
import { hydraFixture } from './fixtures/hydra.ts'
import { keycloakFixture } from './fixtures/keycloak.ts'
import { kubernetesFixture } from './fixtures/kubernetes.ts'
import { logtoFixture } from './fixtures/logto.ts'
import { oidcProviderFixture } from './fixtures/oidc-provider.ts'
import { oktaFixture } from './fixtures/okta.ts'
import { pingOneFixture } from './fixtures/ping-one.ts'
import { spiffeFixture } from './fixtures/spiffe.ts'
import { supabaseFixture } from './fixtures/supabase.ts'
import { workosFixture } from './fixtures/workos.ts'
import { zitadelFixture } from './fixtures/zitadel.ts'

const fixtures: readonly StsFixture[] = [
  adfsFixture,
  auth0Fixture,
  authentikFixture,
  awsAlbFixture,
  clerkFixture,
  cloudflareAccessFixture,
  cognitoFixture,
  descopeFixture,
  duendeFixture,
  entraB2CFixture,
  entraExternalIdFixture,
  entraFixture,
  firebaseFixture,
  githubActionsFixture,
  gitlabCiFixture,
  googleFixture,
  googleIapFixture,
  hydraFixture,
  keycloakFixture,
  kubernetesFixture,
  logtoFixture,
  oidcProviderFixture,
  oktaFixture,
  pingOneFixture,
  spiffeFixture,
  supabaseFixture,
  workosFixture,
  zitadelFixture,
]

const foreignTokens = fixtures.map((fixture) => ({
  name: fixture.name,
  tokens: fixture.accepted.map((sample) => tokenOf(fixture, sample)),
}))

describe.each(fixtures)('$name', (fixture) => {
  it('takes no token of another STS, and fetches nothing for one', { timeout: 30_000 }, async () => {
    const { verifyToken, requests } = createFixtureVerifier(fixture)
    for (const { name, tokens } of foreignTokens.filter((other) => other.name !== fixture.name)) {
      for (const token of tokens) {
        const error: unknown = await verifyToken(token).catch((reason: unknown) => reason)
        expect(error, name).toBeInstanceOf(AuthError)
        expect([name, (error as AuthError).status]).toEqual([name, 401])
      }
    }
    expect(requests).toEqual([])
  })
})
