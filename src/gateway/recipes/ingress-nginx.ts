// The recipe for ingress-nginx, 1.12 or newer, as a manifest. By its documentation: it has never run here.
import { lines, overrides, type RecipeFile, type RecipeParts } from './parts.ts'

/** An Ingress listens where its controller does: `listen` says nothing here. The upstream is a service, by the first part of its name. */
export function ingressNginx(parts: RecipeParts): readonly RecipeFile[] {
  const { upstream, decisions, forwardAuthorization, identity, fingerprint } = parts
  const [service = ''] = upstream.split(/[.:]/)
  const removed = ['Forwarded', ...overrides, ...(forwardAuthorization ? [] : ['Authorization'])]
  const text = `# Written by claimcheck for ingress-nginx. Print it anew when the identity headers change: ${fingerprint}
apiVersion: v1
kind: ConfigMap
metadata:
  name: claimcheck-question
data:
  X-Claimcheck-Recipe: "${fingerprint}"
---
# The decision was about the real method and target. Name this map in \`proxy-set-headers\` of the controller's own ConfigMap: without it, the
# client's X-Original-URL reaches the API, and ingress-nginx hides it from the decision server.
apiVersion: v1
kind: ConfigMap
metadata:
  name: claimcheck-request
data:
${lines(
  '  ',
  removed.map((name) => `${name}: ""`),
)}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: claimcheck-api
  annotations:
    nginx.ingress.kubernetes.io/auth-url: "http://${decisions}/ingress-nginx"
    # With the namespace of these maps.
    nginx.ingress.kubernetes.io/auth-proxy-set-headers: "default/claimcheck-question"
    nginx.ingress.kubernetes.io/auth-response-headers: "${identity.join(',')}"
spec:
  ingressClassName: nginx
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: ${service}
                port:
                  number: ${upstream.slice(upstream.lastIndexOf(':') + 1)}
`
  return [{ name: 'claimcheck-ingress.yaml', text }]
}
