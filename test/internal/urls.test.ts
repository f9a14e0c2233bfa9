// Plain http is for this machine only.
import { describe, expect, it } from 'vitest'
import { hasLogin, isLoopback, isSecureEnough, parseUrl, withoutLogin } from '../../src/internal/urls.ts'

describe('this machine', () => {
  it.each([
    'http://127.0.0.1',
    'http://127.255.10.42:8080/x',
    'http://127.1',
    'http://[::1]:3000',
    'http://localhost',
    'http://LOCALHOST/',
  ])('is %s', (text) => {
    expect(isLoopback(new URL(text))).toBe(true)
    expect(isSecureEnough(new URL(text), false)).toBe(true)
  })

  it.each([
    'http://127.0.0.1.example.com',
    'http://x127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://notlocalhost',
    'http://128.0.0.1',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'http://[::1:1]',
    'http://127.com',
    'http://127.0.0.1@example.com',
  ])('is not %s', (text) => {
    const url = new URL(text)
    expect(isLoopback(url)).toBe(false)
    expect(isSecureEnough(url, false)).toBe(false)
    expect(isSecureEnough(url, true)).toBe(true)
  })

  it('is not a name that only ends like its address', () => {
    expect(isLoopback(new URL('other://x127.0.0.1'))).toBe(false)
  })
})

it('https is good anywhere, and of other schemes only http on this machine', () => {
  expect(isSecureEnough(new URL('https://sts.example.com'), false)).toBe(true)
  for (const text of ['ftp://127.0.0.1', 'file:///etc/keys', 'data:application/json,{}', 'ws://localhost'])
    expect(isSecureEnough(new URL(text), true)).toBe(false)
})

it('a login is a user name, a password, or both', () => {
  for (const text of ['https://me@a.example', 'https://:secret@a.example', 'https://me:secret@a.example'])
    expect(hasLogin(new URL(text))).toBe(true)
  for (const text of ['https://a.example', 'https://@a.example', 'https://a.example/me:secret@b'])
    expect(hasLogin(new URL(text))).toBe(false)
})

it('an address that is none parses to undefined', () => {
  expect(parseUrl('https://sts.example.com/a')?.href).toBe('https://sts.example.com/a')
  expect(parseUrl('sts.example.com')).toBeUndefined()
  expect(parseUrl('/jwks')).toBeUndefined()
})

it('an address with a character beyond ASCII parses each time, however often it is asked about', () => {
  const answers = Array.from({ length: 50_000 }, () => parseUrl('https://caf\u00e9.example.com/')?.hostname)
  expect(new Set(answers)).toEqual(new Set(['xn--caf-dma.example.com']))
})

it.each([
  ['https://sts.example.com/jwks', 'https://sts.example.com/jwks'],
  ['https://sts.example.com/a@b', 'https://sts.example.com/a@b'],
  ['https://u:p@sts.example.com/a@b', 'https://sts.example.com/a@b'],
  ['https://u@sts.example.com', 'https://sts.example.com/'],
  ['https://:p@sts.example.com', 'https://sts.example.com/'],
  ['HTTPS:u:p@sts.example.com', 'https://sts.example.com/'],
  ['https://u:p@sts.example.com:99999', '...sts.example.com:99999'],
  ['https://u:p%40sts.example.com', '...sts.example.com'],
  ['u:p@sts.example.com', '...sts.example.com'],
  ['sts.example.com', 'sts.example.com'],
])('%s may stand in a message as %s', (address, shown) => {
  expect(withoutLogin(address)).toBe(shown)
})
