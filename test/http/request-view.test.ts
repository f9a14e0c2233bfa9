// Requests as the resource server sees them: every header line, in order, nothing merged.
import type { IncomingHttpHeaders } from 'node:http'
import { fromNode, fromWeb, type RequestView } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { checkBearer, readBearer, readToken } from '../../src/http/credentials.ts'

it('[RFC9110-5.3-1] views every raw header line of a Node request in order', () => {
  const rawHeaders = ['Authorization', 'Bearer a', 'Host', 'api', 'authorization', 'DPoP b', 'X-Empty', '']
  expect(fromNode({ method: 'PUT', url: '/orders?x=1', rawHeaders })).toEqual({
    method: 'PUT',
    url: '/orders?x=1',
    headers: [
      ['Authorization', 'Bearer a'],
      ['Host', 'api'],
      ['authorization', 'DPoP b'],
      ['X-Empty', ''],
    ],
  })
})

it('views a bare Node request as an empty one', () => {
  expect(fromNode({ rawHeaders: [] })).toEqual({ method: '', url: '', headers: [] })
})

it('views what the client called, where Express has taken the path of a mount off', () => {
  const request = { method: 'GET', url: '/1', originalUrl: '/orders/1', rawHeaders: [] }
  expect(fromNode(request)).toEqual({ method: 'GET', url: '/orders/1', headers: [] })
})

it.each([
  ['a', 'a'],
  [0, '0'],
  [{}, undefined],
  [undefined, undefined],
])('names the request by the id %j, as %j', (id, named) => {
  expect(fromNode({ method: 'GET', url: '/', rawHeaders: [], id }).id).toBe(named)
})

it('leaves out a header name that has no value', () => {
  expect(fromNode({ method: 'GET', url: '/', rawHeaders: ['Host', 'api', 'Authorization'] }).headers).toEqual([
    ['Host', 'api'],
  ])
})

describe('the headers that the application has left', () => {
  const rawHeaders = ['Host', 'api', 'Authorization', 'Bearer a']

  it('are those of the request, beside the lines', () => {
    const headers = { host: 'api', authorization: 'Bearer b' }
    const view = fromNode({ method: 'GET', url: '/', rawHeaders, headers })
    expect(view.currentHeaders).toBe(headers)
    expect(view.headers).toContainEqual(['Authorization', 'Bearer a'])
    expect(readToken(view, [])).toEqual({ token: 'b', header: 'authorization', request: view })
  })

  it('are none where a request has lines alone, which then count', () => {
    const view = fromNode({ method: 'GET', url: '/', rawHeaders })
    expect(view.currentHeaders).toBeUndefined()
    expect(readToken(view, [])).toEqual({ token: 'a', header: 'authorization', request: view })
  })

  it('lack a line that Node has left out there, which is no deletion', () => {
    const many = [...Array.from({ length: 2000 }, () => 'X'), 'Authorization', 'Bearer a']
    const view = fromNode({ method: 'GET', url: '/', rawHeaders: many, headers: { x: 'X' } })
    expect(readToken(view, [])).toEqual({ reason: 'headers_truncated' })
  })

  it('may have no prototype, as those of HTTP/2', () => {
    const headers = Object.assign(Object.create(null) as IncomingHttpHeaders, { ':path': '/' })
    expect(readToken(fromNode({ method: 'GET', url: '/', rawHeaders, headers }), [])).toBeUndefined()
    headers.authorization = 'Bearer b'
    expect(readToken(fromNode({ method: 'GET', url: '/', rawHeaders, headers }), [])).toMatchObject({ token: 'b' })
  })
})

function readCredential(request: RequestView): ReturnType<typeof readBearer> {
  const read = readBearer(request)
  return typeof read === 'string' ? (checkBearer(read) ?? read) : read
}

describe('a request that a serverless wrapper imitates, without raw header lines', () => {
  const imitated = (headers: IncomingHttpHeaders) => fromNode({ method: 'GET', url: '/', rawHeaders: [], headers })

  it('is viewed by its headers, one line for each value', () => {
    const headers = { authorization: 'Bearer a', 'set-cookie': ['a=b', 'c=d'], 'x-none': undefined, 'x-empty': '' }
    expect(imitated(headers)).toEqual({
      method: 'GET',
      url: '/',
      headers: [
        ['authorization', 'Bearer a'],
        ['set-cookie', 'a=b'],
        ['set-cookie', 'c=d'],
        ['x-empty', ''],
      ],
    })
  })

  it('is malformed where its credential is no string', () => {
    for (const authorization of [1, {}, { toString: () => 'Bearer a' }]) {
      const headers = { authorization } as unknown as IncomingHttpHeaders
      expect(readCredential(imitated(headers))).toMatchObject({ reason: 'credential_malformed' })
    }
  })

  it('[RFC9110-5.3-1] is refused for two credentials, as any other', () => {
    const twice = { Authorization: 'Bearer a', authorization: 'Bearer b' }
    expect(readCredential(imitated(twice))).toEqual({ reason: 'credential_repeated' })
    expect(readCredential(imitated({ authorization: 'Bearer a' }))).toBe('a')
  })
})

describe('a request that may lack lines', () => {
  const rawHeaders = (lines: number) => Array.from({ length: lines }, () => ['X', '1']).flat()
  const isTruncated = (lines: number, more: object = {}) =>
    fromNode({ method: 'GET', url: '/', rawHeaders: rawHeaders(lines), ...more }).headersTruncated

  it.each([
    ['no socket', {}],
    ['a socket of null', { socket: null }],
    ['a socket without a server', { socket: {} }],
    ['a server of null', { socket: { server: null } }],
    ['a server without a bound', { socket: { server: {} } }],
    ['a server that says null', { socket: { server: { maxHeadersCount: null } } }],
    ['a server that says undefined', { socket: { server: { maxHeadersCount: undefined } } }],
  ])('has 1000 or more, with %s', (_, more) => {
    expect(isTruncated(999, more)).toBeUndefined()
    expect(isTruncated(1000, more)).toBe(true)
    expect(isTruncated(1023, more)).toBe(true)
  })

  it.each([
    [1, 1],
    [100, 100],
    [100.9, 100],
    [2000, 2000],
  ])('has so many as its server says: %s', (maxHeadersCount, bound) => {
    const socket = { server: { maxHeadersCount } }
    expect(isTruncated(bound - 1, { socket })).toBeUndefined()
    expect(isTruncated(bound, { socket })).toBe(true)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'is none where its server collects all of them: %s',
    (maxHeadersCount) => {
      expect(isTruncated(5000, { socket: { server: { maxHeadersCount } } })).toBeUndefined()
    },
  )

  it('is never of HTTP/2, and its socket is not read', () => {
    const gone = { stream: {}, socket: new Proxy({}, { get: () => expect.fail('was read') }) }
    expect(isTruncated(5000, gone)).toBeUndefined()
    // A client writes the version: the parser of HTTP/1 takes "GET / HTTP/2.0".
    expect(isTruncated(5000, { httpVersionMajor: 2, httpVersion: '2.0' })).toBe(true)
  })

  it('is refused, whatever it has', () => {
    for (const authorization of ['Bearer a', 'Basic Zm9v', undefined]) {
      const own = authorization === undefined ? [] : [['Authorization', authorization] as const]
      const view = { method: 'GET', url: '/', headers: own, headersTruncated: true }
      expect(readToken(view, [])).toEqual({ reason: 'headers_truncated' })
      expect(readToken({ ...view, headersTruncated: false }, [])).not.toEqual({ reason: 'headers_truncated' })
    }
  })
})

it('trusts raw header lines over merged headers, where there are both', () => {
  const rawHeaders = ['Authorization', 'Bearer a', 'Authorization', 'Bearer b']
  const view = fromNode({ method: 'GET', url: '/', rawHeaders, headers: { authorization: 'Bearer a' } })
  expect(readCredential(view)).toEqual({ reason: 'credential_repeated' })
})

it('views a Fetch API request', () => {
  const request = new Request('https://api.example.com/orders?x=1', {
    method: 'DELETE',
    headers: { Authorization: 'Bearer a', 'X-B': 'c' },
  })
  expect(fromWeb(request)).toEqual({
    method: 'DELETE',
    url: 'https://api.example.com/orders?x=1',
    headers: [
      ['authorization', 'Bearer a'],
      ['x-b', 'c'],
    ],
  })
})

it.each([
  ['Bearer a', 'DPoP b', 'credential_malformed'],
  ['Bearer a', 'Bearer b', 'credential_repeated'],
  ['Basic b', 'Bearer a', 'credential_repeated'],
  ['DPoP b', 'Bearer a', 'credential_repeated'],
])('[RFC9110-5.3-1] refuses the lines %s and %s, which a Fetch API request joins', (one, other, reason) => {
  const headers = new Headers([
    ['Authorization', one],
    ['Authorization', other],
  ])
  expect(readCredential(fromWeb(new Request('https://api.example.com/', { headers })))).toMatchObject({ reason })
})
