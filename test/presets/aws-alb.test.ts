// AWS ALB: its samples, its options, its padding, and kids that mean to reach another address.
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { signTexts } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const fixture = fixtureOf('awsAlb')
const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188'
const govArn = 'arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188'

const claims = fixture.accepted[0]?.claims ?? {}
const token = () => tokenOf(fixture, { claims })

describe('awsAlb()', () => {
  it.each([
    'orders',
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/orders/50dc6c495c0c9188',
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/app/orders/50dc6c495c0c9188',
    'arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188',
    'arn:aws:elasticloadbalancing:us-gov-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188',
    'arn:aws:elasticloadbalancing:eu-west-1.evil.com/:123456789012:loadbalancer/app/orders/50dc6c495c0c9188',
    `${arn} `,
    arn.toUpperCase(),
  ])('does not take the load balancer %s', (loadBalancer) => {
    expect(() => fixture.makeIssuer({ loadBalancer })).toThrow(/^loadBalancer must be an ARN such as /)
  })

  it.each([
    [{ loadBalancer: [] }, 'loadBalancer must be a list of at least one string, not [].'],
    [{ loadBalancer: null }, 'loadBalancer[] must be a non-empty string, not null.'],
    [{ loadBalancer: [arn, govArn] }, /^loadBalancer: every region has keys of its own/],
    [{ allowedClients: '' }, "allowedClients[] must be a non-empty string, not ''."],
    [{ allowedClients: null }, 'allowedClients[] must be a non-empty string, not null.'],
    [{ allowedClients: ['1example23456789', ''] }, "allowedClients[] must be a non-empty string, not ''."],
    [{ allowedClients: [] }, 'allowedClients must be a list of at least one string, not [].'],
    [{ issuer: 'accounts.google.com' }, /^issuer must be an absolute URL/],
    [{ groupsClaim: [] }, 'groupsClaim must be a non-empty string, not [].'],
    [{ audience: 'x' }, /^awsAlb\(\) has no option audience/],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(message)
  })

  it('takes several load balancers of one region', async () => {
    const other = arn.replace('orders', 'admin')
    const { verifyToken } = createFixtureVerifier(fixture, { loadBalancer: [other, arn] })
    await verifyToken(token())
  })

  it('refuses a token whose padding was taken off or added to', async () => {
    const { verifyToken, requests } = createFixtureVerifier(fixture)
    const tokens = ['', 'a', 'aa'].map((name) => tokenOf(fixture, { claims: { ...claims, name } }).split('.'))
    const [header = '', payload = '', signature = ''] = tokens.find((segments) => segments[1]?.endsWith('=')) ?? []
    expect(signature).toMatch(/==$/)
    await verifyToken([header, payload, signature].join('.'))
    requests.length = 0
    // Without any padding it is an ordinary token, which has no iss.
    const bare = [header, payload, signature].map((segment) => segment.replace(/=+$/, ''))
    await expectInvalidToken(verifyToken(bare.join('.')), 'claim_missing')
    for (const segments of [
      [`${header}====`, payload, signature],
      [header, payload, `${signature}=`],
      [header, payload, signature.replace(/=+$/, '')],
      [header, payload.replace(/=*$/, '==='), signature],
    ]) {
      await expectInvalidToken(verifyToken(segments.join('.')), 'token_malformed')
    }
    expect(requests).toEqual([])
  })

  it('refuses an ID token of the provider, which is not padded', async () => {
    const { verifyToken, requests } = createFixtureVerifier(fixture)
    const { iss, exp } = { iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example', exp: 1_795_435_320 }
    const idToken = { ...claims, iss, exp, aud: '1example23456789', token_use: 'id' }
    const token = signTexts(
      JSON.stringify({ alg: 'ES256', kid: fixture.key.kid, typ: 'JWT' }),
      JSON.stringify(idToken),
      fixture.key,
    )
    await expectInvalidToken(verifyToken(token), 'token_malformed')
    expect(requests).toEqual([])
  })

  it('is no credential in the Authorization header, where padding has no place but at the end, and nothing is fetched for it', async () => {
    const { verifyToken, requests } = createFixtureVerifier(fixture)
    const padded = ['', 'a', 'aa']
      .map((name) => tokenOf(fixture, { claims: { ...claims, name } }))
      .find((text) => text.split('.')[1]?.endsWith('='))
    await expect(verifyToken(padded ?? '', { header: 'authorization' })).rejects.toMatchObject({
      reason: 'credential_malformed',
      status: 400,
    })
    expect(requests).toEqual([])
  })

  it.each([
    '../../evil',
    'a/b',
    '%2e%2e',
    'd39846c3-18d4-4c5e-8148-27a63a4fa6d8/..',
    'D39846C3-18D4-4C5E-8148-27A63A4FA6D8',
    'x?y',
    'x@evil.com',
  ])('fetches nothing for the kid %s', async (kid) => {
    const { verifyToken, requests } = createFixtureVerifier(fixture)
    await expectInvalidToken(verifyToken(tokenOf(fixture, { header: { kid }, claims })), 'key_not_found')
    expect(requests).toEqual([])
  })

  it('does not take what a payload says of signer and client', async () => {
    const { verifyToken } = createFixtureVerifier(fixture)
    const said = { ...claims, signer: arn, client: '1example23456789' }
    const inPayload = tokenOf(fixture, { header: { signer: undefined, client: undefined }, claims: said })
    await expectInvalidToken(verifyToken(inPayload), 'audience_mismatch')
  })
})
