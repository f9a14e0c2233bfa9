// A strict reader of WWW-Authenticate values, written from the grammar and not from our writer: RFC 9110 §11.6.1 for the
// challenge, RFC 6750 §3 for what may stand in a Bearer challenge. It throws for whatever a client could misread.

export interface Challenge {
  readonly scheme: string
  /** The auth-params in order, names in lower case. */
  readonly params: Readonly<Record<string, string>>
}

// auth-param = token "=" quoted-string (RFC 6750 §3 has no token form); no white space around "=" may be generated.
const param = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)="([^"]*)"/

const text = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const url = /^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/
const scopes = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

// "%x20-21 / %x23-5B / %x5D-7E" for error and error_description, scope-tokens with single spaces for scope.
const allowed: Readonly<Record<string, RegExp>> = {
  realm: text,
  scope: scopes,
  error: /^(invalid_request|invalid_token|insufficient_(scope|user_authentication|claims))$/,
  error_description: text,
  // "a space-separated list of acr values", "a non-negative integer" (RFC 9470 §3).
  acr_values: scopes,
  max_age: /^(0|[1-9][0-9]*)$/,
  // A URL (RFC 9728 §5.1).
  resource_metadata: url,
  // Entra: a URL, and standard base64 with its padding.
  authorization_uri: url,
  claims: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
}

/** Reads one Bearer challenge. @throws Error with the place where the grammar is broken. */
export function parseChallenge(value: string): Challenge {
  const scheme = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) /.exec(value)?.[1]
  if (scheme?.toLowerCase() !== 'bearer') throw new Error(`no Bearer challenge: ${value}`)
  const params = new Map<string, string>()
  let rest = value.slice(scheme.length + 1)
  for (;;) {
    const [whole, name = '', content = ''] = param.exec(rest) ?? []
    if (whole === undefined) throw new Error(`no auth-param: ${rest}`)
    addParam(params, name.toLowerCase(), content)
    rest = rest.slice(whole.length)
    if (rest === '') return checkedChallenge(scheme, params)
    if (!rest.startsWith(', ')) throw new Error(`no comma: ${rest}`)
    rest = rest.slice(2)
  }
}

function checkedChallenge(scheme: string, params: ReadonlyMap<string, string>): Challenge {
  if (params.has('error_description') && !params.has('error')) throw new Error('error_description describes no error')
  return { scheme, params: Object.fromEntries(params) }
}

function addParam(params: Map<string, string>, name: string, content: string): void {
  // "MUST NOT occur more than once" for each parameter, RFC 9110 §11.2 and RFC 6750 §3.
  if (params.has(name)) throw new Error(`${name} is there twice`)
  if (!allowed[name]?.test(content)) throw new Error(`${name} may not be ${JSON.stringify(content)}`)
  params.set(name, content)
}
