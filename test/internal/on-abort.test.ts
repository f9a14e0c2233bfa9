import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../src/internal/end-signal.ts'

describe('onAbort', () => {
  it('calls all listeners except those that have stopped', () => {
    const [one, other] = [new AbortController(), new AbortController()]
    const called: string[] = []
    const stop = ['a', 'b', 'c'].map((name) => onAbort(one.signal, () => called.push(name)))
    onAbort(other.signal, () => called.push('of the other'))
    stop[1]?.()
    one.abort()
    expect(called).toEqual(['a', 'c'])
  })

  it('has one listener on a signal for all, and none after the last has stopped', () => {
    const { signal } = new AbortController()
    const count = (): number => getEventListeners(signal, 'abort').length
    for (let round = 0; round < 2; round++) {
      const stop = Array.from({ length: 20 }, () => onAbort(signal, () => {}))
      expect(count()).toBe(1)
      for (const one of stop.slice(1)) one()
      expect(count()).toBe(1)
      stop[0]?.()
      stop[0]?.()
      expect(count()).toBe(0)
    }
  })
})
