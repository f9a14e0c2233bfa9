import { type Fetch, type FetchRequest, fetchOverHttp } from '../../src/internal/fetch.ts'

/** What fetches in a process that has not loaded `fetch`. */
export const overHttp: Fetch = (url, request) =>
  fetchOverHttp(globalThis.fetch, url, request as FetchRequest) as Promise<Response>
