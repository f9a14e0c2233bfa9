// The keys of many tenants, created when first asked for. The caller must have allowed the tenant before.
import { LRUCache } from 'lru-cache'
import { type Clock, createSteadyClock } from '../internal/clock.ts'
import { AuthError } from '../errors/auth-error.ts'
import type { KeySource } from './key-source.ts'
import { createTokenBucket } from './settings.ts'

const maxTenants = 1000
/** New tenants at once, and the interval for one more. They bound the fetches when an application allows too many tenants. */
const newTenantBurst = 100
const newTenantRefillMs = 100

/** Creates the keys of a tenant with `create`, and keeps those of the 1000 tenants last used. Does nothing before a key is asked for. */
export function createKeysByTenant(create: (tenant: string) => KeySource, clock: Clock): (tenant: string) => KeySource {
  const sources = new LRUCache<string, KeySource>({ max: maxTenants })
  const newTenants = createTokenBucket(newTenantBurst, newTenantRefillMs)
  const steady = createSteadyClock(clock)

  function keysOf(tenant: string): KeySource {
    const existing = sources.get(tenant)
    if (existing) return existing
    const nowMs = steady.nowMs()
    if (!newTenants.take(nowMs)) {
      throw new AuthError('keys_unavailable', {
        retryAfterSeconds: newTenants.waitMs(nowMs) / 1000,
        hint: 'too many tenants became new at once',
      })
    }
    const created = create(tenant)
    sources.set(tenant, created)
    return created
  }

  return (tenant) => ({
    findKey: (query) => keysOf(tenant).findKey(query),
    findReplacement: (query, failed, since) => keysOf(tenant).findReplacement?.(query, failed, since),
    loadsBegun: (query) => sources.get(tenant)?.loadsBegun?.(query),
  })
}
