// Tokens of a real, certified authorization server over HTTP, and forgeries made by hand beside it.
import { createVerifier, type Verifier, type VerifierOptions } from 'claimcheck'
import { oidc, rfc9068 } from 'claimcheck/issuers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientCredentialsToken, loginToken, signIn } from '../../examples/quickstart/client.ts'
import { type Sts, type StsAlgorithm, startSts } from '../../examples/quickstart/sts.ts'
import { createTestClock } from '../support/clock.ts'
import { createKey, keyFromJwk, signSegments } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const audience = 'https://api.example.com'
const algorithms: readonly StsAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

let sts: Sts
beforeAll(async () => {
  sts = await startSts({
    algorithms,
    audience,
    userRoles: { bob: ['manager'] },
    clientRoles: { 'm2m-ES256': ['robot'] },
  })
})
afterAll(() => sts.close())

// The STS lives in real time, so the verifiers start there; from then on their time moves by hand.
const clock = createTestClock(Date.now())
const createOne = (options: Partial<VerifierOptions> = {}): Verifier =>
  createVerifier({ audience, clock, ...options, issuer: options.issuer ?? sts.issuer } as VerifierOptions)

describe.each(algorithms)('a token signed with %s', (alg) => {
  let token: string
  let verifier: Verifier
  beforeAll(async () => {
    token = await clientCredentialsToken(sts, { clientId: `m2m-${alg}`, scope: 'orders:read' })
    verifier = createOne()
  })

  it('is verified through discovery', async () => {
    const { header, principal, claims } = await verifier.verifyToken(token)
    expect(header).toMatchObject({ alg, typ: 'at+jwt', kid: signingKey(alg).kid })
    expect(claims).toMatchObject({ iss: sts.issuer, aud: audience, client_id: `m2m-${alg}`, scope: 'orders:read' })
    expect(principal).toEqual({
      kind: 'application',
      key: `${sts.issuer}|client|m2m-${alg}`,
      subject: `m2m-${alg}`,
      issuer: sts.issuer,
      client: { id: `m2m-${alg}`, type: 'unknown' },
      scopes: ['orders:read'],
      roles: alg === 'ES256' ? ['robot'] : [],
      permissions: [],
      groups: { values: [], complete: false, claim: 'groups' },
      authentication: {},
      traits: [],
    })
  })

  it('satisfies the strict profile', async () => {
    const strict = createOne({ issuer: rfc9068({ issuer: sts.issuer, algorithms: [alg] }) })
    expect((await strict.verifyToken(token)).principal.subject).toBe(`m2m-${alg}`)
  })

  it('is refused when only another algorithm is allowed', async () => {
    const others = algorithms.filter((other) => other !== alg)
    const strict = createOne({ issuer: oidc({ issuer: sts.issuer, algorithms: others }) })
    await expectInvalidToken(strict.verifyToken(token), 'algorithm_not_allowed')
  })

  it('[RFC9068-4-4] for another resource is refused', async () => {
    const resource = 'https://other.example.com'
    const other = await clientCredentialsToken(sts, { clientId: `m2m-${alg}`, resource })
    const error = await expectInvalidToken(verifier.verifyToken(other), 'audience_mismatch')
    expect(error.details).toMatchObject({ expected: [audience], received: resource })
    expect((await createOne({ audience: resource }).verifyToken(other)).claims.aud).toBe(resource)
  })

  it('[RFC9068-4-5] forged beside it is refused: the same header and payload, another key of the same kid', async () => {
    const [header = '', payload = ''] = token.split('.')
    const forger = createKey(alg, { kid: signingKey(alg).kid })
    await expectInvalidToken(verifier.verifyToken(signSegments(header, payload, forger)), 'signature_invalid')
    const honest = signSegments(header, payload, keyFromJwk(signingKey(alg) as never))
    expect((await verifier.verifyToken(honest)).principal.subject).toBe(`m2m-${alg}`)
  })

  it('[RFC9068-4-6] is good until 30 seconds after its exp', async () => {
    const { expiresAt } = await verifier.verifyToken(token)
    const at = createTestClock((expiresAt + 30) * 1000 - 1)
    const later = createOne({ clock: at })
    expect((await later.verifyToken(token)).expiresAt).toBe(expiresAt)
    at.advanceMs(1)
    await expectInvalidToken(later.verifyToken(token), 'token_expired')
  })
})

describe('a user who signs in', () => {
  it('is recognised, with scopes and roles', async () => {
    const token = await loginToken(sts, { login: 'bob', scope: 'orders:read reports:read' })
    expect((await createOne().verifyToken(token)).principal).toMatchObject({
      kind: 'user',
      key: `${sts.issuer}|bob`,
      subject: 'bob',
      client: { id: 'web' },
      scopes: ['orders:read', 'reports:read'],
      roles: ['manager'],
    })
  })

  // Nothing in this STS's ID token says what it is, so under the generic issuer only `aud` keeps it out.
  it('[RFC8725bis-3.12-1] has an ID token too, which is for the client and so refused', async () => {
    const { accessToken, idToken = '' } = await signIn(sts, { login: 'alice' })
    const generic = createOne()
    expect((await generic.verifyToken(accessToken)).principal.subject).toBe('alice')
    await expectInvalidToken(generic.verifyToken(idToken), 'audience_mismatch')
  })

  it('[RFC8725bis-3.12-1] has an ID token that typ keeps out even where the client is an audience', async () => {
    const { accessToken, idToken = '' } = await signIn(sts, { login: 'alice' })
    for (const one of [oidc({ issuer: sts.issuer, typ: ['at+jwt'] }), rfc9068({ issuer: sts.issuer })]) {
      const { verifyToken } = createOne({ issuer: one, audience: ['web', audience] })
      expect((await verifyToken(accessToken)).principal.subject).toBe('alice')
      await expectInvalidToken(verifyToken(idToken), 'token_type_not_accepted')
    }
  })
})

describe('a rotation', () => {
  const rotating: Sts[] = []
  afterAll(() => Promise.all(rotating.map((one) => one.close())))

  async function startRotating() {
    const one = await startSts({ algorithms: ['ES256'], audience })
    rotating.push(one)
    const verifier = createOne({ issuer: one.issuer })
    const old = await clientCredentialsToken(one)
    expect((await verifier.verifyToken(old)).header.kid).toBe(one.signingKeys[0]?.kid)
    return { one, old, ...verifier }
  }

  it('is picked up at the first token of the new key, and the old ones stay good while their key is published', async () => {
    const { one, old, verifyToken } = await startRotating()
    await one.rotate()
    const fresh = await clientCredentialsToken(one)
    expect((await verifyToken(fresh)).header.kid).toBe(one.signingKeys[0]?.kid)
    expect((await verifyToken(old)).header.kid).not.toBe(one.signingKeys[0]?.kid)
  })

  it('that withdraws the old key ends the tokens of that key', async () => {
    const { one, old, verifyToken } = await startRotating()
    await one.rotate({ keepOld: false })
    const fresh = await clientCredentialsToken(one)
    expect((await verifyToken(fresh)).header.kid).toBe(one.signingKeys[0]?.kid)
    await expectInvalidToken(verifyToken(old), 'key_not_found')
  })
})

function signingKey(alg: StsAlgorithm) {
  const key = sts.signingKeys.find((one) => one.alg === alg)
  return key ?? expect.fail(`the STS has no key for ${alg}`)
}
