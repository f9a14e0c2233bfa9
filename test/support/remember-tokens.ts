// A process of its own that verifies 10 000 tokens and then writes its whole memory to a file, with some pieces of the tokens
// in another. Started by test/attacks/tokens-in-memory.test.ts.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeHeapSnapshot } from 'node:v8'
import { createVerifier } from 'claimcheck'
import { oidc } from 'claimcheck/issuers'
import { audience, createToken, issuer, keyFor } from './tokens.ts'

const folder = String(process.argv[2])
const key = keyFor('ES256')
const clock = { nowMs: () => Date.UTC(2026, 10, 23, 12) }
const nowSeconds = clock.nowMs() / 1000
const { verifyToken } = createVerifier({
  issuer: oidc({ issuer, audience, jwks: { keys: [key.publicJwk] } }),
  clock,
})

/** Verifies so many tokens and lets go of each. */
async function rememberTokens(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const claims = { sub: `a-subject-that-is-remembered-${index}`, exp: nowSeconds + 300 }
    const token = createToken({ claims })
    await verifyToken(token)
    if (index % 1000 === 0) appendFileSync(join(folder, 'samples.txt'), piecesOf(token))
  }
}

/** The beginning of header and payload is the same in all tokens, so one search for it finds any of them. */
function piecesOf(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return `${header.slice(0, 24)}\n${payload.slice(0, 40)}\n${signature.slice(0, 24)}\n`
}

await rememberTokens(10_000)
writeHeapSnapshot(join(folder, 'heap.heapsnapshot'))
process.stdout.write('10000 remembered\n')
