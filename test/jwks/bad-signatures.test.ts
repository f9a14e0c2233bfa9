// A signature that the key of its kid did not make: which load can say that there is no other key, and what happens without one.
import { expect, it } from 'vitest'
import { createWarmKeyCache, keyNamed, stateOf, type TestKeyCache } from '../support/key-cache.ts'

const one = { keys: [keyNamed('a', 'one')] }
const two = { keys: [keyNamed('a', 'two')] }

function createCache(): Promise<TestKeyCache> {
  return createWarmKeyCache([], { changes: one })
}

it('is looked into once, at once, and the other key is found', async () => {
  const cache = await createCache()
  const lookup = cache.findOther('one')
  expect(await stateOf(lookup)).toBe('waiting')
  await cache.succeed([], two)
  expect((await lookup)?.material).toBe('two')
  expect(cache.events).toMatchObject([{ type: 'keys.refreshed' }, { type: 'keys.replaced', kid: 'a' }])
})

it('has no other key when a load that began after it was seen brought none', async () => {
  const cache = await createCache()
  const lookup = cache.findOther('one')
  await cache.succeed([], one)
  expect(await stateOf(lookup)).toBe('absent')
  expect(cache.loads()).toBe(2)
})

it('is not called bad because of a load that began before it was seen: the key may have been replaced meanwhile', async () => {
  const cache = await createCache()
  const first = cache.findOther('one')
  await stateOf(first)
  const second = cache.findOther('one')
  await cache.succeed([], one)
  expect(await stateOf(first)).toBe('absent')
  expect(await stateOf(second)).toBe('waiting')
  expect(cache.loads()).toBe(3)
  await cache.succeed([], two)
  expect((await second)?.material).toBe('two')
})

it('needs no load where the key was replaced since it was looked up', async () => {
  const cache = await createCache()
  expect((await cache.findOther('earlier'))?.material).toBe('one')
  expect(cache.loads()).toBe(1)
})

it('whose kid is gone by the time of the look has no other key', async () => {
  const cache = await createCache()
  const lookup = cache.findOther('one')
  await cache.succeed(['b'])
  expect(await stateOf(lookup)).toBe('absent')
})

it('joins a routine refresh for nothing, and is 503 when that fails', async () => {
  const cache = await createCache()
  cache.clock.advanceMs(300_000)
  await cache.find('a')
  const lookups = Array.from({ length: 10 }, () => cache.findOther('one'))
  await cache.fail()
  expect(await Promise.all(lookups.map(stateOf))).toEqual(Array(10).fill('503 after 1'))
  expect(cache.loads()).toBe(2)
  cache.clock.advanceMs(1000)
  // Had they paid, three looks would not be left.
  for (let looks = 0; looks < 3; looks++) {
    const lookup = cache.findOther('one')
    await cache.succeed([], one)
    expect(await stateOf(lookup)).toBe('absent')
  }
  expect(await stateOf(cache.findOther('one'))).toBe('503 after 10')
})

it('is 503 for as long as the back-off lasts, which its header says', async () => {
  const cache = await createCache()
  for (const waitMs of [1000, 2000]) {
    const lookup = cache.findOther('one')
    await cache.fail()
    expect(await stateOf(lookup)).toBe(`503 after ${waitMs / 1000}`)
    expect(await stateOf(cache.findOther('one'))).toBe(`503 after ${waitMs / 1000}`)
    cache.clock.advanceMs(waitMs)
  }
})

it('says for the operator why it is 503', async () => {
  const cache = await createCache()
  const lookup = cache.findOther('one')
  await cache.fail(new Error('out of order'))
  await expect(lookup).rejects.toMatchObject({
    hint: expect.stringContaining('whether it has replaced that key'),
    details: { cause: new Error('out of order') },
  })
})
