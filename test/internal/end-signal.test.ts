import { describe, expect, it } from 'vitest'
import { createEndSignal, onAbort } from '../../src/internal/end-signal.ts'

describe('createEndSignal', () => {
  it('tells its listeners of the end once, and then says that it has ended, and why', () => {
    const { signal, end } = createEndSignal()
    const seen: unknown[] = []
    signal.addEventListener('abort', () => seen.push(signal.reason))
    expect([signal.aborted, signal.reason]).toEqual([false, undefined])
    end(new Error('closed'))
    end(new Error('closed again'))
    expect(seen).toEqual([new Error('closed')])
    expect([signal.aborted, signal.reason]).toEqual([true, new Error('closed')])
  })

  it('is listened to as an AbortSignal is, by as many as there are', () => {
    const { signal, end } = createEndSignal()
    let called = 0
    const stop = Array.from({ length: 20 }, () => onAbort(signal, () => called++))
    stop[0]?.()
    end(new Error('closed'))
    expect(called).toBe(19)
  })
})
