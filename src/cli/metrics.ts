// Metrics as Prometheus text. Labels are patterns of routes and codes of our tables, never paths or subjects: no client can add one.
import type { DecisionFacts } from '../gateway/decision.ts'
import type { KeyHealth } from '../jwks/key-source.ts'

export type ReloadResult = 'ok' | 'failed' | 'refused'

export interface Metrics {
  decided(decision: DecisionFacts): void
  refreshFailed(): void
  reloaded(result: ReloadResult): void
  /** All of them, with the state of the keys. */
  print(keys: readonly KeyHealth[]): string
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5]

export function createMetrics(): Metrics {
  const decisions = new Map<string, { readonly labels: string; count: number }>()
  /** Of each bucket what no smaller one holds. */
  const counts = buckets.map(() => 0)
  const reloads: Record<ReloadResult, number> = { ok: 0, failed: 0, refused: 0 }
  let totalSeconds = 0
  let total = 0
  let untrusted = 0
  let outdated = 0
  let failures = 0

  function decided({ dialect = '', route = '', effect, reason, ms, question }: DecisionFacts): void {
    // To write labels costs as much as some decisions: it is done once for each.
    const name = `${dialect} ${route} ${effect} ${reason}`
    const known = decisions.get(name)
    if (known) known.count++
    else decisions.set(name, { labels: labelsOf({ dialect, route, effect, reason: reason ?? '' }), count: 1 })
    if (question === 'untrusted_peer') untrusted++
    if (question === 'outdated_recipe') outdated++
    const seconds = ms / 1000
    totalSeconds += seconds
    total++
    const index = buckets.findIndex((limit) => seconds <= limit)
    if (index >= 0) counts[index] = (counts[index] ?? 0) + 1
  }

  function print(keys: readonly KeyHealth[]): string {
    const known = keys.map(({ issuer, keys: number, ageMs }) => ({ labels: labelsOf({ issuer }), number, ageMs }))
    const ages = known.flatMap(({ labels, ageMs }) => (ageMs === undefined ? [] : [`${labels} ${ageMs / 1000}`]))
    let below = 0
    // A bucket of Prometheus counts what the smaller ones count, too.
    const steps = buckets.map((limit, index) => `_bucket{le="${limit}"} ${(below += counts[index] ?? 0)}`)
    return [
      ...family(
        'claimcheck_decisions_total',
        'counter',
        [...decisions.values()].map(({ labels, count }) => `${labels} ${count}`),
      ),
      ...family('claimcheck_decision_seconds', 'histogram', [
        ...steps,
        `_bucket{le="+Inf"} ${total}`,
        `_sum ${totalSeconds}`,
        `_count ${total}`,
      ]),
      ...family(
        'claimcheck_keys',
        'gauge',
        known.map(({ labels, number }) => `${labels} ${number}`),
      ),
      ...family('claimcheck_keys_age_seconds', 'gauge', ages),
      ...family('claimcheck_key_refresh_failures_total', 'counter', [` ${failures}`]),
      ...family('claimcheck_untrusted_peers_total', 'counter', [` ${untrusted}`]),
      ...family('claimcheck_recipe_outdated_total', 'counter', [` ${outdated}`]),
      ...family(
        'claimcheck_config_reloads_total',
        'counter',
        Object.entries(reloads).map(([result, count]) => `${labelsOf({ result })} ${count}`),
      ),
      '',
    ].join('\n')
  }

  return { decided, refreshFailed: () => void failures++, reloaded: (result) => void reloads[result]++, print }
}

function family(name: string, type: string, samples: readonly string[]): readonly string[] {
  return [`# TYPE ${name} ${type}`, ...samples.map((sample) => `${name}${sample}`)]
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return `{${pairs.join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
