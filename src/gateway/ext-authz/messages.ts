// The messages of `envoy.service.auth.v3.Authorization`, by the field numbers of Envoy's API (envoy/service/auth/v3/external_auth.proto and
// attribute_context.proto). Field numbers stay the same for ever; fields that are not read here may come or go.
import { isIP } from 'node:net'
import type { Allowance, Refusal } from '../decision.ts'
import type { GatewayCheck, HeaderLine } from '../request.ts'
import { field, type Fields, listOf, messageIn, readFields, textIn } from './protobuf.ts'

/** A CheckRequest, read. */
export interface EnvoyQuestion {
  readonly check: GatewayCheck
  /** `route` of the context extensions: the configuration of Envoy has it, and never the client. */
  readonly route: string | undefined
}

/**
 * Reads a CheckRequest. A text says what is wrong with it, for the log: nothing is thrown, as gRPC would make an error of it, and on errors
 * `failure_mode_allow` acts.
 */
export function readCheckRequest(bytes: Uint8Array): EnvoyQuestion | string {
  try {
    return readAttributes(messageIn(readFields(bytes), 1))
  } catch (error) {
    return `Envoy sent no CheckRequest that can be read (${(error as Error).message})`
  }
}

function readAttributes(attributes: Fields): EnvoyQuestion | string {
  const http = messageIn(messageIn(attributes, 4), 2)
  const [method, target, host, scheme] = [2, 4, 5, 6].map((number) => textIn(http, number))
  if (!method || !target || !host || !scheme) return 'Envoy did not send method, path, host and scheme of the request'
  const [route, ...more] = pairsIn(attributes, 10).flatMap(([key, value]) => (key === 'route' ? [value] : []))
  if (more.length > 0) return 'Envoy named more than one route'
  const clientAddress = textIn(messageIn(messageIn(messageIn(attributes, 1), 1), 1), 2)
  return {
    check: {
      method,
      target,
      host,
      scheme,
      headers: headersIn(http),
      ...(isIP(clientAddress) !== 0 && { clientAddress }),
    },
    route,
  }
}

/** The entries of a map, all of them: a name that is there twice is two lines. */
function pairsIn(fields: Fields, number: number): readonly HeaderLine[] {
  return listOf(fields, number).map((bytes) => {
    const entry = readFields(bytes)
    return [textIn(entry, 1), textIn(entry, 2)]
  })
}

/**
 * All header lines. `header_map` has each line by itself, and its bytes (`encode_raw_headers`); the map `headers` joins the lines of a name by
 * commas, which no credential has. A line that only one of the two has is one more line.
 */
function headersIn(http: Fields): readonly HeaderLine[] {
  const lines = listOf(messageIn(http, 13), 1).map(readHeaderValue)
  const known = new Set(lines.map(([name, value]) => `${name}:${value}`))
  const joined = pairsIn(http, 3).filter(([name, value]) => !known.has(`${name}:${value}`))
  return [...lines, ...joined].filter(([name]) => !name.startsWith(':'))
}

function readHeaderValue(bytes: Uint8Array): HeaderLine {
  const line = readFields(bytes)
  const [raw, ...more] = listOf(line, 3)
  const text = textIn(line, 2)
  if (more.length > 0 || (raw?.length && text !== '')) throw new Error('a header has two values')
  // As Node reads header bytes.
  return [textIn(line, 1), raw?.length ? Buffer.from(raw).toString('latin1') : text]
}

const ok = 0
const permissionDenied = 7
const unauthenticated = 16

/**
 * A CheckResponse that allows. Envoy drops an empty header of it and would leave the client's, so empty ones are removed. Envoy removes
 * after it sets: no name is in both.
 */
export function writeAllowance({ identity }: Allowance): Buffer {
  const set = Object.entries(identity).filter(([, value]) => value !== '')
  const names = new Set(set.map(([name]) => name.toLowerCase()))
  const all = Object.keys(identity).map((name) => name.toLowerCase())
  const removed = all.filter((name) => !names.has(name))
  return Buffer.concat([
    field(1, [field(1, ok)]),
    field(3, [
      ...set.map(([name, value]) => field(2, headerOption(name, value, false))),
      ...removed.map((name) => field(5, name)),
    ]),
  ])
}

/** A CheckResponse that refuses. It always has a code: Envoy takes a response without one for a yes. */
export function writeRefusal({ status, headers, body }: Refusal): Buffer {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value, index) => field(2, headerOption(name, value, index > 0))),
  )
  return Buffer.concat([
    field(1, [field(1, status === 401 ? unauthenticated : permissionDenied)]),
    field(2, [field(1, [field(1, status)]), ...lines, field(3, body)]),
  ])
}

/** A HeaderValueOption. Its `append` is always there: what Envoy does without it has changed. */
function headerOption(name: string, value: string, append: boolean): readonly Buffer[] {
  return [field(1, [field(1, name), field(2, value)]), field(2, append ? [field(1, 1)] : [])]
}
