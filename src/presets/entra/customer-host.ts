// The host of a customers' tenant: Microsoft's for it, or a custom domain of the tenant's own.
import { checkString } from '../../internal/options.ts'
import { microsoftPreset } from '../microsoft-hosts.ts'
import { checkDomain } from '../preset-options.ts'

/** The option for the tenant's short name, and the domain below which that name is a host. */
export interface ShortNameOption {
  readonly name: 'subdomain' | 'tenantName'
  readonly domain: 'ciamlogin.com' | 'b2clogin.com'
}

/** @throws TypeError unless one of the two is given and has the form of its option, with the value to write. */
export function readCustomerHost(option: ShortNameOption, shortName: unknown, domain: unknown): string {
  if ((shortName === undefined) === (domain === undefined)) {
    throw new TypeError(
      `Write ${option.name}: 'contoso' (of contoso.${option.domain}), or domain: 'login.example.com' for a custom domain; not both.`,
    )
  }
  if (domain === undefined) return `${readShortName(option.name, shortName)}.${option.domain}`
  checkDomain('domain', domain)
  checkCustomDomain(option, domain)
  return domain
}

/** The short name in small letters. @throws TypeError for a whole host or URL, with the name to write. */
export function readShortName(option: string, value: unknown): string {
  checkString(option, value)
  const name = value.toLowerCase()
  if (/^[a-z0-9-]+$/.test(name)) return name
  throw new TypeError(`${option} must be the short name alone: write '${firstLabel(name)}', not '${value}'.`)
}

/** A tenant of B2C in China has no short name here: its host is given like a custom domain. */
function checkCustomDomain(option: ShortNameOption, domain: string): void {
  if (domain.endsWith(`.${option.domain}`))
    throw new TypeError(`domain is for a custom domain: write ${option.name}: '${firstLabel(domain)}'.`)
  const call = microsoftPreset(domain)
  if (call === undefined || (option.name === 'tenantName' && call.startsWith('entraB2C('))) return
  throw new TypeError(`domain '${domain}' is of another STS: write ${call}.`)
}

function firstLabel(host: string): string {
  return host.replace(/^https?:\/\//, '').split('.')[0] ?? ''
}
