// The `fetch` that metadata, keys and decision points are asked with.

/** A `fetch`: the platform's, or one that the application gives. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The platform's `fetch` at the time of the call, so that mocks, monitoring wrappers and proxies that are set later count. */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init)
