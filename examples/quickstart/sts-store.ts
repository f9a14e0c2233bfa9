// What an oidc-provider remembers: sessions, grants and codes, in memory. Its JWT access tokens it does not keep.
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'

/** Makes a store. Nothing is ever dropped from it but what is revoked: it lives as long as an example or a test. */
export function createStore(): AdapterFactory {
  const entries = new Map<string, AdapterPayload>()
  return (model) => ({
    async upsert(id, payload) {
      entries.set(`${model}:${id}`, payload)
    },
    async find(id) {
      return entries.get(`${model}:${id}`)
    },
    async findByUid(uid) {
      return [...entries].find(([key, payload]) => key.startsWith(`${model}:`) && payload.uid === uid)?.[1]
    },
    async findByUserCode() {},
    async consume(id) {
      const payload = entries.get(`${model}:${id}`)
      if (payload) payload.consumed = true
    },
    async destroy(id) {
      entries.delete(`${model}:${id}`)
    },
    async revokeByGrantId(grantId) {
      for (const [key, payload] of entries) if (payload.grantId === grantId) entries.delete(key)
    },
  })
}
