// The keys of a test issuer: those that sign, those that are published, and their changes.
import type { JsonObject } from '../internal/json.ts'
import type { Algorithm } from '../crypto/algorithms.ts'
import { createSigningKey, publicJwk, type SigningKey } from './signing-key.ts'

export interface KeyRing {
  /** The key that signs with `algorithm` now. @throws TypeError when the issuer does not sign with it. */
  current(algorithm?: Algorithm): SigningKey
  /** A key of the same kind that the issuer never had. */
  foreignKey(key: SigningKey): SigningKey
  /** The public JWKs, oldest first. */
  published(): readonly JsonObject[]
  /** The answer of a key server at `nowMs`: all keys, or all but one while the sets flap. */
  served(nowMs: number): readonly JsonObject[]
  rotate(keepOld: boolean): void
  /** Puts new keys under the kids of the current ones. */
  replace(): void
  remove(kid: string): void
  /** From `startMs` on another key is missing for each `periodMs`, in turn. */
  flap(startMs: number, periodMs: number): void
  settle(): void
}

/** Keys that no issuer has: forged tokens are signed with them. */
const foreignKeys = new Map<Algorithm, SigningKey>()

/** Makes a ring that signs with each of `algorithms`; a key is generated when it is first needed. */
export function createKeyRing(algorithms: readonly [Algorithm, ...Algorithm[]]): KeyRing {
  let generation = 1
  let current: readonly SigningKey[] | undefined
  let published: readonly SigningKey[] | undefined
  let flapping: { readonly startMs: number; readonly periodMs: number } | undefined

  function currentKeys(): readonly SigningKey[] {
    current ??= algorithms.map((algorithm) => createSigningKey(algorithm, `${algorithm}-${generation}`))
    return current
  }

  function publishedKeys(): readonly SigningKey[] {
    published ??= currentKeys()
    return published
  }

  return {
    current(algorithm = algorithms[0]) {
      const key = algorithms.includes(algorithm) && currentKeys().find((one) => one.algorithm === algorithm)
      if (key) return key
      throw new TypeError(
        `The test issuer does not sign with ${algorithm}: write createTestIssuer(profile, { algorithms: ['${algorithm}'] }).`,
      )
    },
    foreignKey({ algorithm, kid }) {
      const key = foreignKeys.get(algorithm) ?? createSigningKey(algorithm, kid)
      foreignKeys.set(algorithm, key)
      return { ...key, kid }
    },
    published: () => publishedKeys().map(publicJwk),
    served(nowMs) {
      const keys = publishedKeys()
      const periods = flapping && Math.floor((nowMs - flapping.startMs) / flapping.periodMs)
      const missing = periods === undefined ? undefined : keys[periods % keys.length]
      return keys.filter((key) => key !== missing).map(publicJwk)
    },
    rotate(keepOld) {
      const old = publishedKeys()
      generation++
      current = undefined
      published = [...(keepOld ? old : []), ...currentKeys()]
    },
    replace() {
      const old = currentKeys()
      current = old.map(({ algorithm, kid }) => createSigningKey(algorithm, kid))
      published = [...publishedKeys().filter((key) => !old.includes(key)), ...current]
    },
    remove(kid) {
      const rest = publishedKeys().filter((key) => key.kid !== kid)
      if (rest.length === publishedKeys().length) throw new TypeError(`The test issuer publishes no key ${kid}.`)
      published = rest
    },
    flap(startMs, periodMs) {
      if (periodMs <= 0) throw new TypeError('flapKeys() needs a period, such as { hours: 3 }.')
      if (publishedKeys().length < 2)
        throw new TypeError('One key alone cannot come and go: call rotateKeys() before flapKeys().')
      flapping = { startMs, periodMs }
    },
    settle() {
      flapping = undefined
    },
  }
}
