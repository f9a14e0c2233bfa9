// What all recipes are written from.

/** Options of `printRecipe`. Addresses are `host:port`. */
export interface RecipeOptions {
  /** Where the gateway listens. */
  readonly listen: string
  /** The API behind it. */
  readonly upstream: string
  /** Where the decision server listens. Default `127.0.0.1:9001`. */
  readonly decisions?: string
  /** Whether the upstream gets the access token. Default `true`; `false` with `assertion`, beside which it is a second credential. */
  readonly forwardAuthorization?: boolean
}

/** A file of a recipe. */
export interface RecipeFile {
  readonly name: string
  readonly text: string
}

/** What a recipe is written from. */
export interface RecipeParts extends Required<RecipeOptions> {
  readonly identity: readonly string[]
  readonly fingerprint: string
}

/** Client headers that some upstreams take for the method or the target. The decision was about the real ones. */
export const overrides: readonly string[] = [
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Original-URL',
  'X-Rewrite-URL',
]

/** Client headers that some upstreams take for the request. A gateway writes Host, Proto and For itself, and tells the others to us alone. */
export const forwarded: readonly string[] = [
  'Forwarded',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-For',
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
]

/** `name`, and then every spelling that a server may take for it: some turn hyphens into underscores, and back. */
export function spellings(name: string): readonly string[] {
  const [first = '', ...rest] = name.split('-')
  return rest.reduce<readonly string[]>(
    (all, part) => all.flatMap((one) => [`${one}-${part}`, `${one}_${part}`]),
    [first],
  )
}

/** Indents the lines of a block. */
export function lines(indent: string, list: readonly string[]): string {
  return list.map((line) => (line === '' ? '' : `${indent}${line}`)).join('\n')
}

/** For gateways that ask by Lua: the header lines that they do not ask with, and the answer when they cannot ask. */
export const luaQuestion = `-- Not of the question: these would change how it is sent, or pass for what the gateway tells.
local not_asked = {}
for _, name in ipairs({
  'host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade', 'te', 'keep-alive', 'proxy-connection',
  'x-forwarded-method', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-uri', 'x-forwarded-for', 'x-claimcheck-recipe',
}) do not_asked[name] = true end

local unavailable = '{"title":"Service Unavailable","status":503,"detail":"Access cannot be decided right now. Please try again."}'`
