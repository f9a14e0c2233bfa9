// A budget for work that anyone who can send a token may cause.

export interface TokenBucket {
  /** Takes one token if there is one. */
  take(nowMs: number): boolean
  /** Returns a token whose work failed. */
  refund(): void
  /** Milliseconds until there is a token. */
  waitMs(nowMs: number): number
}

/** Starts with `burst` tokens and gains one each `refillMs`, up to `burst`. */
export function createTokenBucket(burst: number, refillMs: number): TokenBucket {
  let tokens = burst
  let refilledAtMs = Number.NEGATIVE_INFINITY

  function refill(nowMs: number): void {
    if (tokens >= burst) {
      refilledAtMs = nowMs
      return
    }
    const gained = Math.floor((nowMs - refilledAtMs) / refillMs)
    if (gained <= 0) return
    tokens = Math.min(burst, tokens + gained)
    // A full bucket gains nothing, not even a part of the next token.
    refilledAtMs = tokens === burst ? nowMs : refilledAtMs + gained * refillMs
  }

  return {
    take(nowMs) {
      refill(nowMs)
      if (tokens === 0) return false
      tokens--
      return true
    },
    refund() {
      tokens = Math.min(burst, tokens + 1)
    },
    waitMs(nowMs) {
      refill(nowMs)
      return tokens > 0 ? 0 : Math.max(0, refilledAtMs + refillMs - nowMs)
    },
  }
}
