// The dialects by name. `/nginx` of the server is for nginx, and so on.
import { type Dialect, writeJoined, writePlain } from './dialect.ts'
import { envoy } from './envoy.ts'
import { readForwarded } from './forwarded.ts'
import { ingressNginx } from './ingress-nginx.ts'
import { nginx } from './nginx.ts'

export type DialectName = 'nginx' | 'caddy' | 'traefik' | 'haproxy' | 'apache' | 'envoy' | 'ingress-nginx' | 'apisix'

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  nginx,
  caddy: { read: readForwarded, write: writePlain },
  traefik: { read: readForwarded, write: writePlain },
  haproxy: { read: readForwarded, write: writeJoined },
  apache: { read: readForwarded, write: writeJoined },
  envoy,
  'ingress-nginx': ingressNginx,
  apisix: { read: readForwarded, write: writeJoined },
}
