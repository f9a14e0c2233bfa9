// RSA keys of tests are kept from run to run, for each worker, which takes each of them once. A run needs 120, of 0.15 s each: with this,
// `npm test` takes 77 s, and without it 84. Keys of other kinds are made at once, and are new in each run.
import crypto from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { root } from '../../scripts/subpaths.ts'

interface Pair {
  readonly publicKey: string
  readonly privateKey: string
}

const folder = `${root}/node_modules/.cache/claimcheck`
const file = `${folder}/rsa-keys-${process.env['VITEST_POOL_ID'] ?? 0}.json`
const generate = crypto.generateKeyPairSync as (kind: string, options?: object) => unknown
/** What signing-key.ts and key-pairs.ts ask for. */
const usual = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}
const isUsual = (options: object): boolean => JSON.stringify(options) === JSON.stringify(usual)

function readKept(): Pair[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Pair[]
  } catch {
    return []
  }
}

function keep(pairs: readonly Pair[]): void {
  mkdirSync(folder, { recursive: true })
  const whole = `${file}.${process.pid}.tmp`
  writeFileSync(whole, JSON.stringify(pairs), { mode: 0o600 })
  renameSync(whole, file)
}

// Setup files run before each test file, this one for each worker.
if (generate.name !== 'generateOrTake') {
  const kept = readKept()
  let taken = 0
  function generateOrTake(kind: string, options: object = {}): unknown {
    if (kind !== 'rsa' || !isUsual(options)) return generate(kind, options)
    if (taken === kept.length) {
      kept.push(generate(kind, options) as Pair)
      keep(kept)
    }
    return kept[taken++]
  }
  Object.assign(crypto, { generateKeyPairSync: generateOrTake })
  syncBuiltinESMExports()
}
