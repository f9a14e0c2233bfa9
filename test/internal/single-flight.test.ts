import { expect, it } from 'vitest'
import { singleFlight } from '../../src/internal/single-flight.ts'

function createWork() {
  const begun: { resolve(value: string): void; reject(error: Error): void }[] = []
  const { run: flight, isUnderWay } = singleFlight(
    () => new Promise<string>((resolve, reject) => begun.push({ resolve, reject })),
  )
  return { begun, flight, isUnderWay }
}

it('gives everyone who asks during the work the same answer', async () => {
  const { begun, flight } = createWork()
  const callers = Array.from({ length: 100 }, () => flight())
  expect(begun).toHaveLength(1)
  begun[0]?.resolve('once')
  expect(new Set(await Promise.all(callers))).toEqual(new Set(['once']))
})

it('works anew for whoever asks after the end, and says when that is', async () => {
  const { begun, flight, isUnderWay } = createWork()
  expect(isUnderWay()).toBe(false)
  const first = flight()
  expect(isUnderWay()).toBe(true)
  begun[0]?.resolve('first')
  await first
  expect(isUnderWay()).toBe(false)
  const second = flight()
  begun[1]?.resolve('second')
  expect(await second).toBe('second')
})

it('gives everyone the same failure, and does not keep it', async () => {
  const { begun, flight } = createWork()
  const callers = [flight(), flight()]
  begun[0]?.reject(new Error('broken'))
  for (const caller of callers) await expect(caller).rejects.toThrow('broken')
  const next = flight()
  begun[1]?.resolve('better')
  expect(await next).toBe('better')
})
