import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRouteTable } from '../../src/gateway/routes.ts'
import { fold, readTarget } from '../../src/gateway/targets.ts'
import { honestTargets, twistedTargets } from './targets.ts'

const table = createRouteTable([
  ['/admin/{rest...}', 'admin'],
  ['/public/{rest...}', 'public'],
  ['/{rest...}', 'rest'],
] as const)

function routeOf(sent: string): string {
  const target = readTarget(sent)
  if (!target) return 'refused'
  const found = table.find({ host: 'api.example.com', target, methods: ['GET'] })
  return 'reason' in found ? 'refused' : found.value
}

describe('a twisted target is refused, or comes to the route of the thing that it reaches', () => {
  test('there are at least 72', () => {
    expect(new Set(twistedTargets).size).toBeGreaterThanOrEqual(72)
  })

  test.each(twistedTargets)('%j', (target) => {
    expect(['refused', 'admin']).toContain(routeOf(target))
  })
})

test.each(honestTargets)('the honest target %j comes to its route', (target) => {
  expect(routeOf(target)).toBe('public')
})

test('a target without anything twisted comes to the widest route', () => {
  expect(['/', '/orders', '/orders/1/', '/a.b/c', '/A/b'].map(routeOf)).toEqual([
    'rest',
    'rest',
    'rest',
    'rest',
    'rest',
  ])
})

test('folds ASCII as it folds the rest', () => {
  const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
  // Beside a character that is none of ASCII, each takes the long way.
  expect(ascii.filter((one) => `${fold(one)}漢` !== fold(`${one}漢`))).toEqual([])
})

test('decodes the parameters once, and keeps path and query as they were sent', () => {
  expect(readTarget('/users/J%C3%B6rg%20X/?a=%2F')).toMatchObject({
    path: '/users/J%C3%B6rg%20X/',
    query: 'a=%2F',
    segments: ['users', 'Jörg X'],
  })
})

test('refuses a path of more than 4096 characters, since each costs all readings, and takes any query', () => {
  expect(routeOf(`/public/${'a'.repeat(4088)}`)).toBe('public')
  expect(routeOf(`/public/${'a'.repeat(4089)}`)).toBe('refused')
  expect(routeOf(`/public/?${'a'.repeat(20_000)}`)).toBe('public')
})

test('never throws, whatever is sent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), (text) => {
      expect(() => readTarget(`/${text}`)).not.toThrow()
    }),
  )
})

test('no decoding of a target that is let in reaches another route', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '%2e',
    ';',
    'admin',
    'ADMIN',
    'public',
    '%2f',
    '%20',
    '+',
    'x',
    '%3f',
    '%25',
    '2e',
    '%ef%bc%8e',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const sent = `/${pieces.join('')}`
      if (routeOf(sent) !== 'public') return
      // As an upstream with the laxest of all readers: decode twice, drop parameters, resolve dots, ignore case.
      const once = decodeURIComponent(sent)
      const twice = decodeURIComponent(once.replace(/%(?![0-9a-f]{2})/gi, '%25'))
      const lax = twice
        .replace(/;[^/]*/g, '')
        .replace(/[?#].*$/, '')
        .toLowerCase()
        .normalize('NFKC')
      expect(new URL(lax.replace(/\/+/g, '/'), 'http://upstream').pathname).toMatch(/^\/public(\/|$)/)
    }),
    { numRuns: 3000 },
  )
})
