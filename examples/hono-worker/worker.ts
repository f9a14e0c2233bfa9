// The Worker. ISSUER and AUDIENCE are its variables. `waitUntil` lets a refresh of keys go on after the response.
import { env, waitUntil } from 'cloudflare:workers'
import { createApp } from './app.ts'

export default createApp({ issuer: env.ISSUER, audience: env.AUDIENCE, keepAlive: waitUntil })
