// The header of doctor's probes, signed by HMAC-SHA-256 (RFC 2104). The secret is made at each start of `serve --doctor`, in a file.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'

export const probeHeader = 'X-Claimcheck-Probe'

/** What the decision server does in place of its answer. */
export const faults = ['hang', 'reset', '500', '503', '302', '204', '200'] as const
export type Fault = (typeof faults)[number]

/** What a nonce asks for: to tell what the gateway said of a probe, a fault, or the report about a probe, which ends it. */
export type ProbeAction = 'tell' | 'report' | Fault

/** A nonce, without its signature. */
export interface ProbeNonce {
  readonly action: ProbeAction
  /** Names the probe. */
  readonly id: string
  /** By the decision server's own clock. */
  readonly issuedMs: number
  /** Tells the nonces of one probe apart: a gateway that asks again uses up another one. */
  readonly serial: number
}

/** How long a nonce counts. */
export const lifetimeMs = 60_000
/** HAProxy asks four times, others twice. */
export const maxNonces = 6

const form =
  /^(?<action>tell|report|hang|reset|500|503|302|204|200)\.(?<id>[\w-]{22})\.(?<issued>\d{13})\.(?<serial>\d)\.(?<mac>[\w-]{43})$/

export function createProbeId(): string {
  return randomBytes(16).toString('base64url')
}

/** The value of the header: one nonce, signed. A fault is bound to `target`, and to GET. */
export function signNonce(secret: string, nonce: ProbeNonce, target?: string): string {
  const { action, id, issuedMs, serial } = nonce
  return [action, id, issuedMs, serial, macOf(secret, nonce, target).toString('base64url')].join('.')
}

/** Reads one nonce. `undefined` unless it was signed with `secret`, for the target that is told. The time is not looked at. */
export function verifyNonce(secret: string, text: string, target: string | undefined): ProbeNonce | undefined {
  const { action, id = '', issued, serial, mac = '' } = form.exec(text)?.groups ?? {}
  if (action === undefined) return undefined
  const nonce = { action: action as ProbeAction, id, issuedMs: Number(issued), serial: Number(serial) }
  const isFault = faults.includes(nonce.action as Fault)
  if (isFault && target === undefined) return undefined
  const received = Buffer.from(mac, 'base64url')
  const expected = macOf(secret, nonce, isFault ? target : undefined)
  return received.length === expected.length && timingSafeEqual(received, expected) ? nonce : undefined
}

function macOf(secret: string, { action, id, issuedMs, serial }: ProbeNonce, target: string | undefined): Buffer {
  // As JSON: no two lists have one text.
  const text = JSON.stringify([
    'claimcheck-doctor',
    action,
    id,
    issuedMs,
    serial,
    ...(target === undefined ? [] : ['GET', target]),
  ])
  return createHmac('sha256', secret).update(text).digest()
}

/** Makes a secret, and writes it to `file` for its owner alone. A file that was there is replaced, and a link not followed. */
export function createSecretFile(file: string): string {
  const secret = randomBytes(32).toString('base64url')
  const temporary = `${file}.${createProbeId()}.tmp`
  writeFileSync(temporary, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(temporary, file)
  return secret
}
