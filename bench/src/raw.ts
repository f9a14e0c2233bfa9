// The physical limit: OpenSSL alone, called in its quickest form, with everything around it prepared beforehand.
import { createPublicKey, verify } from 'node:crypto'
import type { BenchAlgorithm, Fixture } from './fixture.ts'
import type { Task } from './harness.ts'

export const raw = 'crypto.verify'

/** Bare synchronous verification of one token of the pool after the other: a KeyObject and, for ECDSA, the signature in DER. */
export function rawTask(
  { pems }: Fixture,
  { algorithm, pool, operations }: { algorithm: BenchAlgorithm; pool: readonly Buffer[]; operations: number },
): Task {
  const key = createPublicKey(pems[algorithm])
  const parts = pool.map((token) => {
    const dot = token.lastIndexOf('.')
    const signature = Buffer.from(token.toString('latin1', dot + 1), 'base64url')
    return {
      input: Buffer.from(token.subarray(0, dot)),
      signature: algorithm === 'ES256' ? derOf(signature) : signature,
    }
  })
  let at = 0
  function run(): void {
    for (let done = 0; done < operations; done++) {
      const { input, signature } = parts[at++ % parts.length] as (typeof parts)[number]
      verify('sha256', input, key, signature)
    }
  }
  return { candidate: raw, operations, run }
}

function derOf(signature: Buffer): Buffer {
  const half = signature.length / 2
  const body = Buffer.concat([integer(signature.subarray(0, half)), integer(signature.subarray(half))])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

function integer(bytes: Buffer): Buffer {
  let first = 0
  while (first < bytes.length - 1 && bytes[first] === 0) first++
  const shortest = bytes.subarray(first)
  const positive = (shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest
  return Buffer.concat([Buffer.from([0x02, positive.length]), positive])
}
