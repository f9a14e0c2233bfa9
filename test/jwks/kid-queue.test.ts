// Whose turn it is among unknown kids.
import { expect, it } from 'vitest'
import { createKidQueue, type KidQueue } from '../../src/jwks/by-kid.ts'

const second = 1000

/** Takes the five turns of this second. */
function spend(queue: KidQueue, nowMs: number): void {
  for (let turn = 0; turn < 5; turn++) expect(queue.ask(`spent-${nowMs}-${turn}`, nowMs)).toHaveLength(1)
}

it('grants a turn at once while there are any, five in a second', () => {
  const queue = createKidQueue()
  for (const kid of ['a', 'b', 'c', 'd', 'e']) expect(queue.ask(kid, 0)).toEqual([kid])
  expect(queue.ask('f', 999)).toEqual([])
  expect(queue.ask('g', second)).toEqual(['g'])
})

it('grants the turn to a kid that was asked for more often, and then to the one that asks', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  for (const kid of ['twice', 'once', 'twice', 'thrice', 'thrice', 'thrice']) expect(queue.ask(kid, 500)).toEqual([])
  expect(queue.ask('new', second)).toEqual(['thrice', 'twice', 'new'])
})

it('grants none to a kid that was asked for only once, and does not ask now', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  for (let index = 0; index < 100; index++) queue.ask(`made-up-${index}`, 500)
  expect(queue.ask('new', second)).toEqual(['new'])
})

it('begins to count anew after a turn, and for a kid that did not come for ten seconds', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  queue.ask('real', 0)
  queue.ask('real', 0)
  queue.ask('slow', 0)
  expect(queue.ask('other', second)).toEqual(['real', 'other'])
  spend(queue, 2 * second)
  queue.ask('real', 2 * second)
  queue.ask('slow', 10 * second - 1)
  expect(queue.ask('last', 20 * second)).toEqual(['last'])
})

it.each([10, 50, 500])('keeps no real kid waiting for made-up ones that are asked for %i times each', (times) => {
  const queue = createKidQueue()
  const turns: string[] = []
  for (let nowMs = 0; nowMs < 10 * second && !turns.includes('real'); nowMs += 200) {
    for (let count = 0; count < times; count++) turns.push(...queue.ask(`made-up-${nowMs}`, nowMs))
    // Its client tries once a second, always just after the turn is gone.
    if (nowMs % second === 0) turns.push(...queue.ask('real', nowMs))
  }
  expect(turns).toContain('real')
})

it('remembers a thousand kids at most', () => {
  const queue = createKidQueue()
  spend(queue, 0)
  queue.ask('early', 0)
  queue.ask('early', 0)
  for (let index = 0; index < 1000; index++) queue.ask(`made-up-${index}`, 500)
  expect(queue.ask('new', second)).toEqual(['new'])
})
