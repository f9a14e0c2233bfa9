// The order of unknown kids that cost a fetch each. Kids with more requests go first: a client with a good token tries again, a
// flood of made-up kids would have to repeat each one. Requests beyond five do not count. Then the kid that has waited longest
// goes first, or a flood that repeats each kid a hundred times would keep all others out.
import { LRUCache } from 'lru-cache'
import { createRateLimit } from './budgets.ts'

const second = 1000

const fetchesPerSecond = 5
const maxWaitingKids = 1000
const maxCounted = 5
/** A kid without a request for this long is as new as any other. */
const forgottenAfterMs = 10 * second

export interface KidQueue {
  /** Notes a request for `kid`. Returns the kids to fetch now: any that go before it, and `kid` itself when it has its turn. */
  ask(kid: string, nowMs: number): readonly string[]
}

interface WaitingKid {
  readonly asked: number
  readonly sinceMs: number
  readonly lastMs: number
}

function rankOf({ asked, sinceMs }: WaitingKid, nowMs: number): number {
  return asked < maxCounted ? asked : maxCounted + nowMs - sinceMs
}

/** Grants five turns in any second. */
export function createKidQueue(): KidQueue {
  const waiting = new LRUCache<string, WaitingKid>({ max: maxWaitingKids })
  const turns = createRateLimit(fetchesPerSecond, second)

  function note(kid: string, nowMs: number): void {
    const earlier = waiting.get(kid)
    const isForgotten = !earlier || nowMs - earlier.lastMs >= forgottenAfterMs
    const { asked, sinceMs } = isForgotten ? { asked: 0, sinceMs: nowMs } : earlier
    waiting.set(kid, { asked: asked + 1, sinceMs, lastMs: nowMs })
  }

  /** Returns `kid` unless another goes before it. */
  function next(kid: string, nowMs: number): string {
    let first = kid
    let highest = 0
    // Iterates from the latest request to the earliest, and `kid` is the latest.
    for (const [other, waits] of waiting.entries()) {
      const rank = rankOf(waits, nowMs)
      if (rank <= highest || nowMs - waits.lastMs >= forgottenAfterMs) continue
      first = other
      highest = rank
    }
    return first
  }

  return {
    ask(kid, nowMs) {
      note(kid, nowMs)
      const granted: string[] = []
      while (waiting.has(kid) && turns.take(nowMs)) {
        const first = next(kid, nowMs)
        waiting.delete(first)
        granted.push(first)
      }
      return granted
    },
  }
}
