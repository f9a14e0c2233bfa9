// The recipe for Caddy, 2.6 or newer. Not `forward_auth`: it has no timeout, takes any 2xx for a yes, and writes the name of a missing
// header in place of its value.
import { forwarded, lines, overrides, type RecipeFile, type RecipeParts, spellings } from './parts.ts'

export function caddy(parts: RecipeParts): readonly RecipeFile[] {
  return [{ name: 'Caddyfile', text: write(parts) }]
}

function write({ listen, upstream, decisions, forwardAuthorization, identity, fingerprint }: RecipeParts): string {
  const dropped = [...overrides, 'X-Forwarded-Method', 'X-Forwarded-Uri', 'X-Claimcheck-Recipe']
  const [, address, port] = /^\[?(.+?)\]?:(\d+)$/.exec(listen) ?? []
  return `# Written by claimcheck for Caddy. Print it anew when the identity headers change: ${fingerprint}
{
	admin off
	auto_https off
}

# For every Host: Caddy would answer a request for another one with an empty 200.
http://:${port} {
	bind ${address}
	route {
		# A client that lists an identity header here would have it removed on the way to the API. Without it no Upgrade passes.
		request_header -Connection
		request_header -X-Claimcheck-Recipe
		# The client's own identity headers, and its word on the host, in every spelling that an upstream may take for the real one.
${lines(
  '\t\t',
  [...identity, ...forwarded].flatMap(spellings).map((name) => `request_header -${name}`),
)}

		reverse_proxy ${decisions} {
			method GET
			rewrite /caddy
			header_up Host claimcheck
			header_up X-Forwarded-Method {http.request.orig_method}
			header_up X-Forwarded-Proto {http.request.scheme}
			header_up X-Forwarded-Host {http.request.hostport}
			header_up X-Forwarded-Uri {http.request.orig_uri}
			header_up X-Forwarded-For {http.request.remote.host}
			header_up X-Claimcheck-Recipe ${fingerprint}
			transport http {
				dial_timeout 1s
				response_header_timeout 2s
				max_response_header 256KB
			}

			# Only the decision server's own yes goes on to the API.
			@claimcheck_yes {
				status 200
				header X-Auth-Status 200
			}
			handle_response @claimcheck_yes {
${lines(
  '\t\t\t\t',
  identity.map((name) => `request_header ${name} {http.reverse_proxy.header.${name}}`),
)}
			}
			@claimcheck_no {
				status 4xx 503
				header X-Auth-Status *
			}
			handle_response @claimcheck_no {
				copy_response
			}
			# Another server has answered.
			handle_response {
				header Retry-After 1
				header Cache-Control no-store
				header Content-Type application/problem+json
				respond \`{"title":"Service Unavailable","status":503,"detail":"Access cannot be decided right now. Please try again."}\` 503
			}
		}

		# A header that says nothing stays away.
${lines(
  '\t\t',
  identity.flatMap((name, index) => [
    `@claimcheck_empty_${index} header ${name} ""`,
    `request_header @claimcheck_empty_${index} -${name}`,
  ]),
)}

		reverse_proxy ${upstream} {
			# The decision was about the real method and target.
${lines(
  '\t\t\t',
  dropped.map((name) => `header_up -${name}`),
)}${forwardAuthorization ? '' : '\n\t\t\theader_up -Authorization'}
		}
	}
}
`
}
