// The recipe for Traefik, v3, with ForwardAuth and the file provider. By its documentation: it has never run here.
import { forwarded, lines, overrides, type RecipeFile, type RecipeParts, spellings } from './parts.ts'

export function traefik({
  listen,
  upstream,
  decisions,
  forwardAuthorization,
  identity,
  fingerprint,
}: RecipeParts): readonly RecipeFile[] {
  // A client that lists an identity header in Connection would have it removed on the way to the API.
  const dropped = [
    'Connection',
    ...identity.flatMap(spellings),
    ...forwarded.flatMap((name) => spellings(name).slice(1)),
  ]
  const afterwards = [
    'X-Claimcheck-Recipe',
    'Forwarded',
    ...overrides,
    ...(forwardAuthorization ? [] : ['Authorization']),
  ]
  const warning = `# Written by claimcheck for Traefik. Print it anew when the identity headers change: ${fingerprint}`
  const start = `${warning}
entryPoints:
  gateway:
    address: "${listen}"
providers:
  file:
    filename: claimcheck.yml
`
  const routing = `${warning}
http:
  routers:
    claimcheck:
      entryPoints: [gateway]
      rule: PathPrefix(\`/\`)
      # In this order.
      middlewares: [claimcheck-question, claimcheck, claimcheck-request]
      service: claimcheck-api
  middlewares:
    # The client's own identity headers go first, in every spelling that an upstream may take for the real one.
    claimcheck-question:
      headers:
        customRequestHeaders:
${lines(
  '          ',
  dropped.map((name) => `${name}: ""`),
)}
          X-Claimcheck-Recipe: "${fingerprint}"
    claimcheck:
      forwardAuth:
        address: "http://${decisions}/traefik"
        # X-Forwarded headers of the client are not the gateway's word.
        trustForwardHeader: false
        maxResponseBodySize: 65536
        authResponseHeaders:
${lines(
  '          ',
  identity.map((name) => `- ${name}`),
)}
    # The decision was about the real method and target.
    claimcheck-request:
      headers:
        customRequestHeaders:
${lines(
  '          ',
  afterwards.map((name) => `${name}: ""`),
)}
  services:
    claimcheck-api:
      loadBalancer:
        passHostHeader: true
        servers:
          - url: "http://${upstream}"
`
  return [
    { name: 'traefik.yml', text: start },
    { name: 'claimcheck.yml', text: routing },
  ]
}
