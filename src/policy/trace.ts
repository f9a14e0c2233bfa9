// What a policy tree did, for people.
import { printable } from '../internal/printable.ts'
import type { Trace } from './decision.ts'

/** Writes `trace` as a table: one line for each policy that was asked, in order, members indented below their composition. */
export function formatTrace(trace: Trace): string {
  const rows = rowsOf(trace, 0)
  const width = Math.max(...rows.map(([effect]) => effect.length))
  return rows.map(([effect, policy]) => `${effect.padEnd(width)}  ${policy}`).join('\n')
}

function rowsOf(trace: Trace, depth: number): readonly (readonly [string, string])[] {
  const { policy, effect, veto, reasons = [], children } = trace
  // A composition's name only repeats the names of its members, and so do the reasons that it gathered.
  const name = children.length > 0 ? policy.replace(/\(.*$/s, '') : policy
  const why = children.length > 0 || reasons.length === 0 ? '' : ` because ${reasons.map(wordsOf).join('; ')}`
  const row = [veto ? 'veto' : effect, `${'  '.repeat(depth)}${printable(name + why)}`] as const
  return [row, ...children.flatMap((child) => rowsOf(child, depth + 1))]
}

function wordsOf({ code, message }: { readonly code: string; readonly message?: string }): string {
  return message === undefined ? code : `${code}: ${message}`
}
