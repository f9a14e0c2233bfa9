// The events of Lambda authorizers: TOKEN and REQUEST of REST APIs, REQUEST 1.0 and 2.0 of HTTP APIs. Each tells a request in its own way.
// AWS writes an event, and the client chooses what stands in its path, its query and its headers.
import { isJsonObject, type JsonObject } from '../../internal/json.ts'
import type { GatewayCheck, HeaderLine } from '../request.ts'

/** An event, read. */
export interface AuthorizerRequest {
  readonly check: GatewayCheck
  /** The request as a policy document names it. The client chose its end. */
  readonly arn: string
  /** All requests of the stage. */
  readonly stageArn: string
  readonly isVersion2: boolean
  /** The ARN names one request, and not every one that comes to the route `$default`. */
  readonly isExact: boolean
  /** A TOKEN event tells no host, no query and no header but one. */
  readonly tellsHost: boolean
  /** What API Gateway remembers an answer by, where the event tells it. */
  readonly identitySource: readonly string[] | undefined
}

/** Stands where no host was told: a name that no host has (RFC 2606). */
const unknownHost = 'unknown.invalid'

/** @throws Error for what is no event of an authorizer, such as the one of a WebSocket API. API Gateway answers 500 to it. */
export function readEvent(event: unknown): AuthorizerRequest {
  if (!isJsonObject(event)) throw notAnEvent('it is no object')
  const isVersion2 = event.version === '2.0'
  const arn = readArn(isVersion2 ? event.routeArn : event.methodArn)
  if (event.type === 'TOKEN') return { ...arn, ...tokenRequest(event, arn), isVersion2: false, isExact: true }
  if (event.type !== 'REQUEST') throw notAnEvent('its type is neither TOKEN nor REQUEST')
  const context = objectIn(event, 'requestContext')
  const http = objectIn(context, 'http')
  const method = isVersion2 ? http.method : event.httpMethod
  const path = textIn(event, isVersion2 ? 'rawPath' : 'path')
  // REST APIs tell the path as it was sent. HTTP APIs have decoded it, and give their payload a version.
  const target = agreedPath(event.version === undefined ? path : asSent(path), arn)
  const query = isVersion2 ? textIn(event, 'rawQueryString') : queryOf(event)
  const domainName = typeof context.domainName === 'string' ? context.domainName : undefined
  // Its `path` begins with the base path of a domain, and nothing tells that from the path behind it. `rawPath` of payload 2.0 never does.
  if (arn.path === undefined && !isVersion2 && !domainName?.startsWith(`${apiIdIn(arn)}.execute-api.`))
    throw new Error('claimcheck: the route $default on a custom domain needs payload 2.0')
  const clientAddress = isVersion2 ? http.sourceIp : objectIn(context, 'identity').sourceIp
  return {
    ...arn,
    isVersion2,
    isExact: arn.path !== undefined,
    tellsHost: domainName !== undefined,
    identitySource: event.identitySource === undefined ? undefined : textsOf(event.identitySource),
    check: {
      // Without a method or a target that all tellings agree about, the gateway answers 400.
      method: typeof method === 'string' && (arn.method ?? method) === method ? method : '',
      target: query === '' ? target : `${target}?${query}`,
      host: domainName ?? unknownHost,
      scheme: 'https',
      headers: linesOf(event),
      ...(typeof clientAddress === 'string' && { clientAddress }),
    },
  }
}

interface Arn {
  readonly arn: string
  readonly stageArn: string
  readonly stage: string
  /** Both are absent for the route `$default` of an HTTP API. */
  readonly method?: string
  readonly path?: string
}

/** Splits at slashes: a path may hold any number of colons. */
function readArn(arn: unknown): Arn {
  const form = /^(arn:[^/*?]+\/([\w$-]+))\/(?:([A-Z]+)(\/.*)?|\$default)$/s
  const [, start, stage, method, path = '/'] = form.exec(typeof arn === 'string' ? arn : '') ?? []
  if (typeof arn !== 'string' || start === undefined || stage === undefined)
    throw notAnEvent('its ARN is not of a method or a route')
  return { arn, stageArn: `${start}/*`, stage, ...(method !== undefined && { method, path }) }
}

function apiIdIn({ arn }: Arn): string | undefined {
  return arn.split(/[:/]/)[5]
}

type TokenRequest = Pick<AuthorizerRequest, 'check' | 'tellsHost' | 'identitySource'>

function tokenRequest(event: JsonObject, { method = '', path = '' }: Arn): TokenRequest {
  const credential = textIn(event, 'authorizationToken')
  return {
    tellsHost: false,
    identitySource: [credential],
    check: {
      method,
      // The documents do not say whether this one is decoded: an escape in it has two readings, and none is taken.
      target: asSent(path),
      host: unknownHost,
      scheme: 'https',
      headers: [['Authorization', credential]],
    },
  }
}

/** A decoded path as a client may have sent it. An escape that is left in it was encoded twice, and the gateway refuses that. */
function asSent(path: string): string {
  if (!path.isWellFormed()) return ''
  return path.replace(/[^\w\-.~!$&'()*+,;=:@/]/gu, encodeURIComponent)
}

/**
 * The path behind the stage or the base path of a domain, which some events put before it. Empty when the ARN tells another one: the
 * answer would be about a request that was not asked about.
 */
function agreedPath(told: string, { stage, path: inArn }: Arn): string {
  if (inArn === undefined) return behindStage(told, stage)
  const [segments, expected] = [segmentsOf(told), segmentsOf(inArn)]
  const before = segments.length - expected.length
  if (!told.startsWith('/') || before < 0 || !segments.slice(0, before).every(isOfBasePath)) return ''
  const path = segments.slice(before).join('/')
  return decode(path) === decode(expected.join('/')) ? `/${path}` : ''
}

/** The ARN of `$default` tells no path. With the stage before it, `/test/admin` would miss the route `/admin` and find a wider one. */
function behindStage(told: string, stage: string): string {
  if (stage === '$default') return told
  if (told === `/${stage}`) return '/'
  return told.startsWith(`/${stage}/`) ? told.slice(stage.length + 1) : ''
}

/** The characters of an API mapping, by the documents. Dot segments and other signs before the path are another way to write one. */
function isOfBasePath(segment: string): boolean {
  return /^(?!\.+$)[\w$\-.+!*'()]+$/.test(segment)
}

function segmentsOf(path: string): readonly string[] {
  const inner = path.slice(1, path.endsWith('/') ? -1 : undefined)
  return inner === '' ? [] : inner.split('/')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function queryOf(event: JsonObject): string {
  const parameters = valuesIn(event.multiValueQueryStringParameters)
  return new URLSearchParams(parameters.length > 0 ? parameters : valuesIn(event.queryStringParameters)).toString()
}

/**
 * Every header line that the event tells. `headers` hides a second `Authorization` line, and two spellings of one name are two lines. A
 * value that only one of the two members has is one more line.
 */
function linesOf(event: JsonObject): readonly HeaderLine[] {
  const lines = valuesIn(event.multiValueHeaders)
  const known = new Set(lines.map(lineKey))
  return [...lines, ...valuesIn(event.headers).filter((line) => !known.has(lineKey(line)))]
}

function lineKey([name, value]: readonly [string, string]): string {
  return `${name.toLowerCase()}:${value}`
}

/** The members of a map whose values are texts or lists of texts. Tests in the console of AWS send `null` for a map. */
function valuesIn(map: unknown): [string, string][] {
  if (map === undefined || map === null) return []
  if (!isJsonObject(map)) throw notAnEvent('a map of it is none')
  return Object.entries(map).flatMap(([name, values]) =>
    textsOf(values).map((value): [string, string] => [name, value]),
  )
}

function textsOf(values: unknown): readonly string[] {
  const list: readonly unknown[] = values === undefined || values === null ? [] : [values].flat()
  if (!list.every((value) => typeof value === 'string')) throw notAnEvent('a value of it is no text')
  return list
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isJsonObject(value) ? value : {}
}

function textIn(object: JsonObject, name: string): string {
  const value = object[name]
  if (typeof value !== 'string') throw notAnEvent(`its ${name} is no text`)
  return value
}

function notAnEvent(reason: string): Error {
  return new Error(`claimcheck: this is no event of a Lambda authorizer that is known here (${reason})`)
}
