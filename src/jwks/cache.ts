// Answers look-ups from the keys of one issuer, within the bounds of settings.ts. Rotations cause no failures, and floods of
// tokens cause few fetches. A good token is never refused only because no fetch was made.
import { createSteadyClock } from '../internal/clock.ts'
import { type MaybePromise, isPromise } from '../internal/maybe-promise.ts'
import { printable } from '../internal/json.ts'
import { createKeyBudgets, createNegativeCache, type KeyBudgets } from './settings.ts'
import type { KeyQuery, KeySource, VerificationKey } from './key-source.ts'
import { createRefresher, type RefresherParts } from './refresher.ts'

export interface KeyCacheParts extends RefresherParts {
  /** Caches of one issuer share theirs. Default: budgets for this cache alone. */
  readonly budgets?: KeyBudgets
}

/** A signature that the key of its `kid` did not make. `begunBefore` counts the loads begun when its token was seen. */
interface BadSignature {
  readonly query: KeyQuery
  readonly failed: VerificationKey
  readonly begunBefore: number
}

const floodHint =
  'many tokens named keys that the issuer does not have, and the budget for looking is spent: this token may name a new key'
const replacedHint =
  'the known key of this kid did not make the signature, and the issuer cannot be asked right now whether it has replaced that key'

/**
 * Serves the keys that `parts.load` returns. Loads again for an unknown `kid`, and for a signature that the key of its `kid`
 * did not make. Only a load that began after the token was seen proves the token bad. Without one the answer is
 * `keys_unavailable`.
 */
export function createKeyCache(parts: KeyCacheParts): Required<KeySource> {
  const { issuer, settings, network, budgets = createKeyBudgets(settings) } = parts
  const { emit } = network
  const clock = createSteadyClock(network.clock)
  const refresher = createRefresher({ ...parts, network: { ...network, clock } })
  const absentKids = createNegativeCache()

  function findKey(query: KeyQuery): MaybePromise<VerificationKey | undefined> {
    const nowMs = clock.nowMs()
    const begunBefore = refresher.loadsBegun()
    const pending = refresher.ready(nowMs)
    return isPromise(pending)
      ? pending.then(() => find(query, begunBefore, clock.nowMs()))
      : find(query, begunBefore, nowMs)
  }

  function find(query: KeyQuery, begunBefore: number, nowMs: number): MaybePromise<VerificationKey | undefined> {
    const selection = refresher.usable(nowMs).select(query)
    if (selection.key) return selection.key
    if (selection.missing === 'ambiguous' || isAbsent(query.kid, begunBefore, nowMs)) return undefined
    // A load under way costs no budget.
    const loading = refresher.isLoading(nowMs) ? refresher.refresh() : refreshForUnknown(query.kid, nowMs)
    return loading.then((loaded) => {
      if (!loaded) throw refresher.unavailable()
      return find(query, begunBefore, clock.nowMs())
    })
  }

  /** Whether a load that began after the `kid` was first seen ended without it, now or less than 10 s ago. */
  function isAbsent(kid = '', begunBefore: number, nowMs: number): boolean {
    if (refresher.lastSuccess() > begunBefore) absentKids.add(kid, nowMs)
    return absentKids.has(kid, nowMs)
  }

  /** @throws AuthError synchronously when the budget is spent: a flood must not even cost promises. */
  function refreshForUnknown(kid = '', nowMs: number): Promise<boolean> {
    if (refresher.mustWait(nowMs)) throw refresher.unavailable()
    if (!budgets.unknownKids.take(nowMs)) throw refresher.unavailable(budgets.unknownKids.waitMs(nowMs), floodHint)
    emit({ type: 'keys.unknown_kid', issuer, kid: printable(kid) })
    return refresher.refresh().then((loaded) => {
      // A failing STS must not use up the budget of the kids that come after its outage.
      if (!loaded) budgets.unknownKids.refund()
      return loaded
    })
  }

  function findOther(bad: BadSignature, nowMs: number): MaybePromise<VerificationKey | undefined> {
    const { key } = refresher.usable(nowMs).select(bad.query)
    // The same material cannot verify the signature either.
    if (key && key.material !== bad.failed.material) return key
    if (refresher.lastSuccess() > bad.begunBefore) return undefined
    if (refresher.isLoading(nowMs)) return lookForOther(bad, false)
    if (refresher.mustWait(nowMs)) return answerIndeterminate(nowMs)
    if (!budgets.replacedKeys.take(nowMs)) return answerIndeterminate(nowMs, budgets.replacedKeys.waitMs(nowMs))
    return lookForOther(bad, true)
  }

  async function lookForOther(bad: BadSignature, isInitiator: boolean): Promise<VerificationKey | undefined> {
    const loaded = await refresher.refresh()
    if (!loaded && isInitiator) budgets.replacedKeys.refund()
    if (!loaded) return answerIndeterminate(clock.nowMs())
    const other = await findOther(bad, clock.nowMs())
    if (other && isInitiator) emit({ type: 'keys.replaced', issuer, kid: printable(bad.query.kid ?? '') })
    return other
  }

  /**
   * Answers when a load was due and could not be made. Until that load, a forgery and a good signature of a new key look alike,
   * so the answer is 503. Beyond the limit, reached only by floods of forgeries, the token counts as bad: `undefined`.
   */
  function answerIndeterminate(nowMs: number, waitMs?: number): undefined {
    if (budgets.indeterminate.take(nowMs)) throw refresher.unavailable(waitMs, replacedHint)
  }

  return {
    findKey,
    findReplacement: (query, failed, since = refresher.loadsBegun()) =>
      findOther({ query, failed, begunBefore: since }, clock.nowMs()),
    loadsBegun: refresher.loadsBegun,
    ready: async () => void (await refresher.ready(clock.nowMs())),
    health: refresher.health,
  }
}
