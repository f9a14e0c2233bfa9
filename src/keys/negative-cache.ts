// Kids that the issuer was asked for and does not have, so that a repeated made-up kid costs no look.
import { LRUCache } from 'lru-cache'

const maxKids = 1000
const absentForMs = 10_000

export interface NegativeCache {
  add(kid: string, nowMs: number): void
  has(kid: string, nowMs: number): boolean
}

/** Remembers the last 1000 absent kids for ten seconds each. */
export function createNegativeCache(): NegativeCache {
  // Made when it is first needed: it takes its whole memory at once, and most issuers never need it.
  let absentSinceMs: LRUCache<string, number> | undefined
  return {
    add(kid, nowMs) {
      absentSinceMs ??= new LRUCache({ max: maxKids })
      absentSinceMs.set(kid, nowMs)
    },
    has(kid, nowMs) {
      const sinceMs = absentSinceMs?.get(kid)
      return sinceMs !== undefined && nowMs - sinceMs < absentForMs
    },
  }
}
