// What test/runtimes/worker.ts uses of Cloudflare's own types.
declare module 'cloudflare:workers' {
  export const env: Readonly<Record<'ISSUER' | 'AUDIENCE' | 'KEEP_ALIVE', string>>
  export function waitUntil(work: Promise<unknown>): void
}
