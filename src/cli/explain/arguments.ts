// The arguments of `claimcheck explain`. Flags that it does not know are options of the preset, in kebab case.
import { parseArgs } from 'node:util'

export interface ExplainArguments {
  readonly token?: string
  readonly config?: string
  readonly preset?: string
  /** The options of the preset, or of `oidc()` where none is named. */
  readonly options: Readonly<Record<string, unknown>>
  readonly request?: string
  readonly jwks?: string
  readonly json: boolean
}

const own = {
  config: { type: 'string' },
  preset: { type: 'string' },
  request: { type: 'string' },
  jwks: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** @throws TypeError for arguments that do not go together. No message repeats one: it may be a token. */
export function readExplainArguments(args: readonly string[]): ExplainArguments {
  const presetFlags = presetFlagsOf(args)
  const { values, positionals } = parse(args, presetFlags)
  const [token, ...more] = positionals
  if (more.length > 0) throw new TypeError('more than one token: write one, between quotes where it has a blank.')
  const {
    config,
    preset,
    request,
    jwks,
    json = false,
  } = values as Readonly<Record<string, string>> & { json?: boolean }
  const options = Object.fromEntries(presetFlags.map(({ name }) => [camelCase(name), readValue(values[name])]))
  const isNamed = preset !== undefined || Object.hasOwn(options, 'issuer')
  if (config !== undefined && (isNamed || presetFlags.length > 0))
    throw new TypeError('--config says it all: leave out --preset, --issuer and their options.')
  if (presetFlags.length > 0 && !isNamed)
    throw new TypeError('whose options are these? Write --preset NAME, or --issuer with --audience.')
  if (request !== undefined && config === undefined)
    throw new TypeError('--request needs --config FILE with the routes of a gateway.')
  return {
    ...(token !== undefined && { token }),
    ...(config !== undefined && { config }),
    ...(preset !== undefined && { preset }),
    ...(request !== undefined && { request }),
    ...(jwks !== undefined && { jwks }),
    options,
    json,
  }
}

interface PresetFlag {
  readonly name: string
  readonly type: 'string' | 'boolean'
}

/** A flag without a value stands for `true`. */
function presetFlagsOf(args: readonly string[]): readonly PresetFlag[] {
  const flags = new Map<string, PresetFlag>()
  for (const [index, arg] of args.entries()) {
    if (arg === '--') break
    const [, name, value] = /^--([a-z][a-z0-9-]*)(=.*)?$/s.exec(arg) ?? []
    if (name === undefined || Object.hasOwn(own, name) || flags.has(name)) continue
    const next = args[index + 1]
    const hasValue = value !== undefined || (next !== undefined && !next.startsWith('--'))
    flags.set(name, { name, type: hasValue ? 'string' : 'boolean' })
  }
  return [...flags.values()]
}

function parse(
  args: readonly string[],
  presetFlags: readonly PresetFlag[],
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  const more = presetFlags.map(({ name, type }) => [name, { type, multiple: true }] as const)
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...own, ...Object.fromEntries(more) },
    })
  } catch (error) {
    // Node's message repeats the argument.
    const flag = /--[a-z][a-z0-9-]{0,30}\b/.exec((error as Error).message)?.[0]
    throw new TypeError(`an argument cannot be read${flag === undefined ? '' : ` near ${flag}`}: see --help.`, {
      cause: error,
    })
  }
}

/** One text or several; `null` is the value that turns a check off. */
function readValue(value: unknown): unknown {
  const list = [value].flat().map((one) => (one === 'null' ? null : one))
  return list.length === 1 ? list[0] : list
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
