import { describe, expect, it } from 'vitest'
import { createTokenBucket, type TokenBucket } from '../../src/jwks/settings.ts'

const startMs = 1_000_000

function createSpentBucket(atMs = startMs): TokenBucket {
  const bucket = createTokenBucket(3, 10_000)
  for (let token = 0; token < 3; token++) bucket.take(atMs)
  return bucket
}

function takeAll(bucket: TokenBucket, atMs: number): number {
  let taken = 0
  while (taken < 100 && bucket.take(atMs)) taken++
  return taken
}

it('starts full, whatever the time', () => {
  for (const atMs of [-5, 0, 1, startMs]) expect(takeAll(createTokenBucket(3, 10_000), atMs)).toBe(3)
})

describe('an empty bucket', () => {
  it.each([
    [0, 0],
    [9_999, 0],
    [10_000, 1],
    [19_999, 1],
    [20_000, 2],
    [30_000, 3],
    [86_400_000, 3],
  ])('has, after %i ms, %i tokens', (afterMs, tokens) => {
    expect(takeAll(createSpentBucket(), startMs + afterMs)).toBe(tokens)
  })

  it('gains at the same pace however often it is asked', () => {
    const bucket = createSpentBucket()
    let taken = 0
    for (let ms = 1; ms <= 60_000; ms += 7) if (bucket.take(startMs + ms)) taken++
    expect(taken).toBe(5)
    expect(bucket.take(startMs + 60_000)).toBe(true)
  })

  it('keeps the part of a token that had grown when one was taken', () => {
    const bucket = createSpentBucket()
    expect(bucket.take(startMs + 15_000)).toBe(true)
    expect(bucket.take(startMs + 19_999)).toBe(false)
    expect(bucket.take(startMs + 20_000)).toBe(true)
  })

  it.each([
    [0, 10_000],
    [1, 9_999],
    [9_999, 1],
    [10_000, 0],
    [10_001, 0],
  ])('says, after %i ms, that the next token is %i ms away', (afterMs, waitMs) => {
    expect(createSpentBucket().waitMs(startMs + afterMs)).toBe(waitMs)
  })
})

it('is one refill away from its next token, counted from when the full one was taken from', () => {
  const bucket = createSpentBucket()
  bucket.take(startMs + 35_000)
  expect(takeAll(bucket, startMs + 35_000)).toBe(2)
  expect(bucket.waitMs(startMs + 35_000)).toBe(10_000)
})

it('begins to grow when a token is taken, not while it is full', () => {
  const bucket = createTokenBucket(3, 10_000)
  bucket.take(startMs)
  expect(bucket.waitMs(startMs)).toBe(0)
  expect(takeAll(bucket, startMs + 10_000 + 500_000)).toBe(3)
  expect(bucket.waitMs(startMs + 510_000)).toBe(10_000)
})

it('loses nothing when it is asked with an earlier time', () => {
  const bucket = createSpentBucket()
  bucket.refund()
  expect(takeAll(bucket, startMs - 60_000)).toBe(1)
  expect(takeAll(bucket, startMs + 10_000)).toBe(1)
})

describe('a refunded token', () => {
  it('can be taken at once, once', () => {
    const bucket = createSpentBucket()
    bucket.refund()
    expect(bucket.waitMs(startMs)).toBe(0)
    expect(takeAll(bucket, startMs)).toBe(1)
  })

  it('does not make more than a full bucket', () => {
    const bucket = createTokenBucket(3, 10_000)
    bucket.refund()
    expect(takeAll(bucket, startMs)).toBe(3)
    for (let token = 0; token < 9; token++) bucket.refund()
    expect(takeAll(bucket, startMs)).toBe(3)
  })

  it('does not delay the tokens that grow by themselves', () => {
    const bucket = createSpentBucket()
    bucket.refund()
    expect(takeAll(bucket, startMs + 10_000)).toBe(2)
  })
})

it('keeps no part of a token when it has filled up', () => {
  const bucket = createTokenBucket(3, 10_000)
  bucket.take(0)
  expect([3_609_000, 3_609_000, 3_609_000].map((nowMs) => bucket.take(nowMs))).toEqual([true, true, true])
  expect(bucket.take(3_618_999)).toBe(false)
  expect(bucket.take(3_619_000)).toBe(true)
})
