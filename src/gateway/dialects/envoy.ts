// Envoy's HTTP ext_authz: the question has the method, host and target of the client, behind the path of the dialect. Exactly 200 is a
// yes. A 5xx is no answer to Envoy and lets requests through under `failure_mode_allow`, so a 503 travels as 403.
import { type GatewayCheck, valuesOf } from '../request.ts'
import { type Dialect, type Question, writePlain } from './dialect.ts'

const toRemove = 'x-envoy-auth-headers-to-remove'

export const envoy: Dialect = {
  read: readEnvoy,
  write(decision) {
    const { status, headers, body } = writePlain(decision)
    if (decision.effect !== 'allow') return { status: status === 503 ? 403 : status, headers, body }
    // Envoy drops an empty header of an answer, and would leave the client's in its place. It removes after it sets, so no name may
    // be in both.
    const empty = Object.keys(decision.identity).filter((name) => decision.identity[name] === '')
    const set = Object.entries(headers).filter(([name]) => !empty.includes(name))
    return { status, headers: { ...Object.fromEntries(set), [toRemove]: empty.join(',') }, body }
  },
}

function readEnvoy({ method, target, headers, headersTruncated }: Question): GatewayCheck | string {
  const [scheme, ...moreSchemes] = valuesOf(headers, 'x-forwarded-proto')
  const [host, ...moreHosts] = valuesOf(headers, 'host')
  if (scheme === undefined || moreSchemes.length > 0) return 'Envoy did not send X-Forwarded-Proto exactly once'
  if (host === undefined || moreHosts.length > 0) return 'Envoy did not send Host exactly once'
  return { method, target, host, scheme, headers, ...(headersTruncated && { headersTruncated }) }
}
