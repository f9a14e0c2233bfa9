// Each property a few hundred times, and every case that once failed.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { properties } from './properties.ts'
import failed from './failed.json' with { type: 'json' }

it.each(Object.entries(properties))('holds for any input: %s', { timeout: 60_000 }, async (_, property) => {
  await fc.assert(property as fc.IAsyncProperty<unknown>, { numRuns: 300, seed: 20_261_128 })
})

it.each(failed)('holds for what once failed: $property, $seed, $path', async ({ property, seed, path }) => {
  expect(Object.keys(properties)).toContain(property)
  await fc.assert(properties[property as keyof typeof properties] as fc.IAsyncProperty<unknown>, { seed, path })
})
