// The recipe for Apache httpd, 2.4, with mod_lua and the Lua library luasocket (Debian: lua-socket). Each question opens a connection.
import { forwarded, lines, luaQuestion, overrides, type RecipeFile, type RecipeParts } from './parts.ts'

export function apache(parts: RecipeParts): readonly RecipeFile[] {
  return [
    { name: 'apache.conf', text: writeConfiguration(parts) },
    { name: 'claimcheck.lua', text: writeLua(parts) },
  ]
}

function writeConfiguration({ listen, upstream, forwardAuthorization, fingerprint }: RecipeParts): string {
  const dropped = [...overrides, 'X-Forwarded-Method', 'X-Forwarded-Uri', 'X-Claimcheck-Recipe']
  const all = [...dropped, ...(forwardAuthorization ? [] : ['Authorization'])]
  return `# Written by claimcheck for Apache httpd. Print it anew when the identity headers change: ${fingerprint}
# The folder of claimcheck.lua, and that of the modules. Start it with: -C "Define CLAIMCHECK_DIR FOLDER" -f FOLDER/apache.conf
<IfDefine !CLAIMCHECK_DIR>
  Define CLAIMCHECK_DIR /etc/apache2
</IfDefine>
<IfDefine !CLAIMCHECK_MODULES>
  Define CLAIMCHECK_MODULES /usr/lib/apache2/modules
</IfDefine>
ServerRoot \${CLAIMCHECK_DIR}
LoadModule mpm_event_module \${CLAIMCHECK_MODULES}/mod_mpm_event.so
LoadModule authz_core_module \${CLAIMCHECK_MODULES}/mod_authz_core.so
LoadModule headers_module \${CLAIMCHECK_MODULES}/mod_headers.so
LoadModule proxy_module \${CLAIMCHECK_MODULES}/mod_proxy.so
LoadModule proxy_http_module \${CLAIMCHECK_MODULES}/mod_proxy_http.so
LoadModule lua_module \${CLAIMCHECK_MODULES}/mod_lua.so

# In the folder of claimcheck.lua: any user who may write there may start this.
PidFile apache.pid
ErrorLog error.log
ServerName claimcheck
ServerTokens Prod
Listen ${listen}
LogLevel warn
HttpProtocolOptions Strict
TraceEnable off
LimitRequestLine 16384
LimitRequestFieldSize 32768

LuaHookAccessChecker \${CLAIMCHECK_DIR}/claimcheck.lua check
# An error in the Lua is a 500, and no yes: the API is asked only where it has left its mark.
<Location "/">
  Require expr "%{reqenv:CLAIMCHECK} == 'allowed'"
</Location>

# The decision was about the real method and target.
${lines(
  '',
  all.map((name) => `RequestHeader unset ${name}`),
)}
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
ProxyRequests Off
ProxyPreserveHost On
# As sent: another spelling would be another target.
ProxyPass "/" "http://${upstream}/" nocanon
`
}

function writeLua({ decisions, identity, fingerprint }: RecipeParts): string {
  return `-- Written by claimcheck for Apache httpd: asks the decision server about a request.
local http = require 'socket.http'
local ltn12 = require 'ltn12'

local identity = { ${identity.map((name) => `'${name.toLowerCase()}'`).join(', ')} }

local is_identity = {}
for _, name in ipairs(identity) do is_identity[name] = true end

-- The client's word on the host, the scheme and the address: Apache adds its own to it.
local is_forwarded = {}
for _, name in ipairs({ ${forwarded.map((name) => `'${name.toLowerCase()}'`).join(', ')} }) do is_forwarded[name] = true end

${luaQuestion}

local function answer(r, status, headers, body)
  r.status = status
  r.content_type = 'application/problem+json'
  for name, value in pairs(headers) do r.err_headers_out[name] = value end
  r:write(body)
  return apache2.DONE
end

function check(r)
  local question = {}
  local removed = {}
  for name, value in pairs(r:headers_in_table()) do
    local plain = string.gsub(string.lower(name), '[^a-z0-9]', '-')
    -- In every spelling that the API may take for the real one.
    if is_identity[plain] or is_forwarded[plain] then
      removed[#removed + 1] = name
    elseif not not_asked[plain] then
      question[name] = value
    end
  end
  for _, name in ipairs(removed) do r.headers_in[name] = nil end
  -- A client that lists an identity header here would have it removed on the way to the API.
  local connection = string.lower(r.headers_in['Connection'] or '')
  r.headers_in['Connection'] = string.find(connection, 'close', 1, true) and 'close' or nil
  r.headers_in['Upgrade'] = nil

  question['host'] = 'claimcheck'
  question['x-forwarded-method'] = r.method
  question['x-forwarded-proto'] = r.is_https and 'https' or 'http'
  question['x-forwarded-host'] = r.headers_in['Host']
  question['x-forwarded-uri'] = r.unparsed_uri
  question['x-forwarded-for'] = r.useragent_ip
  question['x-claimcheck-recipe'] = '${fingerprint}'

  http.TIMEOUT = 2
  local chunks = {}
  local ok, status, headers = http.request({
    url = 'http://${decisions}/apache',
    headers = question,
    redirect = false,
    sink = ltn12.sink.table(chunks),
  })
  headers = ok and type(headers) == 'table' and headers or {}
  local decided = headers['x-auth-status']
  -- Only the decision server's own yes is one.
  if ok and status == 200 and decided == '200' then
    -- What the client sent is gone already: a header that says nothing stays away.
    for _, name in ipairs(identity) do
      if (headers[name] or '') ~= '' then r.headers_in[name] = headers[name] end
    end
    r.subprocess_env['CLAIMCHECK'] = 'allowed'
    return apache2.DECLINED
  end
  local told = { ['Cache-Control'] = 'no-store' }
  if decided == '400' or decided == '401' or decided == '403' or decided == '503' then
    told['WWW-Authenticate'] = headers['www-authenticate']
    told['Retry-After'] = headers['retry-after']
    return answer(r, tonumber(decided), told, table.concat(chunks))
  end
  told['Retry-After'] = '1'
  return answer(r, 503, told, unavailable)
end
`
}
