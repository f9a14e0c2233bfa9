// Requests as the resource server sees them: every header line, in order, nothing merged.
import { fromNode, fromWeb } from 'claimcheck'
import { expect, it } from 'vitest'
import { readCredential } from '../../src/http/credentials.ts'

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
