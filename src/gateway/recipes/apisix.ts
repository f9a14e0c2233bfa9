// The recipe for Apache APISIX, 3.20 or newer, with the plugin forward-auth and a configuration in files. By its documentation: it has never
// run here.
import { forwarded, lines, overrides, type RecipeFile, type RecipeParts, spellings } from './parts.ts'

// APISIX sends the decision server nothing but what is listed, besides what it tells itself.
const asked = ['Authorization', 'X-Request-Id', 'Origin', 'Access-Control-Request-Method']

export function apisix(parts: RecipeParts): readonly RecipeFile[] {
  const { listen, upstream, decisions, forwardAuthorization, identity, fingerprint } = parts
  const at = listen.lastIndexOf(':')
  const warning = `# Written by claimcheck for APISIX. Print it anew when the identity headers change: ${fingerprint}`
  const start = `${warning}
apisix:
  node_listen:
    - ip: "${listen.slice(0, at).replace(/^\[|\]$/g, '')}"
      port: ${listen.slice(at + 1)}
deployment:
  role: data_plane
  role_data_plane:
    config_provider: yaml
`
  // Taken away before the question: proxy-rewrite runs in an earlier phase. APISIX writes X-Forwarded headers of its own after it.
  // APISIX takes underscores, too, and the decision server sees none of these.
  const removed = [...identity, ...overrides, ...forwarded].flatMap(spellings)
  const list = (names: readonly string[]): string =>
    lines(
      '          ',
      names.map((name) => `- ${name}`),
    )
  const routing = `${warning}
routes:
  - id: claimcheck
    uri: /*
    upstream:
      type: roundrobin
      nodes: { "${upstream}": 1 }
    plugins:
      # The client's own identity headers, in every spelling that an API may take for the real one, and what would change the method or target.
      proxy-rewrite:
        headers:
          remove:
${lines(
  '            ',
  removed.map((name) => `- ${name}`),
)}
      forward-auth:
        uri: "http://${decisions}/apisix"
        timeout: 3000
        status_on_error: 503
        allow_degradation: false
        extra_headers: { X-Claimcheck-Recipe: "${fingerprint}" }
        request_headers:
${list(asked)}
        upstream_headers:
${list(identity)}
        client_headers:
${list(['WWW-Authenticate', 'Retry-After', 'Cache-Control', 'Content-Type'])}
${forwardAuthorization ? '' : withoutAuthorization}#END
`
  return [
    { name: 'config.yaml', text: start },
    { name: 'apisix.yaml', text: routing },
  ]
}

/** After the decision: the plugin runs last in the phase that follows. */
const withoutAuthorization = `      serverless-post-function:
        phase: before_proxy
        functions:
          - "return function() ngx.req.clear_header('Authorization') end"
`
