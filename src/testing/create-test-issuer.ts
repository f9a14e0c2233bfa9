// createTestIssuer: an STS for tests, in process or on loopback. Its keys are generated for each and stored nowhere, so no
// other process can sign its tokens.
import type { Fetch } from '../internal/fetch-json.ts'
import type { JsonObject } from '../internal/json.ts'
import { checkArgumentCount, checkFunction, checkOptionNames, checkString } from '../internal/options.ts'
import { type Algorithm, allAlgorithms, isAlgorithm } from '../crypto/algorithms.ts'
import { createIssuedTokens } from './issued-tokens.ts'
import { createKeyRing } from './key-ring.ts'
import { listenOnLoopback, type LoopbackServer } from './loopback-server.ts'
import type { IssuerProfile, ProfileMetadata } from './profile.ts'
import { rfc9068Like } from './profiles/rfc9068.ts'
import { createStsAnswers, type StsDocument } from './sts-answers.ts'
import { createTestClock, milliseconds } from './test-clock.ts'
import type { TestIssuer, TestIssuerOptions } from './test-issuer.ts'

/**
 * Makes an STS for tests that speaks like `profile`. Default: an issuer that follows RFC 9068. Not for production: code that
 * holds the object gets any token.
 *
 * @example
 * const sts = createTestIssuer(entraLike({ tenant, clientId }))
 * const guard = createGuard({ issuer: entra({ tenant, clientId }), fetch: sts.fetch, clock: sts.clock })
 * await request(app).get('/orders').set('Authorization', `Bearer ${sts.token({ scp: 'Orders.Read' })}`)
 * @throws TypeError for options that are misspelt or can never work.
 */
export function createTestIssuer(profile: IssuerProfile = rfc9068Like(), options: TestIssuerOptions = {}): TestIssuer {
  checkArgumentCount('createTestIssuer()', arguments, 2)
  checkProfile(profile)
  checkOptionNames('createTestIssuer()', options, ['algorithms', 'clock'])
  const { clock = createTestClock() } = options
  let currentProfile = profile
  let server: Promise<LoopbackServer> | undefined
  let driftMs = 0
  const algorithms = readAlgorithms(options.algorithms ?? profile.algorithms ?? ['RS256'])
  const ring = createKeyRing(algorithms)
  const answers = createStsAnswers(findDocument)
  const { issue, makeInvalid } = createIssuedTokens({
    ring,
    clock,
    profile: () => currentProfile,
    driftMs: () => driftMs,
  })

  function findDocument(url: string): StsDocument | undefined {
    const metadata = currentProfile.metadata.find((one) => one.url === url)
    if (metadata) return { part: 'metadata', body: () => completeMetadata(metadata, algorithms) }
    const keySet = currentProfile.keySets.find((one) => one.url === url)
    if (!keySet) return undefined
    const { jwk = (one: JsonObject) => one } = keySet
    return { part: 'keys', body: () => ({ keys: ring.served(clock.nowMs()).map(jwk) }) }
  }

  const addresses = (): readonly string[] =>
    [...currentProfile.metadata, ...currentProfile.keySets].map(({ url }) => url)

  const fetch: Fetch = async (url, init) => {
    const signal = init?.signal ?? new AbortController().signal
    signal.throwIfAborted()
    const { host } = new URL(url)
    const hosts = [...new Set(addresses().map((address) => new URL(address).host))]
    if (hosts.includes(host)) return answers.answer(url, signal)
    throw new Error(`the test issuer ${currentProfile.name} answers ${hosts.join(', ')}, not ${host}`)
  }

  async function listen({ port = 0 }: { readonly port?: number } = {}): Promise<string> {
    if (!currentProfile.at)
      throw new TypeError(`The address of ${currentProfile.name} is fixed: give the issuer's fetch to the verifier.`)
    if (server) throw new TypeError('The test issuer listens already.')
    server = listenOnLoopback(port, answers.answer)
    try {
      currentProfile = currentProfile.at((await server).origin)
      return currentProfile.issuer
    } catch (error) {
      server = undefined
      throw error
    }
  }

  async function close(): Promise<void> {
    answers.drop()
    const closing = server
    server = undefined
    await (await closing)?.close()
  }

  return {
    get issuer() {
      return currentProfile.issuer
    },
    get audience() {
      return currentProfile.audience
    },
    get addresses() {
      return addresses()
    },
    get requests() {
      return { ...answers.requests }
    },
    get kids() {
      return ring.published().map(({ kid }) => String(kid))
    },
    clock,
    fetch,
    token: (claims, tokenOptions) => issue('user', claims, tokenOptions),
    applicationToken: (claims, tokenOptions) => issue('application', claims, tokenOptions),
    idToken: (claims, tokenOptions) => issue('id', claims, tokenOptions),
    badToken: makeInvalid,
    rotateKeys(how = {}) {
      checkOptionNames('rotateKeys()', how, ['keepOld'])
      ring.rotate(how.keepOld ?? true)
    },
    replaceKeys: ring.replace,
    removeKey: (kid = ring.current().kid) => ring.remove(kid),
    flapKeys: (period = { hours: 3 }) => ring.flap(clock.nowMs(), milliseconds('flapKeys()', period)),
    outage(kind, how = {}) {
      checkOptionNames('outage()', how, ['only'])
      answers.outage(kind, how.only)
    },
    recover() {
      ring.settle()
      answers.recover()
    },
    setDrift(drift) {
      driftMs = milliseconds('setDrift()', drift)
    },
    listen,
    close,
  }
}

/** The document with all that OpenID Connect Discovery §3 requires, and RFC 8414 §2. The endpoints answer 404: tokens are the test's alone. */
function completeMetadata({ url, document }: ProfileMetadata, algorithms: readonly Algorithm[]): JsonObject {
  const place = url.replace(/\/\.well-known\/[^/?]+|\?.*$/g, '')
  return {
    authorization_endpoint: `${place}/authorize`,
    token_endpoint: `${place}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
    ...document,
  }
}

/** A custom profile may be written in JavaScript. */
function checkProfile(profile: IssuerProfile): void {
  for (const name of ['name', 'issuer', 'audience'] as const) checkString(`profile.${name}`, profile?.[name])
  if (!Array.isArray(profile.metadata)) throw new TypeError('profile.metadata must be a list.')
  if (!Array.isArray(profile.keySets) || profile.keySets.length === 0)
    throw new TypeError('profile.keySets must be a list of at least one.')
  const { user, application, id } = profile.tokens ?? {}
  if (!user && !application) throw new TypeError('profile.tokens must have user or application.')
  checkFunction('profile.tokens.id.claims', id?.claims)
}

function readAlgorithms(algorithms: readonly Algorithm[]): readonly [Algorithm, ...Algorithm[]] {
  const [first, ...rest] = new Set(Array.isArray(algorithms) ? (algorithms as readonly Algorithm[]) : [])
  if (first === undefined || ![first, ...rest].every(isAlgorithm))
    throw new TypeError(`algorithms must be a list of ${allAlgorithms.join(', ')}.`)
  return [first, ...rest]
}
