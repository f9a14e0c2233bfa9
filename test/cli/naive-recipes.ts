// Configurations of gateways as people write them. Each has one known hole, and doctor must find that one and no other.
import type { RecipeFile } from 'claimcheck/gateway'
import { type GatewayProgram, nginxServing } from '../support/gateways.ts'
import { type Addresses, recipeOf } from './doctor-gateways.ts'

export interface NaiveRecipe {
  readonly title: string
  readonly program: GatewayProgram
  files(addresses: Addresses): readonly RecipeFile[]
  /** What doctor must find, in its order. */
  readonly holes: readonly string[]
  /** What it must not call closed. */
  readonly unchecked?: readonly string[]
}

type Change = readonly [from: string | RegExp, to: string]

/** The printed recipe with these changes. A text that is not there is an error: the recipe would be a good one. */
function changed(program: GatewayProgram, ...changes: readonly Change[]): NaiveRecipe['files'] {
  return (addresses) => {
    const before = recipeOf(program, addresses)
    let text = before.map((file) => file.text).join('\0')
    for (const [from, to] of changes) {
      const next = text.replace(from, to)
      if (next === text) throw new Error(`the recipe of ${program} has no ${String(from)}`)
      text = next
    }
    return text.split('\0').map((one, index) => ({ name: before[index]?.name ?? '', text: one }))
  }
}

const spoofs = ['D4 spoofed identity', 'D4 spoofed identity on a route without a token']
const fails = ['D6 fault hang', 'D6 fault reset', 'D6 fault 500', 'D6 fault 302']

export const naiveRecipes: readonly NaiveRecipe[] = [
  {
    title: '$uri in the auth location, which is that of the subrequest',
    program: 'nginx',
    files: changed('nginx', ['$request_uri', '$uri']),
    holes: ['D1 told target'],
  },
  {
    title: 'a target that is decoded before it is told',
    program: 'nginx',
    files: changed(
      'nginx',
      ['auth_request /_claimcheck;', 'set $asked $uri$is_args$args;\nauth_request /_claimcheck;'],
      ['$request_uri', '$asked'],
    ),
    holes: ['D1 told target', 'D8 changed target'],
  },
  {
    title: 'a method that is fixed',
    program: 'nginx',
    files: changed('nginx', ['X-Forwarded-Method $request_method', 'X-Forwarded-Method GET']),
    holes: ['D1 told method'],
  },
  {
    title: 'a host that is fixed',
    program: 'nginx',
    files: changed('nginx', [/(Host claimcheck[^]*X-Forwarded-Host) \$http_host/, '$1 api.internal']),
    holes: ['D1 told host'],
  },
  {
    title: 'the host of the request line for the decision, and the Host header for the API',
    program: 'nginx',
    files: changed('nginx', [/(Host claimcheck[^]*X-Forwarded-Host) \$http_host/, '$1 $host']),
    holes: ['D1 told host'],
  },
  {
    title: "the client's own X-Forwarded-Host where it sends one",
    program: 'nginx',
    files: changed(
      'nginx',
      [
        '  server {',
        '  map $http_x_forwarded_host $asked {\n    default $http_x_forwarded_host;\n    "" $http_host;\n  }\n  server {',
      ],
      [/(Host claimcheck[^]*X-Forwarded-Host) \$http_host/, '$1 $asked'],
    ),
    holes: ['D2 forged metadata'],
  },
  {
    title: "the client's own address for the decision server",
    program: 'nginx',
    files: changed('nginx', [/(Host claimcheck[^]*X-Forwarded-For) \$remote_addr/, '$1 $http_x_forwarded_for']),
    holes: ['D2 forged metadata'],
  },
  {
    title: "the client's own scheme for the API",
    program: 'nginx',
    files: changed('nginx', [
      'proxy_set_header X-Forwarded-Proto $scheme;',
      'proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;',
    ]),
    holes: ['D2 forged metadata for the API'],
  },
  {
    title: 'an auth location that is not internal',
    program: 'nginx',
    files: changed('nginx', ['internal;', '']),
    holes: ['D3 decisions for clients'],
  },
  {
    title: 'two of nine identity headers',
    program: 'nginx',
    files: changed('nginx', [/ *proxy_set_header X-Auth-(?!Subject|Roles).*\n/g, '']),
    holes: spoofs,
  },
  {
    title: 'underscores in headers',
    program: 'nginx',
    files: changed('nginx', ['underscores_in_headers off', 'underscores_in_headers on']),
    // The decision server refuses identity headers in other spellings itself.
    holes: ['D2 forged metadata for the API'],
  },
  {
    title: 'a recipe of an older configuration',
    program: 'nginx',
    files: changed('nginx', [/(X-Claimcheck-Recipe) \w{16}/, '$1 0123456789abcdef']),
    holes: ['D5 recipe'],
  },
  {
    title: 'any 2xx for a yes',
    program: 'nginx',
    files: changed('nginx', ['http://$claimcheck_upstream', 'http://claimcheck_api']),
    holes: ['D6 fault 204', 'D6 fault 200'],
  },
  {
    title: 'the API as the fallback of an outage',
    program: 'nginx',
    files: changed('nginx', [
      /(location @claimcheck_down \{\n +internal;)[^}]*?return[^\n]*/,
      '$1\n      proxy_pass http://claimcheck_api;',
    ]),
    holes: fails,
  },
  {
    title: 'no timeout',
    program: 'nginx',
    files: changed('nginx', ['proxy_read_timeout 2s;', '']),
    holes: ['D6 timeout'],
    // nginx waits longer than doctor, and may let the request through then.
    unchecked: ['D6 fault hang'],
  },
  {
    title: "nginx's own pages for refusals",
    program: 'nginx',
    files: changed('nginx', ['error_page 401 403 = @claimcheck_refused;', '']),
    holes: [
      'D7 refusal 401, without a token',
      'D7 refusal 401, with a bad token',
      'D7 refusal 400, a malformed credential',
      'D7 refusal 403, without a route',
      'D7 refusal 503, without keys',
    ],
  },
  {
    title: 'statuses of auth_request alone, which make a 403 of a 503',
    program: 'nginx',
    files: changed('nginx', [/ *if \(\$claimcheck_status = 503\) \{[^}]*\}\n/, '']),
    holes: ['D7 refusal 503, without keys'],
  },
  {
    title: 'a 503 without Retry-After',
    program: 'nginx',
    files: changed('nginx', ['add_header Retry-After $claimcheck_retry always;', '']),
    holes: ['D7 refusal 503, without keys'],
  },
  {
    title: 'a decoded target for the API',
    program: 'nginx',
    files: changed('nginx', [
      'proxy_pass http://$claimcheck_upstream;',
      'proxy_pass http://$claimcheck_upstream$uri$is_args$args;',
    ]),
    holes: ['D8 changed target'],
  },
  {
    title: 'Upgrade and Connection handed on, for WebSockets',
    program: 'nginx',
    files: changed('nginx', [
      'proxy_set_header Connection "";',
      'proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;',
    ]),
    holes: ['D9 upgrade'],
  },
  {
    title: 'a question without the overrides that the API gets',
    program: 'nginx',
    files: changed(
      'nginx',
      [/ *proxy_set_header X-(?:HTTP-Method|Method-Override|Original-URL|Rewrite-URL).*\n/g, ''],
      [
        'proxy_pass_request_body off;',
        'proxy_pass_request_body off;\nproxy_pass_request_headers off;\nproxy_set_header Authorization $http_authorization;\nproxy_set_header X-Claimcheck-Probe $http_x_claimcheck_probe;',
      ],
    ),
    holes: ['D9 overrides'],
  },
  {
    title: 'the Content-Length of the client on the question',
    program: 'nginx',
    files: changed('nginx', [
      'proxy_set_header Content-Length "";',
      'proxy_set_header Content-Length $content_length;',
    ]),
    holes: ['D9 body of the question'],
  },
  {
    title: 'files by their ending without a question',
    program: 'nginx',
    files: changed('nginx', [
      'location / {',
      'location ~ \\.json$ {\n proxy_pass http://claimcheck_api;\n}\nlocation / {',
    ]),
    holes: ['D8 target without a decision'],
  },
  {
    title: 'OPTIONS without a question, for CORS',
    program: 'nginx',
    files: changed('nginx', [
      'location / {',
      'location @preflight { proxy_pass http://claimcheck_api; }\nlocation / {\nerror_page 418 = @preflight;\nif ($request_method = OPTIONS) { return 418; }\n',
    ]),
    holes: ['D1 asked at all'],
  },
  {
    title: 'no question without a token, for pages that all may see',
    program: 'nginx',
    files: changed('nginx', [
      'location / {',
      'location @open { proxy_pass http://claimcheck_api; }\nlocation / {\nerror_page 418 = @open;\nif ($http_authorization = "") { return 418; }\n',
    ]),
    holes: ['D1 asked at all'],
  },
  {
    title: 'answers of a token remembered for every path',
    program: 'nginx',
    files: (at) =>
      changed(
        'nginx',
        [
          'http {',
          `http {\n  proxy_cache_path /tmp/claimcheck-nginx-${at.listen.split(':').at(-1)}-cache keys_zone=answers:1m;`,
        ],
        [
          'internal;',
          'internal;\nproxy_cache answers;\nproxy_cache_key $http_authorization;\nproxy_cache_valid 200 1m;\nproxy_ignore_headers Cache-Control;',
        ],
      )(at),
    holes: ['D1 asked at all', 'D2 forged metadata', 'D8 target without a decision'],
  },
  {
    title: 'a fixed method, and OPTIONS answered by nginx',
    program: 'nginx',
    files: changed(
      'nginx',
      ['X-Forwarded-Method $request_method', 'X-Forwarded-Method GET'],
      ['location / {', 'location / {\nif ($request_method = OPTIONS) { return 204; }\n'],
    ),
    holes: ['D1 told method'],
  },
  {
    title: 'its own name for a host, whatever the API is told',
    program: 'nginx',
    files: (at) => changed('nginx', [/(Host claimcheck[^]*X-Forwarded-Host) \$http_host/, `$1 ${at.listen}`])(at),
    holes: ['D1 told host'],
  },
  {
    title: 'no question at all',
    program: 'nginx',
    files: ({ listen, upstream }) => [
      {
        name: 'nginx.conf',
        text: nginxServing(listen, `location / { proxy_pass http://${upstream}; }`),
      },
    ],
    holes: ['D1 asked at all', 'D2 forged metadata for the API', ...spoofs, 'D9 overrides'],
  },
  {
    title: 'forward_auth with copy_headers, as in its manual',
    program: 'caddy',
    files: ({ listen, upstream, decisions }) => [
      {
        name: 'Caddyfile',
        text: `{
	admin off
	auto_https off
}
http://:${listen.replace(/.*:/, '')} {
	forward_auth ${decisions} {
		uri /caddy
		copy_headers X-Auth-Subject X-Auth-Email
	}
	reverse_proxy ${upstream}
}
`,
      },
    ],
    holes: [
      'D2 forged metadata for the API',
      ...spoofs,
      'D4 identity removed by Connection',
      'D4 placeholders for identity',
      'D6 timeout',
      'D6 fault 204',
      'D6 fault 200',
      'D9 upgrade',
    ],
  },
  {
    title: 'the API as the fallback of an outage that the decision server tells',
    program: 'caddy',
    files: (at) =>
      changed('caddy', [
        '\t\t\t@claimcheck_no {\n\t\t\t\tstatus 4xx 503',
        `\t\t\t@claimcheck_down status 503\n\t\t\thandle_response @claimcheck_down {\n\t\t\t\treverse_proxy ${at.upstream}\n\t\t\t}\n\t\t\t@claimcheck_no {\n\t\t\t\tstatus 4xx 503`,
      ])(at),
    holes: ['D6 fault 503', 'D7 refusal 503, without keys'],
  },
  {
    title: 'a decision server that is no answer is no refusal',
    program: 'haproxy',
    files: changed(
      'haproxy',
      [
        'deny deny_status 503 unless { var(txn.claimcheck) -m str allowed }',
        'deny deny_status 503 if { var(txn.claimcheck) -m str refused }',
      ],
      ['reply(txn, 503, told, unavailable)', ''],
    ),
    holes: [...fails, 'D6 fault 204', 'D6 fault 200'],
  },
  {
    title: 'identity headers with dots, which are not told either',
    program: 'haproxy',
    files: changed(
      'haproxy',
      ["string.gsub(string.lower(name), '[^a-z0-9]', '-')", "string.gsub(string.lower(name), '_', '-')"],
      ['elseif not not_asked[plain] then', "elseif not string.find(name, '.', 1, true) and not not_asked[plain] then"],
    ),
    holes: spoofs,
  },
  {
    title: 'the Connection header of the client',
    program: 'apache',
    files: changed('apache', [/ *r\.headers_in\['Connection'\] = .*\n/, '']),
    holes: ['D4 identity removed by Connection'],
  },
  {
    title: 'ProxyPass without nocanon',
    program: 'apache',
    files: changed('apache', [' nocanon', '']),
    holes: ['D8 changed target'],
  },
]
