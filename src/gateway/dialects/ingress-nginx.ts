// ingress-nginx: nginx `auth_request`, with headers of its own. The method is X-Original-Method, and the rest is one URL, X-Original-URL:
// `$scheme://$http_host$request_uri`. nginx itself refuses a Host with a slash, so that the first one behind the scheme is the target's.
import { type GatewayCheck, valuesOf } from '../request.ts'
import type { Dialect, Question } from './dialect.ts'
import { clientAddressIn } from './forwarded.ts'
import { nginx } from './nginx.ts'

const method = 'x-original-method'
const url = 'x-original-url'

export const ingressNginx: Dialect = { read: readOriginal, write: nginx.write }

function readOriginal({ headers, headersTruncated }: Question): GatewayCheck | string {
  const [toldMethod, ...moreMethods] = valuesOf(headers, method)
  const [toldUrl, ...moreUrls] = valuesOf(headers, url)
  if (toldMethod === undefined || moreMethods.length > 0)
    return 'ingress-nginx did not send X-Original-Method exactly once'
  if (toldUrl === undefined || moreUrls.length > 0) return 'ingress-nginx did not send X-Original-URL exactly once'
  const [, scheme, host, target] = /^(https?):\/\/([^/?#]+)(\/.*)$/.exec(toldUrl) ?? []
  if (scheme === undefined || host === undefined || target === undefined)
    return 'X-Original-URL is no URL with a host and a path'
  const clientAddress = clientAddressIn(headers)
  return {
    method: toldMethod,
    scheme,
    host,
    target,
    // These two are the gateway's: nginx has replaced those of the client.
    headers: headers.filter(([name]) => name.toLowerCase() !== method && name.toLowerCase() !== url),
    ...(clientAddress !== undefined && { clientAddress }),
    ...(headersTruncated && { headersTruncated }),
  }
}
