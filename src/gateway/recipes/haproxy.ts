// The recipe for HAProxy, 2.6 or newer, built with Lua. The Lua needs no library.
import { forwarded, lines, luaQuestion, overrides, type RecipeFile, type RecipeParts } from './parts.ts'

export function haproxy(parts: RecipeParts): readonly RecipeFile[] {
  return [
    { name: 'haproxy.cfg', text: writeConfiguration(parts) },
    { name: 'claimcheck.lua', text: writeLua(parts) },
  ]
}

/** The abstract socket by which the Lua reaches the proxy in front of the decision server. */
function socketOf(listen: string): string {
  return `abns@claimcheck-${listen.slice(listen.lastIndexOf(':') + 1)}`
}

function writeConfiguration({ listen, upstream, decisions, forwardAuthorization, fingerprint }: RecipeParts): string {
  const dropped = [...overrides, 'Upgrade', 'X-Forwarded-Method', 'X-Forwarded-Uri']
  const all = [...dropped, 'X-Claimcheck-Recipe', ...(forwardAuthorization ? [] : ['Authorization'])]
  return `# Written by claimcheck for HAProxy. Print it anew when the identity headers change: ${fingerprint}
# Start it in the folder of claimcheck.lua.
global
  lua-load claimcheck.lua
  # For the identity headers of an answer.
  tune.bufsize 65536

defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout http-request 10s

frontend claimcheck_gateway
  bind ${listen}
  http-request lua.claimcheck
  # An error in the Lua would let the request go on.
  http-request deny deny_status 503 unless { var(txn.claimcheck) -m str allowed }
  # The decision was about the real method and target, and about no other protocol.
${lines(
  '  ',
  all.map((name) => `http-request del-header ${name}`),
)}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Proto http unless { ssl_fc }
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  default_backend claimcheck_api

backend claimcheck_api
  server api ${upstream}

# Between the Lua and the decision server. The HTTP client of the Lua tries four times, a second apart; this does not.
listen claimcheck_decisions
  bind ${socketOf(listen)}
  timeout connect 500ms
  timeout server 2s
  retries 1
  # Of a connection that the decision server has just closed. One that hangs is not asked again.
  retry-on conn-failure empty-response
  http-reuse always
  server decisions ${decisions}
`
}

function writeLua({ listen, identity, fingerprint }: RecipeParts): string {
  return `-- Written by claimcheck for HAProxy: asks the decision server about a request.
local identity = { ${identity.map((name) => `'${name.toLowerCase()}'`).join(', ')} }

local is_identity = {}
for _, name in ipairs(identity) do is_identity[name] = true end

-- The client's word on the host, the scheme and the address.
local is_forwarded = {}
for _, name in ipairs({ ${forwarded.map((name) => `'${name.toLowerCase()}'`).join(', ')} }) do is_forwarded[name] = true end

${luaQuestion}

local function reply(txn, status, headers, body)
  local answer = txn:reply()
  answer:set_status(status)
  for name, value in pairs(headers) do answer:add_header(name, value) end
  answer:set_body(body)
  txn:done(answer)
end

-- All values of a header, which HAProxy counts from 0.
local function list(values)
  local found = {}
  local index = 0
  while values[index] do
    found[#found + 1] = values[index]
    index = index + 1
  end
  return found
end

core.register_action('claimcheck', { 'http-req' }, function(txn)
  local question = {}
  local host = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    local plain = string.gsub(string.lower(name), '[^a-z0-9]', '-')
    -- In every spelling that the API may take for the real one.
    if is_identity[plain] or is_forwarded[plain] then
      txn.http:req_del_header(name)
    elseif name == 'host' then
      host = list(values)
    elseif not not_asked[plain] then
      question[name] = list(values)
    end
  end
  question['host'] = { 'claimcheck' }
  question['x-forwarded-method'] = { txn.f:method() }
  question['x-forwarded-proto'] = { txn.f:ssl_fc() == 1 and 'https' or 'http' }
  question['x-forwarded-host'] = host
  -- As sent: an absolute URL must not lose its host here. HAProxy itself makes one of each HTTP/2 request.
  question['x-forwarded-uri'] = { txn.f:req_ver() == '2.0' and txn.f:pathq() or txn.f:url() }
  question['x-forwarded-for'] = { txn.f:src() }
  question['x-claimcheck-recipe'] = { '${fingerprint}' }

  -- More than the proxy claimcheck_decisions takes, which answers 503 or 504 where the decision server does not.
  local ok, answer = pcall(function()
    return core.httpclient():get({
      url = 'http://claimcheck/haproxy',
      dst = '${socketOf(listen)}',
      headers = question,
      timeout = 4000,
    })
  end)
  local headers = ok and answer and answer.headers or {}
  local function header(name)
    return headers[name] and headers[name][0]
  end
  local status = header('x-auth-status')
  -- Only the decision server's own yes is one.
  if ok and answer.status == 200 and status == '200' then
    -- What the client sent is gone already: a header that says nothing stays away.
    for _, name in ipairs(identity) do
      if (header(name) or '') ~= '' then txn.http:req_set_header(name, header(name)) end
    end
    txn:set_var('txn.claimcheck', 'allowed')
    return
  end
  if status == '400' or status == '401' or status == '403' or status == '503' then
    local told = { ['Content-Type'] = 'application/problem+json', ['Cache-Control'] = 'no-store' }
    told['WWW-Authenticate'] = header('www-authenticate')
    told['Retry-After'] = header('retry-after')
    return reply(txn, tonumber(status), told, answer.body or '')
  end
  local told = { ['Content-Type'] = 'application/problem+json', ['Cache-Control'] = 'no-store', ['Retry-After'] = '1' }
  reply(txn, 503, told, unavailable)
end, 0)
`
}
