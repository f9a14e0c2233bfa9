// The Microsoft clouds: each has its own login host, keys and issuers; public and US Gov share the issuers of v1.0 tokens.

/** A cloud: of all the world, of the US government, of China (21Vianet), of France (Bleu), Germany (Delos) or Singapore (GovSG). */
export type EntraCloud = keyof typeof clouds

export const clouds = {
  public: { login: 'https://login.microsoftonline.com', v1: 'https://sts.windows.net' },
  usGov: { login: 'https://login.microsoftonline.us', v1: 'https://sts.windows.net' },
  china: { login: 'https://login.partner.microsoftonline.cn', v1: 'https://sts.chinacloudapi.cn' },
  // MSAL names their hosts. No v1.0 issuer of theirs is documented.
  bleu: { login: 'https://login.sovcloud-identity.fr', v1: undefined },
  delos: { login: 'https://login.sovcloud-identity.de', v1: undefined },
  govSg: { login: 'https://login.sovcloud-identity.sg', v1: undefined },
} as const

export type EntraVersion = '1.0' | '2.0'

/** Every `iss` of Entra, as far as the compiler can tell. */
export type EntraIssuerName =
  | `${(typeof clouds)[EntraCloud]['login']}/${string}/v2.0`
  | `${NonNullable<(typeof clouds)[EntraCloud]['v1']>}/${string}/`

/** The tenant of all personal Microsoft accounts. */
export const consumerTenant = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** The placeholder that Entra writes in its metadata. */
export const placeholder = '{tenantid}'

/** The `iss` of a tenant's tokens; with the placeholder as tenant, the template in the metadata for many. */
export function issuerOf(cloud: EntraCloud, version: EntraVersion, tenant: string): string {
  const { login, v1 = login } = clouds[cloud]
  return version === '1.0' ? `${v1}/${tenant}/` : `${login}/${tenant}/v2.0`
}

/** The token formats of a cloud, the current one first. */
export function versionsOf(cloud: EntraCloud): readonly EntraVersion[] {
  return clouds[cloud].v1 === undefined ? ['2.0'] : ['2.0', '1.0']
}

/** The cloud of a v2.0 or v1.0 issuer. The host of a v1.0 issuer does not tell public from US Gov. */
export function cloudsOf(iss: string): readonly EntraCloud[] {
  const names = Object.keys(clouds) as EntraCloud[]
  return names.filter((name) =>
    [clouds[name].login, clouds[name].v1].some((host) => host !== undefined && iss.startsWith(`${host}/`)),
  )
}
