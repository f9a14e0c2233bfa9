// The order of unknown kids that cost a fetch each. Kids that were asked for more often go first: a client with a good token comes
// again, and a flood of made-up kids would have to ask as often for each of them.
import { LRUCache } from 'lru-cache'
import { createRateLimit } from './budgets.ts'

const second = 1000

const fetchesPerSecond = 5
const maxWaitingKids = 1000
/** A kid that is asked for less often than this is as new as any other. */
const forgottenAfterMs = 10 * second

export interface KidQueue {
  /** Notes that `kid` was asked for. Returns the kids to fetch now: any that go before it, and `kid` itself where its turn has come. */
  ask(kid: string, nowMs: number): readonly string[]
}

interface WaitingKid {
  readonly asked: number
  readonly lastMs: number
}

/** Grants five turns in any second. */
export function createKidQueue(): KidQueue {
  const waiting = new LRUCache<string, WaitingKid>({ max: maxWaitingKids })
  const turns = createRateLimit(fetchesPerSecond, second)

  function note(kid: string, nowMs: number): void {
    const earlier = waiting.get(kid)
    const isForgotten = !earlier || nowMs - earlier.lastMs >= forgottenAfterMs
    waiting.set(kid, { asked: isForgotten ? 1 : earlier.asked + 1, lastMs: nowMs })
  }

  /** `kid` itself unless others were asked for more often. */
  function next(kid: string, nowMs: number): string {
    let first = kid
    let most = waiting.peek(kid)?.asked ?? 0
    for (const [other, { asked, lastMs }] of waiting.entries()) {
      if (asked <= most || nowMs - lastMs >= forgottenAfterMs) continue
      first = other
      most = asked
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
