import { describe, expect, it } from 'vitest'
import type { Algorithm } from '../../src/crypto/algorithms.ts'
import { isPossibleSignature } from '../../src/crypto/engine.ts'

const ones = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(1)

describe.each<[Algorithm, readonly number[], readonly number[]]>([
  ['ES256', [64], [0, 1, 63, 65, 128, 256]],
  ['ES384', [96], [64, 95, 97]],
  ['ES512', [132], [96, 131, 133]],
  ['EdDSA', [64], [0, 63, 65]],
  ['Ed25519', [64], [0, 63, 65]],
  ['RS256', [256, 257, 384, 512, 1024], [0, 64, 255]],
  ['PS512', [256, 512], [0, 64, 255]],
])('of %s', (algorithm, possible, impossible) => {
  it.each(possible)('%i bytes may be a signature, unless they are all zero', (bytes) => {
    expect(isPossibleSignature(algorithm, ones(bytes))).toBe(true)
    expect(isPossibleSignature(algorithm, new Uint8Array(bytes))).toBe(false)
  })

  it.each(impossible)('%i bytes cannot be a signature', (bytes) => {
    expect(isPossibleSignature(algorithm, ones(bytes))).toBe(false)
  })
})
