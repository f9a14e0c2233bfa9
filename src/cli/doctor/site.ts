// The gateway under test: sends a probe, and sees it from three sides.
import type { Arrival, Echo } from './echo.ts'
import type { ProbeReport, Told } from './doctor-server.ts'
import { createProbeId, type Fault, probeHeader } from './probe-header.ts'
import type { Reports } from './reports.ts'
import { type Answer, cutOff, sendRequest, type WireRequest } from './wire.ts'

/** A probe, where it differs from `GET` of the path with the token. */
export interface Probe extends Partial<Omit<WireRequest, 'lines'>> {
  /** In place of the gateway. */
  readonly server?: URL
  readonly host?: string
  /** Header lines, besides Host and Authorization. */
  readonly lines?: readonly string[]
  /** In place of the token. `null` sends none. */
  readonly authorization?: string | null
}

/** One probe, as it was seen. */
export interface Sighting {
  readonly probe: Probe
  readonly sent: string
  readonly target: string
  readonly host: string
  /** What the client got. A text says why there is no answer. */
  readonly answer: Answer | string
  /** What the decision server knows. `null` when it was not asked, `undefined` without `--secret`. */
  readonly report: ProbeReport | null | undefined
  /** What the gateway told, where it told all. */
  readonly told: Told | undefined
  /** What reached the echo. */
  readonly arrival: Arrival | undefined
}

export interface SiteOptions {
  readonly url: URL
  readonly path: string
  readonly token: string | undefined
  readonly identity: readonly string[]
  readonly fingerprint: string
  /** Each route with who may pass it. */
  readonly routes: readonly { readonly key: string; readonly access: string }[]
  readonly upstream: URL | undefined
}

export interface Site extends SiteOptions {
  /** The plain request: what the others are compared with. */
  readonly control: Sighting
  readonly hasReports: boolean
  /** The plain request reached the echo. */
  readonly hasEcho: boolean
  send(probe: Probe, fault?: Fault): Promise<Sighting>
}

/** @throws Error when a side cannot be asked. */
export async function openSite(
  options: SiteOptions,
  reports: Reports | undefined,
  echo: Echo | undefined,
): Promise<Site> {
  const { url, path, token } = options
  let toldPath = path

  async function send(probe: Probe, fault?: Fault): Promise<Sighting> {
    const { method = 'GET', target = path, server = url, host = server.host, lines = [], body } = probe
    const { authorization = token === undefined ? null : `Bearer ${token}` } = probe
    const id = createProbeId()
    const value = reports?.sign(id, fault && { fault, target: toldPath }) ?? id
    const hasConnection = lines.some((line) => /^connection:/i.test(line))
    const all = [
      `Host: ${host}`,
      `${probeHeader}: ${value}`,
      ...(hasConnection ? [] : ['Connection: close']),
      ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
      ...lines,
    ]
    echo?.expect(value)
    const answer = await sendRequest(server, { method, target, lines: all, ...(body !== undefined && { body }) })
    const report = await reports?.fetch(id)
    const [arrival] = echo?.take(value) ?? []
    const told = typeof report?.told === 'object' ? report.told : undefined
    const differs = [
      ...(server === url ? [] : [`to ${server.host}`]),
      ...(host === server.host ? [] : [`Host: ${host}`]),
      ...(probe.authorization === undefined ? [] : [probe.authorization === null ? 'no token' : 'a bad credential']),
      ...lines,
    ]
    const sent = [`${method} ${target}`, ...differs].join(', ')
    return { probe, sent, target, host, answer, report, told, arrival }
  }

  const control = await send({})
  toldPath = control.told?.target ?? path
  return {
    ...options,
    control,
    hasReports: reports !== undefined,
    hasEcho: control.arrival !== undefined,
    send,
  }
}

/** Whether the request came through: it reached the echo, or was answered with 2xx. */
export function hasPassed({ answer, arrival }: Sighting): boolean {
  return arrival !== undefined || (typeof answer === 'object' && answer.status >= 200 && answer.status < 300)
}

/** Whether something was seen to become of the request. Nothing was by a failed connection, by waiting, and by a limit of requests. */
export function isSettled({ answer, arrival }: Sighting): boolean {
  return arrival !== undefined || (typeof answer === 'string' ? answer === cutOff : answer.status !== 429)
}

/** What was seen, for people. */
export function describe({ answer, report, told, arrival }: Sighting): string {
  const client = typeof answer === 'string' ? answer : `${answer.status}`
  const server = report === null ? 'the decision server was not asked' : ''
  const fault = report?.fault === undefined ? '' : `the decision server played ${report.fault}`
  const from = told?.clientAddress === undefined ? '' : `, from ${told.clientAddress}`
  const said = told ? `told ${told.method} ${told.target} of ${told.host} (${told.scheme})${from}` : ''
  const missing = typeof report?.told === 'string' ? report.told : ''
  const upstream = arrival ? `the API got ${arrival.method} ${arrival.target}` : ''
  return [client, server, fault, said, missing, upstream].filter((part) => part !== '').join('; ')
}
