// Recipes: complete configurations of gateways, made from the gateway's own list of identity headers. A recipe that is written by hand
// copies some of these headers and leaves the others to the client.
import { checkArgumentCount, checkBoolean, checkOptionNames } from '../../internal/options.ts'
import { assertionHeader } from '../assertion.ts'
import type { DialectName } from '../dialects/dialects.ts'
import type { Gateway } from '../gateway-options.ts'
import { apache } from './apache.ts'
import { apisix } from './apisix.ts'
import { caddy } from './caddy.ts'
import { envoy } from './envoy.ts'
import { haproxy } from './haproxy.ts'
import { ingressNginx } from './ingress-nginx.ts'
import { nginx } from './nginx.ts'
import { traefik } from './traefik.ts'
import type { RecipeFile, RecipeOptions, RecipeParts } from './parts.ts'

const recipes: Readonly<Record<DialectName, (parts: RecipeParts) => readonly RecipeFile[]>> = {
  nginx,
  caddy,
  haproxy,
  apache,
  traefik,
  envoy,
  'ingress-nginx': ingressNginx,
  apisix,
}

/**
 * Prints the configuration of a gateway that asks `gateway`: whole files, ready to run, the first of which names the others.
 * Print it anew when the identity headers change: the decision server refuses an older one, and its log says so.
 *
 * @throws TypeError for an unknown gateway, and for an address that is not `host:port`.
 */
export function printRecipe(
  gateway: Pick<Gateway, 'identityHeaders' | 'fingerprint'>,
  name: DialectName,
  options: RecipeOptions,
): readonly RecipeFile[] {
  checkArgumentCount('printRecipe()', arguments, 3)
  checkOptionNames('printRecipe()', options, ['listen', 'upstream', 'decisions', 'forwardAuthorization'])
  const { identityHeaders: identity, fingerprint } = gateway
  const { listen, upstream, decisions = '127.0.0.1:9001' } = options
  const { forwardAuthorization = !identity.includes(assertionHeader) } = options
  if (!Object.hasOwn(recipes, name)) throw new TypeError(`printRecipe() knows ${Object.keys(recipes).join(', ')}.`)
  for (const [option, value] of Object.entries({ listen, upstream, decisions })) checkHostPort(option, value)
  checkBoolean('forwardAuthorization', forwardAuthorization)
  return recipes[name]({ listen, upstream, decisions, forwardAuthorization, identity, fingerprint })
}

// It is written into a configuration: nothing else may get in there.
function checkHostPort(option: string, value: unknown): void {
  if (typeof value === 'string' && /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(value)) return
  throw new TypeError(`${option} must be like '127.0.0.1:8080', not '${String(value)}'.`)
}
