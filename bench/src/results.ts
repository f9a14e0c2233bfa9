// RESULTS.md: one part for the library and one for the frameworks, each written by its own script and left alone by the other.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Figure, quantile } from './harness.ts'
import { claimcheckNames, doesNotCheck } from './peers.ts'
import type { NodeVersion, Row } from './rows.ts'

/** One run of one workload on one Node. */
export interface Report {
  readonly node: NodeVersion
  readonly run: number
  readonly figures: readonly Figure[]
}

/** A figure over all runs: the median of their medians, and what an hour of noise makes of it. */
export interface Summary {
  readonly value: number
  readonly least: number
  readonly most: number
  readonly absolute: number | undefined
}

export const nodeVersions: readonly NodeVersion[] = ['20', '24']

export function summarize(
  reports: readonly Report[],
  { row, candidate, node }: { row: string; candidate: string; node: NodeVersion },
): Summary | undefined {
  const figures = reports
    .filter((report) => report.node === node)
    .flatMap((report) => report.figures.filter((figure) => figure.row === row && figure.candidate === candidate))
  if (figures.length === 0) return undefined
  const values = figures.map(({ value }) => value)
  const absolutes = figures.flatMap(({ absolute }) => (absolute === undefined ? [] : [absolute]))
  return {
    value: quantile(values, 0.5),
    least: quantile(
      figures.map(({ q1 }) => q1),
      0.5,
    ),
    most: quantile(
      figures.map(({ q3 }) => q3),
      0.5,
    ),
    absolute: absolutes.length > 0 ? quantile(absolutes, 0.5) : undefined,
  }
}

export function candidatesOf(reports: readonly Report[], row: string): string[] {
  const names = reports.flatMap(({ figures }) =>
    figures.filter((figure) => figure.row === row).map((figure) => figure.candidate),
  )
  return [...new Set(names)]
}

/** What became of a row: the worse of the Node versions that are judged. */
export function verdictOf(reports: readonly Report[], row: Row): string {
  const values = (row.judged ? [row.judged] : nodeVersions).flatMap((node) => {
    const summary = summarize(reports, { row: row.id, candidate: row.ours ?? 'claimcheck', node })
    return summary ? [summary.value] : []
  })
  if (values.length === 0) return 'not measured'
  const reached = (limit: number): boolean => values.every((value) => (row.atLeast ? value >= limit : value <= limit))
  if (reached(row.goal)) return 'goal'
  return reached(row.gate) ? 'gate' : '**gate missed**'
}

export function mainTable(reports: readonly Report[], rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const ours = nodeVersions.map((node) =>
      shown(summarize(reports, { row: row.id, candidate: row.ours ?? 'claimcheck', node }), row),
    )
    const sign = row.atLeast ? '≥' : '≤'
    const limits = [row.gate, row.goal].map((limit) => `${sign} ${limit}${row.unit === 'kB' ? ' kB' : ''}`)
    return cells([row.measure, ...limits, ...ours, bestPeer(reports, row), verdictOf(reports, row)])
  })
  const head = [
    'measure',
    'gate',
    'goal',
    'claimcheck, Node 20',
    'claimcheck, Node 24',
    'best peer, 20 / 24',
    'verdict',
  ]
  return [cells(head), cells(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...lines].join('\n')
}

function bestPeer(reports: readonly Report[], row: Row): string {
  if (row.id.startsWith('growth')) return '–'
  const [best] = candidatesOf(reports, row.id)
    .filter((name) => !claimcheckNames.includes(name) && name in doesNotCheck)
    .map((candidate) => {
      const both = nodeVersions.map((node) => summarize(reports, { row: row.id, candidate, node }))
      return { candidate, both, worst: both.reduce((sum, one) => sum + (one?.value ?? 0), 0) }
    })
    .toSorted((a, b) => (row.atLeast ? b.worst - a.worst : a.worst - b.worst))
  return best ? `${best.both.map((one) => shown(one, row, false)).join(' / ')} ${best.candidate}` : '–'
}

/** Every candidate of a row, by wall time and by the main thread's CPU where both were measured. */
export function details(reports: readonly Report[], row: Row): string {
  const byMain = { ...row, id: `${row.id}-main` }
  const tables = [`### ${row.measure}`, detailTable(reports, row)]
  if (candidatesOf(reports, byMain.id).length > 0)
    tables.push('By CPU of the main thread:', detailTable(reports, byMain))
  return tables.join('\n\n')
}

/** What stands behind the ratios of a row, when not microseconds of an operation. */
const units: Readonly<Record<string, string>> = {
  import: 'ms',
  start: 'ms',
  ...Object.fromEntries(
    ['fastify', 'express', 'hono', 'koa'].flatMap((framework) => [
      [framework, 'requests/s'],
      [`${framework}-cpu`, 'requests/s of CPU'],
    ]),
  ),
}

/** With what is behind the ratios. */
export function detailTable(reports: readonly Report[], row: Row): string {
  const lines = candidatesOf(reports, row.id).map((candidate) => {
    const both = nodeVersions.map((node) => summarize(reports, { row: row.id, candidate, node }))
    const absolutes = both.map((one) => (one?.absolute === undefined ? '–' : precise(one.absolute)))
    return cells([candidate, ...both.map((one) => shown(one, row)), absolutes.join(' / ')])
  })
  const unit = units[row.id] ?? 'µs'
  const head = ['', 'Node 20', 'Node 24', `${unit}, 20 / 24`]
  return [cells(head), cells(['---', '---:', '---:', '---:']), ...lines].join('\n')
}

/** Replaces the part of the file between its two marks, or appends it. */
export function writePart(file: string, part: string, text: string): void {
  const [start, end] = [`<!-- ${part} -->`, `<!-- end of ${part} -->`]
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '# Results\n\nHow to read them: [README.md](README.md).\n'
  const fresh = `${start}\n\n${text}\n\n${end}\n`
  const [before, rest] = [old.indexOf(start), old.indexOf(end)]
  const whole =
    before < 0 || rest < before ? `${old}\n${fresh}` : old.slice(0, before) + fresh + old.slice(rest + end.length + 1)
  writeFileSync(file, whole)
}

function shown(summary: Summary | undefined, { unit }: Row, range = true): string {
  if (!summary) return '–'
  const value = `${precise(summary.value)}${unit === 'kB' ? ' kB' : ''}`
  return range ? `${value} (${precise(summary.least)}–${precise(summary.most)})` : value
}

function precise(value: number): string {
  if (value >= 100) return Math.round(value).toString()
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`
}
