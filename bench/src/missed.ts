// The last lines of a measurement. It measures, it does not judge: the exit code stays 0.
import { type Report, verdictOf } from './results.ts'
import type { Row } from './rows.ts'

export function reportMissed(reports: readonly Report[], rows: readonly Row[]): void {
  const missed = rows.filter((row) => verdictOf(reports, row) === '**gate missed**')
  for (const { measure } of missed) console.log(`MISSED: ${measure}`)
  console.log(`${rows.length - missed.length} of ${rows.length} gates hold.`)
}
