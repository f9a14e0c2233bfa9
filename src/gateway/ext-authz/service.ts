// createEnvoyService: a gateway's decisions as Envoy's gRPC service of ext_authz, version 3.
import type { handleUnaryCall, ServiceDefinition, ServiceError, UntypedServiceImplementation } from '@grpc/grpc-js'
import { checkNumber, checkOptions } from '../../internal/options.ts'
import type { Gateway } from '../gateway-options.ts'
import { readDecisionServer } from '../gateway.ts'
import { createPeerCheck, type TrustOptions } from '../peers.ts'
import { clientLines } from '../request.ts'
import { type EnvoyQuestion, readCheckRequest, writeAllowance, writeRefusal } from './messages.ts'

/** Options of `createEnvoyService`. */
export interface EnvoyServiceOptions {
  /** How long a decision may take, in milliseconds: less than `timeout` of Envoy's `grpc_service`. Default 150; Envoy's is 200. */
  readonly deadlineMs?: number
  /**
   * The peers to believe. Default: those of this machine, by loopback or a Unix socket. A secret comes as `x-claimcheck-secret` in
   * `initial_metadata` of Envoy's `grpc_service`.
   */
  readonly trust?: TrustOptions
}

/** What `server.addService(definition, implementation)` of `@grpc/grpc-js` takes. */
export interface EnvoyService {
  readonly definition: ServiceDefinition
  readonly implementation: UntypedServiceImplementation
}

/**
 * Makes the service `envoy.service.auth.v3.Authorization`. `context_extensions: { route }` of a route in Envoy may name the only route that
 * answers, by its key.
 *
 * A decision that cannot be made is the gRPC error UNAVAILABLE, not an answer: Envoy then obeys `failure_mode_allow`, which must be `false`
 * where no request may pass unseen. An untrusted peer and a question that says too little get an answer, and are refused (403).
 *
 * @example const { definition, implementation } = createEnvoyService(gateway)
 * server.addService(definition, implementation)
 * @throws TypeError for options that can never work.
 */
export function createEnvoyService(gateway: Pick<Gateway, 'routes'>, options: EnvoyServiceOptions = {}): EnvoyService {
  checkOptions('createEnvoyService()', arguments, ['deadlineMs', 'trust'], 1)
  const { deadlineMs = 150, trust } = options
  checkNumber('deadlineMs', deadlineMs, 1, 60_000)
  const decisions = readDecisionServer(gateway)
  const isTrusted = createCallCheck(trust)

  /** The bytes of a CheckResponse. `undefined`: no decision could be made. */
  async function answer(call: Call): Promise<Buffer | undefined> {
    if (!isTrusted(call))
      return writeRefusal(decisions.refuseQuestion('untrusted_peer', 'the peer is none that `trust` names', dialect))
    const question = call.request
    if (typeof question === 'string') return writeRefusal(decisions.refuseQuestion('unreadable', question, dialect))
    const { check, route } = question
    const { known } = decisions.identity
    const asked = { ...check, headers: clientLines(check.headers, known) }
    const decision = await decisions.decide(asked, dialect, { deadlineMs, ...(route !== undefined && { route }) })
    if (decision.effect === 'unavailable') return undefined
    return decision.effect === 'allow' ? writeAllowance(decision) : writeRefusal(decision)
  }

  const check: handleUnaryCall<EnvoyQuestion | string, Buffer> = (call, callback) => {
    answer(call).then(
      (response) => (response ? callback(null, response) : callback(unavailable)),
      () => callback(unavailable),
    )
  }
  return { definition, implementation: { Check: check } }
}

const dialect = 'envoy-grpc'
/** A status code of gRPC. Its text goes into Envoy's log, and not to the client. */
const unavailable: Partial<ServiceError> = { code: 14, details: 'no decision' }

const definition: ServiceDefinition = {
  Check: {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestDeserialize: readCheckRequest,
    responseSerialize: (response: Buffer) => response,
    // For clients alone.
    requestSerialize: (request: Buffer) => request,
    responseDeserialize: (response: Buffer) => response,
  },
}

type Call = Parameters<handleUnaryCall<EnvoyQuestion | string, Buffer>>[0]

const local: TrustOptions = { addresses: ['127.0.0.0/8', '::1'] }
/** Any address of TCP: `trust` itself is always given. */
const everywhere = { host: '0.0.0.0', port: 0 }
const secretHeader = 'x-claimcheck-secret'

function createCallCheck(trust: TrustOptions | undefined): (call: Call) => boolean {
  const isKnown = createPeerCheck(everywhere, trust ?? local)
  return (call) => {
    const peer = call.getPeer()
    // The peer of a Unix socket has no address.
    if (trust === undefined && peer === 'unknown') return true
    const rawHeaders = call.metadata.get(secretHeader).flatMap((value) => [secretHeader, String(value)])
    return isKnown({ socket: { remoteAddress: peer.replace(/:\d+$/, '') }, rawHeaders })
  }
}
