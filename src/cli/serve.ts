// `claimcheck serve`: the decision server as a process. Start, reload and stop are in `serveSource`, top to bottom.
import { setTimeout } from 'node:timers/promises'
import type { ClaimcheckEvent } from '../errors/events.ts'
import type { DecisionFacts } from '../gateway/decision.ts'
import { listen } from '../gateway/listen.ts'
import type { KeyStore } from '../jwks/snapshot.ts'
import { listenAdmin } from './admin.ts'
import type { Command } from './command.ts'
import { demoSource } from './demo.ts'
import type { DoctorServer } from './doctor/doctor-server.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { type Overrides, readArguments, settingsOf, settingsUsage } from './settings.ts'
import { type Loaded, type Source, sourceOf } from './source.ts'

export const serveCommand: Command = {
  summary: 'runs the decision server for API gateways',
  usage: `claimcheck serve --config FILE

${settingsUsage}
  --log-allowed         one line for each allowed request, too
  --demo                starts an STS for tests, an API and the server, and prints what to try (127.0.0.1:9001 and :9002 must be free)
  --doctor FILE         answers the probes of \`claimcheck doctor\`, which needs FILE: a secret that is made at start

SIGTERM drains, a second one ends at once. SIGHUP reads a JSON configuration anew: all of it, or nothing.`,
  async run(args) {
    const { overrides, flags, texts } = readArguments(args, ['log-allowed', 'demo'], ['doctor'])
    const settings = { overrides, logsAllowed: flags.has('log-allowed'), doctorFile: texts.doctor }
    if (!flags.has('demo')) return serveSource(sourceOf(overrides.config), settings)
    const demo = await demoSource()
    return serveSource(demo.source, { ...settings, onListening: demo.start })
  },
}

/** What the arguments say, besides the configuration. */
interface Start {
  readonly overrides: Overrides
  readonly logsAllowed: boolean
  readonly doctorFile: string | undefined
  onListening?(url: string): Promise<void>
}

/** Serves until a signal ends it. Resolves to the exit code. */
async function serveSource(source: Source, start: Start): Promise<number> {
  const { overrides, logsAllowed, doctorFile } = start
  const metrics = createMetrics()
  // Keys of issuers that stay the same outlive a reload.
  const additions = { onEvent, keyStore: memoryKeyStore() }
  let log = createLog('silent')
  let isDraining = false
  let current = await load()
  const settings = settingsOf(current.server, overrides)
  log = createLog(settings.log)

  const { dialects, listen: address, trust } = settings
  const doctor = doctorFile === undefined ? undefined : await openDoctor(doctorFile)
  const options = { dialects, listen: address, ...(trust && { trust }) }
  const server = await listen(() => current.decisions, options, doctor?.intercept)
  const admin = await listenAdmin(settings.admin, trust, {
    isDraining: () => isDraining,
    keys: () => current.gateway.api.keys(),
    ready: () => current.gateway.api.ready(),
    metrics: () => metrics.print(current.gateway.api.keys()),
    ...(doctor && { report: doctor.report }),
  })
  const stopped = signalToStop()
  let reloading = Promise.resolve()
  process.on('SIGHUP', () => void (reloading = reloading.then(reload)))
  log.info('listening', { url: server.url, admin: admin.url, dialects, routes: current.gateway.routes.length })
  // Not waited for: a signal must not wait for an STS that hangs. Requests wait for the same fetch, and /readyz tells.
  const warming = warm(current)
  // The STS of the demo is this process. Its log lines come before what is printed.
  if (start.onListening) await warming.then(() => start.onListening?.(server.url))

  const signal = await stopped
  isDraining = true
  log.info('draining', { signal, seconds: settings.drainSeconds })
  // Load balancers see /readyz, and take a while to send nothing more.
  await setTimeout(settings.drainSeconds * 1000)
  await server.drain()
  await admin.close()
  log.info('stopped')
  return 0

  /** Loaded here alone: without the flag nothing of it is there. */
  async function openDoctor(file: string): Promise<DoctorServer> {
    const [{ createDoctorServer }, { createSecretFile }] = await Promise.all([
      import('./doctor/doctor-server.ts'),
      import('./doctor/probe-header.ts'),
    ])
    const opened = createDoctorServer(createSecretFile(file), (fault, dialect) => log.warn('fault', { fault, dialect }))
    log.warn('doctor', { file, hint: 'the owner of this file can play faults: restart without --doctor afterwards' })
    return opened
  }

  async function load(): Promise<Loaded> {
    const next = await source.load(additions)
    // Keys of assertions that cannot be read or made are found now, and not by the first request.
    next.decisions.jwks?.()
    next.decisions.observe(onDecision)
    return next
  }

  /** Never rejects. What is served changes in one assignment, after the new configuration is complete. */
  async function reload(): Promise<void> {
    if (!source.canReload) {
      metrics.reloaded('refused')
      return log.warn('reload refused', {
        hint: 'only a configuration in a JSON file can be read anew: restart, which drains',
      })
    }
    try {
      const next = await load()
      checkSameServer(current, next)
      await warm(next)
      current = next
      metrics.reloaded('ok')
      log.info('reloaded', { routes: next.gateway.routes.length })
    } catch (error) {
      metrics.reloaded('failed')
      log.error('reload failed', {
        reason: (error as Error).message,
        hint: 'the configuration from before still serves',
      })
    }
  }

  async function warm({ gateway }: Loaded): Promise<void> {
    for (const { issuer, ok, error } of await gateway.api.ready())
      if (!ok) log.warn('no keys', { issuer, reason: error instanceof Error ? error.message : String(error) })
  }

  function onDecision(decision: DecisionFacts): void {
    metrics.decided(decision)
    const { ms, effect, isSurplus, ...facts } = decision
    if (isSurplus || (effect === 'allow' && !logsAllowed)) return
    const line = { ...facts, ms: Math.round(ms * 1000) / 1000 }
    if (effect === 'unavailable') log.error('unavailable', line)
    else if (effect === 'refuse') log.warn('refused', line)
    else log.info('allowed', line)
  }

  function onEvent(event: ClaimcheckEvent): void {
    const { type, ...facts } = event
    if (type === 'keys.refresh_failed') metrics.refreshFailed()
    // A refusal is told by its decision.
    if (type === 'refusal') return
    if (/failed|refused/.test(type)) log.warn(type, facts)
    else log.info(type, facts)
  }
}

/** What the listeners were opened with cannot change while they are open. @throws TypeError that names the member. */
function checkSameServer(before: Loaded, after: Loaded): void {
  for (const name of ['dialects', 'listen', 'admin', 'trust', 'drainSeconds', 'log'] as const)
    if (JSON.stringify(before.server[name]) !== JSON.stringify(after.server[name]))
      throw new TypeError(`${name} has changed, and needs a restart`)
}

/** Resolves to the first signal to stop. The second one ends the process at once. */
async function signalToStop(): Promise<string> {
  return new Promise((resolve) => {
    let signals = 0
    const stop = (signal: string): void => {
      if (++signals > 1) process.exit(1)
      resolve(signal)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

function memoryKeyStore(): KeyStore {
  const snapshots = new Map<string, unknown>()
  return {
    load: async (issuer) => snapshots.get(issuer),
    save: async (issuer, snapshot) => void snapshots.set(issuer, snapshot),
  }
}
