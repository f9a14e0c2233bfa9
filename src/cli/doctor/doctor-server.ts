// `serve --doctor`: notes what a gateway told of a probe, and plays faults, for nonces that the secret's owner has signed. Every other
// question is answered as without it.
import type { IncomingHttpHeaders } from 'node:http'
import type { DialectAnswer, Question } from '../../gateway/dialects/dialect.ts'
import { AuthError } from '../../errors/auth-error.ts'
import type { Refusal } from '../../gateway/decision.ts'
import { type DialectName, dialects } from '../../gateway/dialects/dialects.ts'
import type { Interceptor } from '../../gateway/listen.ts'
import { type GatewayCheck, valuesOf } from '../../gateway/request.ts'
import { type Clock, systemClock } from '../../internal/clock.ts'
import { refusalAnswer } from '../../server/response.ts'
import { type Fault, lifetimeMs, maxNonces, probeHeader, type ProbeNonce, verifyNonce } from './probe-header.ts'

/** What the decision server knows of one probe. Holds no token, no cookie and no identity. */
export interface ProbeReport {
  readonly dialect: DialectName
  /** What the gateway told of the request. A text says what was missing. */
  readonly told: Told | string
  /** The fingerprint of the recipe, where the question had one. */
  readonly recipe?: string
  /** Whether the question announced a body. */
  readonly hasBody: boolean
  /** Where a fault was played in place of an answer. */
  readonly fault?: Fault
  /** Where the question was answered by a decision. */
  readonly answer?: {
    readonly status: string
    readonly challenge: string
    readonly retryAfter: string
    readonly body: string
  }
  /** How often the gateway asked with a nonce of the probe. */
  readonly questions: number
}

export type Told = Pick<GatewayCheck, 'method' | 'target' | 'host' | 'scheme' | 'clientAddress'>

export interface DoctorServer {
  readonly intercept: Interceptor
  /** The report about a probe as JSON, for a nonce that asks for it; `null` where the gateway has not asked. Ends the probe. */
  report(headers: IncomingHttpHeaders): string | undefined
}

interface Probe {
  latestMs: number
  readonly used: Set<string>
  readonly hanging: (() => void)[]
  hasEnded: boolean
  report: ProbeReport | undefined
}

const maxHangMs = 30_000

/** What is decided while there are no keys. */
const unavailable: Refusal = {
  ...refusalAnswer(new AuthError('keys_unavailable'), {}),
  effect: 'unavailable',
  status: 503,
  reason: 'keys_unavailable',
}

const foreignAnswers: Readonly<Record<Exclude<Fault, 'hang' | 'reset' | '503'>, DialectAnswer>> = {
  500: { status: 500, headers: { 'Content-Type': 'text/html' }, body: '<h1>Internal Server Error</h1>' },
  302: { status: 302, headers: { Location: '/claimcheck-doctor' }, body: '' },
  204: { status: 204, headers: {}, body: '' },
  200: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<h1>It works!</h1>' },
}

/** Serves probes that `secret` has signed. `onFault` is called before each fault. */
export function createDoctorServer(
  secret: string,
  onFault: (fault: Fault, dialect: DialectName) => void,
  clock: Clock = systemClock,
): DoctorServer {
  const probes = new Map<string, Probe>()

  async function intercept(
    dialect: DialectName,
    question: Question,
    decide: () => Promise<DialectAnswer>,
  ): Promise<DialectAnswer | 'reset'> {
    const check = dialects[dialect].read(question)
    const taken = takeNonce(question, typeof check === 'string' ? undefined : check)
    if (!taken) return decide()
    const { probe, action } = taken
    const questions = (probe.report?.questions ?? 0) + 1
    probe.report = { dialect, told: toldOf(check), hasBody: hasBody(question), ...recipeOf(question), questions }
    if (action !== 'tell') {
      probe.report = { ...probe.report, fault: action }
      onFault(action, dialect)
    }
    if (action === 'tell' || action === '503') {
      const answer = action === 'tell' ? await decide() : dialects[dialect].write(unavailable)
      probe.report = { ...probe.report, answer: summarize(answer) }
      return answer
    }
    if (action === 'hang') await hang(probe)
    return action === 'hang' || action === 'reset' ? 'reset' : foreignAnswers[action]
  }

  /** The first nonce of the header that counts for this question. Its use ends it. */
  function takeNonce(
    question: Question,
    check: GatewayCheck | undefined,
  ): { readonly probe: Probe; readonly action: Fault | 'tell' } | undefined {
    const [value, ...more] = valuesOf(question.headers, probeHeader.toLowerCase())
    if (value === undefined || more.length > 0) return undefined
    for (const text of value.split(',', maxNonces)) {
      const nonce = verifyNonce(secret, text.trim(), check?.target)
      if (!nonce || nonce.action === 'report') continue
      // A fault is for a GET without a body: what changes something is never left without an answer.
      if (nonce.action !== 'tell' && (check?.method !== 'GET' || hasBody(question))) continue
      const probe = use(nonce)
      if (probe) return { probe, action: nonce.action }
    }
    return undefined
  }

  /** The probe of a nonce that is used for the first time, in its 60 seconds, and before the probe has ended. */
  function use({ id, action, serial, issuedMs }: ProbeNonce): Probe | undefined {
    const nowMs = clock.nowMs()
    for (const [one, { latestMs }] of probes) if (nowMs - latestMs > lifetimeMs) probes.delete(one)
    if (issuedMs > nowMs || nowMs - issuedMs > lifetimeMs) return undefined
    const probe = probes.get(id) ?? { latestMs: 0, used: new Set(), hanging: [], hasEnded: false, report: undefined }
    const name = `${action}.${serial}`
    if (probe.hasEnded || probe.used.has(name)) return undefined
    probe.used.add(name)
    probe.latestMs = Math.max(probe.latestMs, issuedMs)
    probes.set(id, probe)
    return probe
  }

  function report(headers: IncomingHttpHeaders): string | undefined {
    const nonce = verifyNonce(secret, String(headers[probeHeader.toLowerCase()]), undefined)
    const probe = nonce?.action === 'report' ? use(nonce) : undefined
    if (!probe) return undefined
    probe.hasEnded = true
    for (const end of probe.hanging) end()
    return JSON.stringify(probe.report ?? null)
  }

  return { intercept, report }
}

/** Until the probe has ended. */
async function hang({ hanging }: Probe): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, maxHangMs).unref()
    hanging.push(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function toldOf(check: GatewayCheck | string): Told | string {
  if (typeof check === 'string') return check
  const { method, target, host, scheme, clientAddress } = check
  return { method, target, host, scheme, ...(clientAddress !== undefined && { clientAddress }) }
}

function hasBody({ headers }: Question): boolean {
  const lengths = valuesOf(headers, 'content-length')
  return lengths.some((length) => length !== '0') || valuesOf(headers, 'transfer-encoding').length > 0
}

function recipeOf({ headers }: Question): { readonly recipe?: string } {
  const [recipe] = valuesOf(headers, 'x-claimcheck-recipe')
  return recipe === undefined ? {} : { recipe }
}

/** What a client should get of an answer. The identity is left out. */
function summarize({ headers, body }: DialectAnswer): NonNullable<ProbeReport['answer']> {
  const valueOf = (name: string): string => [headers[name] ?? ''].flat().join(', ')
  return {
    status: valueOf('X-Auth-Status'),
    challenge: valueOf('WWW-Authenticate'),
    retryAfter: valueOf('Retry-After'),
    body,
  }
}
