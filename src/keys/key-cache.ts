// Answers look-ups from the keys of one issuer, within what strangers may cause: a rotation goes unnoticed, a flood is not
// paid for, and a good token is never called bad because nobody looked.
import { LRUCache } from 'lru-cache'
import { createSteadyClock } from '../clock.ts'
import { type Eventually, isPromise } from '../internal/eventually.ts'
import { printable } from '../internal/printable.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { createRefreshedKeys, type RefreshedKeysParts } from './refreshed-keys.ts'
import { createTokenBucket } from './token-bucket.ts'

const second = 1000
const minute = 60 * second

const absentKidMs = 10 * second
const maxAbsentKids = 1000

/**
 * Serves the keys that `parts.load` brings. Looks once more for a `kid` that it does not know, within a budget. Only a
 * load that began after an unknown `kid` was seen can call it absent; whatever else goes wrong is `keys_unavailable`.
 */
export function createKeyCache(parts: RefreshedKeysParts): Required<KeySource> {
  const { issuer, settings, emit } = parts
  const clock = createSteadyClock(parts.clock)
  const keys = createRefreshedKeys({ ...parts, clock })
  const unknownKids = createTokenBucket(settings.unknownKidBurst, settings.unknownKidRefillMs)
  const replacedKeys = createTokenBucket(1, minute)
  const absentSinceMs = new LRUCache<string, number>({ max: maxAbsentKids })

  function findKey(query: KeyQuery): Eventually<VerificationKey | undefined> {
    const nowMs = clock.nowMs()
    const begunBefore = keys.begun()
    const pending = keys.ready(nowMs)
    return isPromise(pending)
      ? pending.then(() => find(query, begunBefore, clock.nowMs()))
      : find(query, begunBefore, nowMs)
  }

  function find(query: KeyQuery, begunBefore: number, nowMs: number): Eventually<VerificationKey | undefined> {
    const selection = keys.usable(nowMs).select(query)
    if (selection.key) return selection.key
    if (selection.missing === 'none' || isAbsent(query.kid, begunBefore, nowMs)) return undefined
    return (keys.isLoading() ? keys.refresh() : refreshForUnknown(query.kid, nowMs)).then((loaded) => {
      if (!loaded) throw keys.unavailable()
      return find(query, begunBefore, clock.nowMs())
    })
  }

  /** Whether a load that began after the `kid` was first seen has ended without it, now or less than 10 s ago. */
  function isAbsent(kid = '', begunBefore: number, nowMs: number): boolean {
    if (keys.lastSuccess() > begunBefore) absentSinceMs.set(kid, nowMs)
    const sinceMs = absentSinceMs.get(kid)
    return sinceMs !== undefined && nowMs - sinceMs < absentKidMs
  }

  /** @throws AuthError at once when the budget is spent: a flood must not even cost promises. */
  function refreshForUnknown(kid = '', nowMs: number): Promise<boolean> {
    if (keys.mustWait(nowMs)) throw keys.unavailable()
    if (!unknownKids.take(nowMs)) throw keys.unavailable(unknownKids.waitMs(nowMs))
    emit({ type: 'keys.unknown_kid', issuer, kid: printable(kid) })
    return keys.refresh().then((loaded) => {
      if (!loaded) unknownKids.giveBack()
      return loaded
    })
  }

  function findReplacement(query: KeyQuery, failed: VerificationKey): Eventually<VerificationKey | undefined> {
    const nowMs = clock.nowMs()
    const newer = otherThan(failed, keys.usable(nowMs).select(query).key)
    if (newer) return newer
    const joins = keys.isLoading()
    // A budget of its own: forged signatures, which anyone can send, must not use up what unknown kids need.
    if (!joins && (keys.mustWait(nowMs) || !replacedKeys.take(nowMs))) return undefined
    return refreshForReplaced(query, failed, joins)
  }

  async function refreshForReplaced(
    query: KeyQuery,
    failed: VerificationKey,
    joins: boolean,
  ): Promise<VerificationKey | undefined> {
    const loaded = await keys.refresh()
    if (!joins && !loaded) replacedKeys.giveBack()
    const replacement = otherThan(failed, keys.usable(clock.nowMs()).select(query).key)
    if (replacement && !joins) emit({ type: 'keys.replaced', issuer, kid: printable(query.kid ?? '') })
    return replacement
  }

  return { findKey, findReplacement, ready: async () => void (await keys.ready(clock.nowMs())), health: keys.health }
}

function otherThan(failed: VerificationKey, key: VerificationKey | undefined): VerificationKey | undefined {
  return key?.material === failed.material ? undefined : key
}
