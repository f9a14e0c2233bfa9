// The API on workerd. What it needs comes as bindings.
import { env, waitUntil } from 'cloudflare:workers'
import { createApp } from './app.ts'

const { ISSUER: issuer, AUDIENCE: audience, KEEP_ALIVE } = env

export default { fetch: createApp({ issuer, audience, keepAlive: KEEP_ALIVE === 'yes' ? waitUntil : undefined }) }
