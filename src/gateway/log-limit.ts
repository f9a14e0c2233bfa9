// Bounds what a stranger can make a log hold: questions are refused before their peer is known, and a flood of them would fill a disk.
import { type Clock, createSteadyClock } from '../internal/clock.ts'

interface Window {
  readonly startMs: number
  told: number
  leftOut: number
}

const intervalMs = 60_000
const perInterval = 10

/**
 * Makes the limit: ten lines a minute for each `kind`. Returns how many were left out since the last line, and `undefined` for one
 * more to leave out. The kinds are few and fixed: none is made of what a peer sent.
 */
export function createLogLimit(clock: Clock): (kind: string) => number | undefined {
  const steady = createSteadyClock(clock)
  const windows = new Map<string, Window>()
  return (kind) => {
    const nowMs = steady.nowMs()
    const known = windows.get(kind)
    const isOver = !known || nowMs - known.startMs >= intervalMs
    const window = isOver ? { startMs: nowMs, told: 0, leftOut: known?.leftOut ?? 0 } : known
    windows.set(kind, window)
    if (window.told >= perInterval) return void window.leftOut++
    const { leftOut } = window
    window.told++
    window.leftOut = 0
    return leftOut
  }
}
