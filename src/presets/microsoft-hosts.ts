// Microsoft's login hosts. Their ID tokens share issuer, keys and audience with access tokens. Every application of a tenant
// can get a token for every API. A plain issuer lets both in; the presets for these hosts tell them apart.
import { parseUrl } from '../internal/urls.ts'
import { uuid } from './shapes.ts'

/** The domains of Entra's login hosts, aliases included, each with the `cloud` of `entra()`. */
const clouds: ReadonlyMap<string, string> = new Map([
  ['microsoftonline.com', 'public'],
  ['microsoft.com', 'public'],
  ['windows.net', 'public'],
  ['microsoftonline.de', 'public'],
  ['microsoftonline.us', 'usGov'],
  ['usgovcloudapi.net', 'usGov'],
  ['partner.microsoftonline.cn', 'china'],
  ['chinacloudapi.cn', 'china'],
  ['sovcloud-identity.fr', 'bleu'],
  ['sovcloud-identity.de', 'delos'],
  ['sovcloud-identity.sg', 'govSg'],
])

/** The call to write for an issuer at one of Microsoft's hosts; `undefined` for an issuer at any other. */
export function microsoftPreset(issuer: string): string | undefined {
  const url = readUrl(issuer)
  return url && (entraCall(url) ?? customersCall(url))
}

/** @throws TypeError for an issuer at one of Microsoft's hosts, with the preset to write instead. */
export function refuseMicrosoftHost(name: string, issuer: string): void {
  const call = microsoftPreset(issuer)
  if (call === undefined) return
  throw new TypeError(
    `${name} at ${readUrl(issuer)?.hostname}: a plain issuer lets in ID tokens and applications without a role. Write ${call} from claimcheck/issuers.`,
  )
}

function entraCall({ hostname, pathname }: URL): string | undefined {
  // A region may stand before: westus2.login.microsoft.com.
  const [, domain = ''] = /^(?:.*\.)?(?:login|login-us|sts)\.(.+)$/.exec(hostname) ?? []
  const cloud = clouds.get(domain)
  if (cloud === undefined) return undefined
  const [, many] = /^\/(common|organizations|consumers)(?:\/|$)/i.exec(pathname) ?? []
  const tenant = many?.toLowerCase() ?? tenantIn(pathname)
  return `entra({ tenant: '${tenant}', ${cloud === 'public' ? '' : `cloud: '${cloud}', `}clientId: '<client id>' })`
}

function customersCall({ hostname, pathname }: URL): string | undefined {
  const [, name = '<name>', domain] =
    /^(?:([^.]+)\.(?:.*\.)?)?(ciamlogin\.com|b2clogin\.(?:com|cn|us|de))$/.exec(hostname) ?? []
  if (domain === undefined) return undefined
  const options = `tenantId: '${tenantIn(pathname)}', clientId: '<client id>'`
  if (domain === 'ciamlogin.com') {
    return `entraExternalId({ subdomain: '${uuid.test(name) ? '<name>' : name}', ${options} })`
  }
  const place = domain === 'b2clogin.com' ? `tenantName: '${name}'` : `domain: '${hostname}'`
  return `entraB2C({ ${place}, ${options}, policies: ['<policy>'] })`
}

function tenantIn(pathname: string): string {
  return uuid.exec(pathname.toLowerCase())?.[0] ?? '<tenant id>'
}

/** Reads a text without its scheme, too: no token has such an issuer either. A dot at the end names the same host. */
function readUrl(issuer: string): URL | undefined {
  const url = parseUrl(/^https?:/i.test(issuer) ? issuer : `https://${issuer}`)
  if (url?.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  return url
}
