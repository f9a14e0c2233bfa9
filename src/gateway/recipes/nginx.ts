// The recipe for nginx, 1.22 or newer, with ngx_http_auth_request_module.
import { lines, overrides, type RecipeFile, type RecipeParts } from './parts.ts'

export function nginx(parts: RecipeParts): readonly RecipeFile[] {
  return [{ name: 'nginx.conf', text: write(parts) }]
}

function write({ listen, upstream, decisions, forwardAuthorization, identity, fingerprint }: RecipeParts): string {
  const variable = (name: string): string => `$claimcheck_${name.toLowerCase().replaceAll('-', '_')}`
  const received = (name: string): string => `$upstream_http_${name.toLowerCase().replaceAll('-', '_')}`
  const dropped = [...overrides, 'Forwarded', 'X-Forwarded-Method', 'X-Forwarded-Uri', 'X-Claimcheck-Recipe']
  const authorization = forwardAuthorization ? [] : ['proxy_set_header Authorization "";']
  const own = `/tmp/claimcheck-nginx-${listen.slice(listen.lastIndexOf(':') + 1)}`
  return `# Written by claimcheck for nginx. Print it anew when the identity headers change: ${fingerprint}
worker_processes auto;
# Any user may start this: \`nginx -c FILE\`. As a service of systemd, take the next line out: the unit waits for a file of its own.
pid ${own}.pid;
error_log stderr;
events {}

http {
  access_log off;
${lines(
  '  ',
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}-${name};`),
)}

  upstream claimcheck_decisions {
    server ${decisions};
    keepalive 64;
  }
  upstream claimcheck_api {
    server ${upstream};
    keepalive 64;
  }
  # auth_request takes any 2xx of any server for a yes. Only the decision server's own yes finds the way to the API.
  upstream claimcheck_nowhere {
    server 127.0.0.1:1 down;
  }
  map $claimcheck_status $claimcheck_upstream {
    default claimcheck_nowhere;
    200 claimcheck_api;
  }
  # With a 401, nginx hands the challenge on by itself.
  map $claimcheck_status $claimcheck_added_challenge {
    default $claimcheck_challenge;
    401 "";
  }

  server {
    listen ${listen};
    server_tokens off;
    # Spellings of identity headers that some upstreams take for the real ones.
    underscores_in_headers off;
    ignore_invalid_headers on;
    large_client_header_buffers 4 32k;

    location / {
      auth_request /_claimcheck;
      auth_request_set $claimcheck_status $upstream_http_x_auth_status;
      auth_request_set $claimcheck_problem $upstream_http_x_auth_problem;
      auth_request_set $claimcheck_challenge $upstream_http_www_authenticate;
      auth_request_set $claimcheck_retry $upstream_http_retry_after;
${lines(
  '      ',
  identity.map((name) => `auth_request_set ${variable(name)} ${received(name)};`),
)}
      error_page 401 403 = @claimcheck_refused;
      error_page 500 = @claimcheck_down;

      proxy_pass http://$claimcheck_upstream;
      proxy_http_version 1.1;
      # Keeps connections to the API. nginx hands no Upgrade on: neither h2c nor WebSockets pass.
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      # Every identity header is set, also to nothing: the client's own never pass.
${lines('      ', [...identity.map((name) => `proxy_set_header ${name} ${variable(name)};`), ...authorization])}
      # The decision was about the real method and target.
${lines(
  '      ',
  dropped.map((name) => `proxy_set_header ${name} "";`),
)}
    }

    # Without \`internal\`, any client could ask for a path of its choice.
    location = /_claimcheck {
      internal;
      proxy_pass http://claimcheck_decisions/nginx;
      proxy_http_version 1.1;
      proxy_pass_request_body off;
      proxy_connect_timeout 1s;
      proxy_send_timeout 1s;
      proxy_read_timeout 2s;
      proxy_next_upstream off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_set_header Host claimcheck;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      # Of the request itself: $uri would be the one of this location.
      proxy_set_header X-Forwarded-Method $request_method;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Uri $request_uri;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Claimcheck-Recipe ${fingerprint};
    }

    # auth_request knows 401 and 403 alone: this gives the client the status and the problem document that were decided.
    location @claimcheck_refused {
      internal;
      default_type application/problem+json;
      add_header WWW-Authenticate $claimcheck_added_challenge always;
      add_header Retry-After $claimcheck_retry always;
      add_header Cache-Control no-store always;
      if ($claimcheck_status = 400) {
        return 400 $claimcheck_problem;
      }
      if ($claimcheck_status = 401) {
        return 401 $claimcheck_problem;
      }
      if ($claimcheck_status = 503) {
        return 503 $claimcheck_problem;
      }
      return 403 $claimcheck_problem;
    }

    # No decision: the decision server is down, hangs, or is another one.
    location @claimcheck_down {
      internal;
      default_type application/problem+json;
      add_header Retry-After 1 always;
      add_header Cache-Control no-store always;
      return 503 '{"title":"Service Unavailable","status":503,"detail":"Access cannot be decided right now. Please try again."}';
    }
  }
}
`
}
