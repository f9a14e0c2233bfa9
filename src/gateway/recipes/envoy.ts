// The recipe for Envoy, with the HTTP service of ext_authz. By its documentation: it has never run here.
import { lines, overrides, type RecipeFile, type RecipeParts } from './parts.ts'

// Envoy sends the decision server nothing but what is listed, besides method, path, host and Authorization.
const asked = [
  'X-Forwarded-Proto',
  'X-Forwarded-For',
  'X-Request-Id',
  'Origin',
  'Access-Control-Request-Method',
  'X-Claimcheck-Probe',
]

export function envoy(parts: RecipeParts): readonly RecipeFile[] {
  const { listen, upstream, decisions, forwardAuthorization, identity, fingerprint } = parts
  const exact = (name: string): string => `- exact: ${name.toLowerCase()}`
  const removed = ['Forwarded', 'X-Forwarded-Host', ...overrides, ...(forwardAuthorization ? [] : ['Authorization'])]
  const text = `# Written by claimcheck for Envoy. Print it anew when the identity headers change: ${fingerprint}
static_resources:
  listeners:
    - name: claimcheck_gateway
      address: { socket_address: ${socketAddress(listen)} }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: claimcheck
                # Envoy writes X-Forwarded-Proto and X-Forwarded-For itself.
                use_remote_address: true
                # The target that is told must be the one that was sent, and the one that the API gets.
                normalize_path: false
                merge_slashes: false
                path_with_escaped_slashes_action: KEEP_UNCHANGED
                common_http_protocol_options:
                  # Spellings of identity headers that some upstreams take for the real ones.
                  headers_with_underscores_action: REJECT_REQUEST
                http_filters:
                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
                      transport_api_version: V3
                      failure_mode_allow: false
                      status_on_error: { code: ServiceUnavailable }
                      allowed_headers:
                        patterns:
${lines('                          ', [...asked, ...overrides].map(exact))}
                          # Names such as x.auth.subject, which CGI reads as an identity header: the decision server refuses them.
                          - safe_regex: { regex: "[^:]*[^a-z0-9:-][^:]*" }
                      http_service:
                        server_uri: { uri: "http://${decisions}", cluster: claimcheck_decisions, timeout: 2s }
                        path_prefix: /envoy
                        authorization_request:
                          headers_to_add:
                            - { key: x-claimcheck-recipe, value: "${fingerprint}" }
                        authorization_response:
                          allowed_upstream_headers:
                            patterns:
${lines('                              ', identity.map(exact))}
                          allowed_client_headers:
                            patterns:
${lines(
  '                              ',
  ['WWW-Authenticate', 'Retry-After', 'Cache-Control', 'Content-Type'].map(exact),
)}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  name: claimcheck
                  virtual_hosts:
                    - name: claimcheck
                      domains: ["*"]
                      # The decision was about the real method and target.
                      request_headers_to_remove: [${removed.map((name) => name.toLowerCase()).join(', ')}]
                      routes:
                        - match: { prefix: "/" }
                          route: { cluster: claimcheck_api }
  clusters:
    - name: claimcheck_decisions
      type: STRICT_DNS
      connect_timeout: 1s
      load_assignment: ${assignment('claimcheck_decisions', decisions)}
    - name: claimcheck_api
      type: STRICT_DNS
      connect_timeout: 2s
      load_assignment: ${assignment('claimcheck_api', upstream)}
`
  return [{ name: 'envoy.yaml', text }]
}

function socketAddress(hostPort: string): string {
  const at = hostPort.lastIndexOf(':')
  const host = hostPort.slice(0, at).replace(/^\[|\]$/g, '')
  return `{ address: "${host}", port_value: ${hostPort.slice(at + 1)} }`
}

function assignment(cluster: string, hostPort: string): string {
  const endpoint = `{ endpoint: { address: { socket_address: ${socketAddress(hostPort)} } } }`
  return `{ cluster_name: ${cluster}, endpoints: [{ lb_endpoints: [${endpoint}] }] }`
}
