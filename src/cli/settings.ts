// Where a setting of the server comes from: flags beat the environment, which beats the configuration. None of them says which issuers
// are trusted: that is for the configuration alone.
import { parseArgs } from 'node:util'
import type { TrustOptions } from '../gateway/peers.ts'
import { checkNumber } from '../internal/options.ts'
import type { ServerMembers } from './configuration.ts'

/** The settings of a server, complete. */
export interface Settings {
  readonly dialects: ServerMembers['dialects']
  readonly listen: string
  readonly admin: string
  readonly trust?: TrustOptions
  readonly drainSeconds: number
  readonly log: 'json' | 'text' | 'silent'
}

/** What flags and environment say. */
export interface Overrides {
  readonly config?: string | undefined
  readonly listen?: string | undefined
  readonly admin?: string | undefined
  /** Addresses and networks, separated by commas. */
  readonly trust?: string | undefined
  readonly secretFile?: string | undefined
  readonly drainSeconds?: string | undefined
  readonly log?: string | undefined
}

/** Each setting with its flag and its variable. */
const sources = {
  config: ['config', 'CLAIMCHECK_CONFIG'],
  listen: ['listen', 'CLAIMCHECK_LISTEN'],
  admin: ['admin', 'CLAIMCHECK_ADMIN'],
  trust: ['trust', 'CLAIMCHECK_TRUST'],
  secretFile: ['secret-file', 'CLAIMCHECK_SECRET_FILE'],
  drainSeconds: ['drain-seconds', 'CLAIMCHECK_DRAIN_SECONDS'],
  log: ['log', 'CLAIMCHECK_LOG'],
} as const

export const settingsUsage = `  --config FILE         .json, .js, .mjs, .ts, or - for JSON from stdin  (CLAIMCHECK_CONFIG)
  --listen ADDRESS      where gateways ask, 127.0.0.1:9001               (CLAIMCHECK_LISTEN)
  --admin ADDRESS       health, readiness, metrics, 127.0.0.1:9002       (CLAIMCHECK_ADMIN)
  --trust ADDRESSES     gateways to believe, separated by commas         (CLAIMCHECK_TRUST)
  --secret-file FILE    what gateways send as X-Claimcheck-Secret        (CLAIMCHECK_SECRET_FILE)
  --drain-seconds N     how long to go on after SIGTERM, 5               (CLAIMCHECK_DRAIN_SECONDS)
  --log FORM            json, text or silent                             (CLAIMCHECK_LOG)`

/**
 * Reads flags and environment; `flags` and `ownTexts`, which take a text, are those of the command itself.
 *
 * @throws TypeError for an unknown flag.
 */
export function readArguments<const F extends string = never, const T extends string = never>(
  args: readonly string[],
  flags: readonly F[] = [],
  ownTexts: readonly T[] = [],
): {
  readonly overrides: Overrides
  readonly flags: ReadonlySet<F>
  readonly texts: Readonly<Partial<Record<T, string>>>
} {
  const names = [...Object.values(sources).map(([flag]) => flag), ...ownTexts]
  const texts = names.map((flag) => [flag, { type: 'string' }] as const)
  const switches = flags.map((flag) => [flag, { type: 'boolean' }] as const)
  const parsed = parseArgs({ args: [...args], options: Object.fromEntries([...texts, ...switches]) })
  const values: Readonly<Record<string, unknown>> = parsed.values
  const overrides = Object.entries(sources).map(([name, [flag, variable]]) => {
    // An empty variable is one that was not filled in.
    return [name, values[flag] ?? (process.env[variable] || undefined)]
  })
  return {
    overrides: Object.fromEntries(overrides) as Overrides,
    flags: new Set(flags.filter((flag) => values[flag] === true)),
    texts: Object.fromEntries(ownTexts.map((name) => [name, values[name]])) as Partial<Record<T, string>>,
  }
}

/** The settings of a server. @throws TypeError for a value that cannot be one. */
export function settingsOf(members: ServerMembers, overrides: Overrides): Settings {
  const { log = members.log ?? 'json' } = overrides
  const drainSeconds =
    overrides.drainSeconds === undefined ? (members.drainSeconds ?? 5) : Number(overrides.drainSeconds)
  checkNumber('drainSeconds', drainSeconds, 0, 3600)
  if (log !== 'json' && log !== 'text' && log !== 'silent')
    throw new TypeError(`log must be json, text or silent, not '${log}'.`)
  const trust = trustOf(members.trust, overrides)
  return {
    dialects: members.dialects,
    listen: overrides.listen ?? members.listen ?? '127.0.0.1:9001',
    admin: overrides.admin ?? members.admin ?? '127.0.0.1:9002',
    ...(trust && { trust }),
    drainSeconds,
    log,
  }
}

function trustOf(members: ServerMembers['trust'], { trust, secretFile }: Overrides): TrustOptions | undefined {
  const addresses = trust === undefined ? members?.addresses : trust.split(',').map((one) => one.trim())
  const secret = secretFile === undefined ? members?.secret : undefined
  if (addresses === undefined && secret === undefined && secretFile === undefined) return members
  return {
    ...(addresses && { addresses }),
    ...(secret !== undefined && { secret }),
    ...(secretFile !== undefined && { secretFile }),
  }
}
