// Requests as the resource server sees them: every header line, in order, nothing merged.
import type { IncomingHttpHeaders } from 'node:http'
import { fromNode, fromWeb, type RequestView } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { checkBearer, readBearer } from '../../src/http/credentials.ts'

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

it('views a Node request that says nothing as an empty one', () => {
  expect(fromNode({ rawHeaders: [] })).toEqual({ method: '', url: '', headers: [] })
})

it('leaves out a header name that has no value', () => {
  expect(fromNode({ method: 'GET', url: '/', rawHeaders: ['Host', 'api', 'Authorization'] }).headers).toEqual([
    ['Host', 'api'],
  ])
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

  it('[RFC9110-5.3-1] is refused for two credentials, as any other', () => {
    const twice = { Authorization: 'Bearer a', authorization: 'Bearer b' }
    expect(readCredential(imitated(twice))).toEqual({ code: 'credential_repeated' })
    expect(readCredential(imitated({ authorization: 'Bearer a' }))).toBe('a')
  })
})

it('trusts raw header lines over merged headers, where there are both', () => {
  const rawHeaders = ['Authorization', 'Bearer a', 'Authorization', 'Bearer b']
  const view = fromNode({ method: 'GET', url: '/', rawHeaders, headers: { authorization: 'Bearer a' } })
  expect(readCredential(view)).toEqual({ code: 'credential_repeated' })
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
])('[RFC9110-5.3-1] refuses the lines %s and %s, which a Fetch API request joins', (one, other, code) => {
  const headers = new Headers([
    ['Authorization', one],
    ['Authorization', other],
  ])
  expect(readCredential(fromWeb(new Request('https://api.example.com/', { headers })))).toEqual({ code })
})
