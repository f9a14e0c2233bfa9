// Whose turn it is among unknown kids.
import { expect, it } from 'vitest'
import { createKidQueue, type KidQueue } from '../../src/jwks/by-kid.ts'

const second = 1000

/** Takes the five turns of this second. */
function spend(queue: KidQueue, nowMs: number): void {
  for (let turn = 0; turn < 5; turn++) expect(queue.request(`spent-${nowMs}-${turn}`, nowMs)).toHaveLength(1)
}

it('grants a turn at once while there are any, five in a second', () => {
  const queue = createKidQueue()
  for (const kid of ['a', 'b', 'c', 'd', 'e']) expect(queue.request(kid, 0)).toEqual([kid])
  expect(queue.request('f', 999)).toEqual([])
  expect(queue.request('g', second)).toEqual(['g'])
})

it('grants the turn to a kid with more requests, and then to the one requested now', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  for (const kid of ['twice', 'once', 'twice', 'thrice', 'thrice', 'thrice'])
    expect(queue.request(kid, 500)).toEqual([])
  expect(queue.request('new', second)).toEqual(['thrice', 'twice', 'new'])
})

it('grants no turn to a kid with one earlier request only', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  for (let index = 0; index < 100; index++) queue.request(`made-up-${index}`, 500)
  expect(queue.request('new', second)).toEqual(['new'])
})

it('begins to count anew after a turn, and for a kid that did not come for ten seconds', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  queue.request('real', 0)
  queue.request('real', 0)
  queue.request('slow', 0)
  expect(queue.request('other', second)).toEqual(['real', 'other'])
  spend(queue, 2 * second)
  queue.request('real', 2 * second)
  queue.request('slow', 10 * second - 1)
  expect(queue.request('last', 20 * second)).toEqual(['last'])
})

it.each([10, 50, 500])('keeps no real kid waiting for made-up ones with %i requests each', (times) => {
  const queue = createKidQueue()
  const turns: string[] = []
  for (let nowMs = 0; nowMs < 10 * second && !turns.includes('real'); nowMs += 200) {
    for (let count = 0; count < times; count++) turns.push(...queue.request(`made-up-${nowMs}`, nowMs))
    // Its client tries once a second, always just after the turn is gone.
    if (nowMs % second === 0) turns.push(...queue.request('real', nowMs))
  }
  expect(turns).toContain('real')
})

it('remembers a thousand kids at most', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  queue.request('early', 0)
  queue.request('early', 0)
  for (let index = 0; index < 1000; index++) queue.request(`made-up-${index}`, 500)
  expect(queue.request('new', second)).toEqual(['new'])
})
