// The checks that a configuration turns off, one line each: what a reviewer should have seen before it runs.
import { isJsonObject, type JsonObject } from '../internal/json.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { pathOf } from './shape.ts'

const routeLines: Readonly<Record<string, string>> = {
  anonymous: 'no token is asked for, and none is looked at',
  optional: 'a request without a token passes',
}

/** Lists the checks that are off. `options` are absent where a module made the gateway, and `written` is the JSON, where there is one. */
export function checksThatAreOff(
  routes: readonly { readonly key: string; readonly access: string }[],
  options: object | undefined,
  written: JsonObject | undefined,
): readonly string[] {
  const open = routes.flatMap(({ key, access }) =>
    routeLines[access] === undefined ? [] : [`${key}: ${routeLines[access]}`],
  )
  const spared = routes.filter(({ access }) => access.startsWith('withoutDefaultPolicy('))
  const known = options as Readonly<Record<string, unknown>> | undefined
  return [
    ...open,
    ...spared.map(({ key }) => `${key}: the default policy is not asked`),
    ...(known === undefined ? ['the options of the gateway are not seen here: a module made it'] : offIn(known)),
    ...(written === undefined ? [] : offInText(written, '')),
  ]
}

function offIn(options: Readonly<Record<string, unknown>>): readonly string[] {
  if (options.api !== undefined) return ['the options of `api` are not seen here: a module made it']
  const lines: string[] = []
  if (options.audience === null) lines.push('audience: tokens that are meant for any API are accepted')
  for (const issuer of [options.issuer].flat() as readonly (string | Issuer)[]) {
    if (typeof issuer === 'string') continue
    const name = issuer.endpoints[0]?.issuer ?? issuer.preset
    if (issuer.audience === null) lines.push(`issuer ${name}: tokens that are meant for any API are accepted`)
    if (issuer.endpoints.some(({ insecureAllowHttp }) => insecureAllowHttp))
      lines.push(`issuer ${name}: its keys may come over plain http`)
  }
  if (options.preflight === true) lines.push('preflight: CORS preflights pass without a token')
  if (options.isRevoked === undefined) lines.push('isRevoked: a token is good until it expires')
  if (options.assertion === undefined)
    lines.push('assertion: the API believes headers, so only the gateway may be able to reach it')
  return lines
}

/** Members that weaken a check carry it in their name. */
function offInText(value: unknown, at: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => offInText(one, `${at}[${index}]`))
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, one]) => {
    const path = pathOf(at, name)
    const isOff = /^(?:insecure|any)[A-Z]/.test(name) && one === true
    return isOff ? [`${path} is true`] : offInText(one, path)
  })
}
