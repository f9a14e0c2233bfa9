// Issuers at Microsoft's hosts are for the presets that know them: a plain one takes ID tokens, and applications without a role.
import { createVerifier } from 'claimcheck'
import { gatewayAssertion } from 'claimcheck/gateway'
import { createIssuer } from 'claimcheck/preset-kit'
import { awsAlb, duende, hydra, keycloak, kubernetes, oidc, oidcProvider, rfc9068 } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import { clientId, tenant } from '../support/entra.ts'
import { allFixtures } from '../support/sts-fixture.ts'

const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188'

const refused = (host: string, call: string) =>
  new TypeError(
    `issuer at ${host}: a plain issuer lets in ID tokens and applications without a role. Write ${call} from claimcheck/issuers.`,
  )
const entraCall = (options: string) => `entra({ ${options}, clientId: '<client id>' })`

describe('the issuer is for entra()', () => {
  it.each([
    [`https://login.microsoftonline.com/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://sts.windows.net/${tenant}/`, `tenant: '${tenant}'`],
    [`https://login.microsoftonline.us/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'usGov'`],
    [`https://login.partner.microsoftonline.cn/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'china'`],
    [`https://sts.chinacloudapi.cn/${tenant}/`, `tenant: '${tenant}', cloud: 'china'`],
    [`https://login.sovcloud-identity.fr/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'bleu'`],
    [`https://login.sovcloud-identity.de/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'delos'`],
    [`https://login.sovcloud-identity.sg/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'govSg'`],
  ])('as a token has it: %s', (issuer, options) => {
    expect(() => oidc({ issuer })).toThrow(refused(new URL(issuer).hostname, entraCall(options)))
  })

  it.each([
    ['https://login.microsoftonline.com/common/v2.0', "tenant: 'common'"],
    ['https://login.microsoftonline.com/organizations', "tenant: 'organizations'"],
    ['https://login.microsoftonline.com/Consumers/v2.0', "tenant: 'consumers'"],
    ['https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0', "tenant: '<tenant id>'"],
    ['https://login.microsoftonline.com/contoso.onmicrosoft.com/common/v2.0', "tenant: '<tenant id>'"],
    ['https://login.microsoftonline.com/{tenantid}/v2.0', "tenant: '<tenant id>'"],
    ['https://login.microsoftonline.com', "tenant: '<tenant id>'"],
    [`https://login.microsoftonline.com/${tenant}/v2.0/`, `tenant: '${tenant}'`],
    [`https://login.microsoftonline.com/${tenant}`, `tenant: '${tenant}'`],
    [`https://login.microsoftonline.com/te/${tenant}/b2c_1_signin/v2.0/`, `tenant: '${tenant}'`],
    [`https://sts.windows.net/${tenant.toUpperCase()}`, `tenant: '${tenant}'`],
    [`https://login.windows.net/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://login.microsoft.com/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://westus2.login.microsoft.com/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://login-us.microsoftonline.com/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://login.usgovcloudapi.net/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'usGov'`],
    [`https://login.chinacloudapi.cn/${tenant}/v2.0`, `tenant: '${tenant}', cloud: 'china'`],
    [`https://login.microsoftonline.de/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`http://login.microsoftonline.com/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`HTTPS://LOGIN.MICROSOFTONLINE.COM:443/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://login.microsoftonline.com./${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://login.microsoftonline.com:8443/${tenant}/v2.0`, `tenant: '${tenant}'`],
    [`https://u:secret@login.microsoftonline.com/${tenant}/v2.0?p=secret#secret`, `tenant: '${tenant}'`],
  ])('in a form that no token has: %s', (issuer, options) => {
    const host = new URL(issuer).hostname.replace(/\.$/, '')
    expect(() => oidc({ issuer, insecureAllowHttp: true })).toThrow(refused(host, entraCall(options)))
  })
})

describe('the issuer is for a preset of customers', () => {
  const externalId = (tenantId: string, subdomain: string) =>
    `entraExternalId({ subdomain: '${subdomain}', tenantId: '${tenantId}', clientId: '<client id>' })`
  const b2c = (place: string, tenantId: string) =>
    `entraB2C({ ${place}, tenantId: '${tenantId}', clientId: '<client id>', policies: ['<policy>'] })`

  it.each([
    [`https://${tenant}.ciamlogin.com/${tenant}/v2.0`, externalId(tenant, '<name>')],
    [`https://contoso.ciamlogin.com/${tenant}/v2.0`, externalId(tenant, 'contoso')],
    ['https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0', externalId('<tenant id>', 'contoso')],
    ['https://contoso.onmicrosoft.ciamlogin.com', externalId('<tenant id>', 'contoso')],
    ['https://ciamlogin.com', externalId('<tenant id>', '<name>')],
    [`https://contoso.b2clogin.com/${tenant}/v2.0/`, b2c("tenantName: 'contoso'", tenant)],
    [`https://contoso.b2clogin.com/tfp/${tenant}/b2c_1_signin/v2.0/`, b2c("tenantName: 'contoso'", tenant)],
    ['https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0/', b2c("tenantName: 'contoso'", '<tenant id>')],
    ['https://b2clogin.com', b2c("tenantName: '<name>'", '<tenant id>')],
    [`https://Contoso.B2Clogin.cn/${tenant}/v2.0/`, b2c("domain: 'contoso.b2clogin.cn'", tenant)],
  ])('%s', (issuer, call) => {
    expect(() => oidc({ issuer })).toThrow(refused(new URL(issuer).hostname, call))
  })
})

it('is refused by everything that takes an issuer as a URL', () => {
  const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`
  const audience = 'urn:orders'
  const message = /^(issuer|realmUrl) at login\.microsoftonline\.com: .* Write entra\(\{/
  for (const make of [
    () => createVerifier({ issuer, audience: clientId }),
    () => createVerifier({ issuer: ['https://sts.example.com', issuer], audience }),
    () => oidc({ issuer, jwksUri: 'https://login.microsoftonline.com/common/discovery/v2.0/keys' }),
    () => oidc({ issuer, jwks: { keys: [{ kty: 'EC' }] } }),
    () => oidc({ issuer: `login.microsoftonline.com/${tenant}/v2.0`, jwksUri: 'https://sts.example.com/jwks' }),
    () => oidc({ issuer: `login.microsoftonline.com/${tenant}/v2.0` }),
    () => rfc9068({ issuer }),
    () => duende({ issuer, audience }),
    () => hydra({ issuer, audience }),
    () => kubernetes({ issuer, audience }),
    () => oidcProvider({ issuer, audience }),
    () => keycloak({ realmUrl: 'https://login.microsoftonline.com/realms/x', audience }),
    () => keycloak({ realmUrl: 'https://sso.example.com/realms/x', issuer, audience }),
    () => gatewayAssertion({ issuer, audience, jwks: { keys: [{ kty: 'EC' }] } }),
  ])
    expect(make).toThrow(message)
})

// FusionAuth's issuer is any text: its domain is the place of its keys alone.
const others = allFixtures().filter(({ name }) => !/^(?:entra|awsAlb)/.test(name))
const placed = others.flatMap(({ name, optionsFor, makeIssuer }) =>
  Object.keys(optionsFor({}))
    .filter((option) => option === 'issuer' || (option === 'domain' && name !== 'fusionAuth'))
    .map((option) => ({ name, option, makeIssuer })),
)
it.each(placed)('is refused by $name as its $option', ({ option, makeIssuer }) => {
  const host = 'login.microsoftonline.com'
  const value = option === 'issuer' ? `https://${host}/${tenant}/v2.0` : host
  expect(() => makeIssuer({ [option]: value, ...(option === 'domain' && { issuer: undefined }) })).toThrow(
    / at login\.microsoftonline\.com: .* Write entra\(/,
  )
})

it('is refused as an alias of an issuer of your own', () => {
  const aliases = [`https://login.microsoftonline.com/${tenant}/v2.0`]
  const endpoint = {
    issuer: 'https://sts.example.com',
    aliases,
    keys: { jwks: { keys: [] } },
    insecureAllowHttp: false,
  }
  const sts = {
    preset: 'own',
    issuer: [endpoint],
    audience: ['a'],
    algorithms: ['ES256'],
    types: ['JWT'],
    subject: () => null,
  }
  expect(() => createIssuer(sts as never)).toThrow(/ at login\.microsoftonline\.com: /)
})

it('may be that of an identity provider whose users a load balancer has logged in: it signs with keys of its own', () => {
  const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`
  expect(awsAlb({ loadBalancer: arn, allowedClients: clientId, issuer }).endpoints[0]?.issuer).toBe(issuer)
})
