import { describe, expect, test } from 'vitest'
import { createRouteTable } from '../../src/gateway/routes.ts'
import { readTarget } from '../../src/gateway/targets.ts'

function tableOf(...keys: readonly string[]) {
  const hints: (string | undefined)[] = []
  const table = createRouteTable(keys.map((key) => [key, key] as const))
  const find = (method: string, path: string, host = 'api.example.com') => {
    const target = readTarget(path)
    if (!target) return 'target_ambiguous'
    const found = table.find({ host, target, methods: [method] })
    if (!('reason' in found)) return found.key
    hints.push(found.hint)
    return found.reason
  }
  return { find, hints, order: table.routes.map(({ key }) => key) }
}

const keys = [
  '/{rest...}',
  '/orders/{id}',
  'GET /orders/{id}',
  '/orders/new',
  '/orders/{id}/lines/{line}',
  '/orders/{rest...}',
  'POST,PUT /orders',
  '//admin.example.com/{rest...}',
]

test.each([keys, keys.toReversed()])('the most specific path decides, whatever the order', (...order) => {
  const { find } = tableOf(...order)
  expect(find('GET', '/orders/new')).toBe('/orders/new')
  expect(find('GET', '/orders/7')).toBe('GET /orders/{id}')
  expect(find('DELETE', '/orders/7')).toBe('/orders/{id}')
  expect(find('GET', '/orders/7/lines/2')).toBe('/orders/{id}/lines/{line}')
  expect(find('GET', '/orders/new/lines/2')).toBe('/orders/{id}/lines/{line}')
  expect(find('GET', '/orders/7/x')).toBe('/orders/{rest...}')
  expect(find('GET', '/other')).toBe('/{rest...}')
  expect(find('GET', '/')).toBe('/{rest...}')
  expect(find('GET', '/orders/7', 'admin.example.com')).toBe('//admin.example.com/{rest...}')
})

test('lists the routes in the order of their rank', () => {
  expect(tableOf(...keys).order).toEqual([
    '//admin.example.com/{rest...}',
    '/orders/new',
    '/orders/{id}/lines/{line}',
    'GET /orders/{id}',
    '/orders/{id}',
    'POST,PUT /orders',
    '/orders/{rest...}',
    '/{rest...}',
  ])
})

test('a method that the path lacks does not fall through to a wider path', () => {
  const { find } = tableOf('GET /orders/{id}', '/orders/{rest...}', '/{rest...}')
  expect(find('PUT', '/orders/1')).toBe('route_unknown')
})

test('HEAD goes where GET may, unless it has a route of its own', () => {
  expect(tableOf('GET /a').find('HEAD', '/a')).toBe('GET /a')
  expect(tableOf('GET /a', 'HEAD /a').find('HEAD', '/a')).toBe('HEAD /a')
  expect(tableOf('POST /a', '/{rest...}').find('HEAD', '/a')).toBe('route_unknown')
})

test('there is no catch-all that was not written', () => {
  const { find } = tableOf('GET /orders')
  expect(['/', '/order', '/orders/1', '/orders1'].map((path) => find('GET', path))).toEqual(
    Array.from({ length: 4 }, () => 'route_unknown'),
  )
  expect(find('POST', '/orders')).toBe('route_unknown')
})

test('a slash at the end counts for nothing', () => {
  const { find } = tableOf('/orders/{id}', '/files/{rest...}')
  expect(find('GET', '/orders/1/')).toBe('/orders/{id}')
  expect(find('GET', '/files')).toBe('/files/{rest...}')
})

test('refuses a path that another letter case would bring to another route', () => {
  const { find } = tableOf('/health', '/{rest...}')
  expect(find('GET', '/health')).toBe('/health')
  expect(find('GET', '/Health')).toBe('target_ambiguous')
  const mixed = tableOf('/Orders/{id}', '/{rest...}')
  expect(mixed.find('GET', '/Orders/A')).toBe('/Orders/{id}')
  expect(mixed.find('GET', '/orders/A')).toBe('target_ambiguous')
})

test('refuses a path that is another route for a framework that takes its end for a format', () => {
  const { find } = tableOf('/admin', '/admin.css', '/orders/{id}', '/orders/new', '//a.example.com/x', '/{rest...}')
  for (const path of ['/admin.json', '/admin.json/', '/ADMIN.json', '/admin.js;v=1', '/orders/new.xml'])
    expect(find('GET', path), path).toBe('target_ambiguous')
  expect(find('GET', '/x.json', 'a.example.com')).toBe('target_ambiguous')
  expect(find('GET', '/admin.css')).toBe('/admin.css')
  expect(find('GET', '/orders/7.xml')).toBe('/orders/{id}')
  for (const path of ['/x.json', '/.json', '/admin.json/x', '/admin.a.b', '/orders.d/new'])
    expect(find('GET', path), path).toBe('/{rest...}')
})

test('says why a path is refused, by routes and without the path', () => {
  const { find, hints } = tableOf('/orders', '/reports', 'GET /reports/{id}')
  for (const path of ['/orders.js', '/Orders', '/reports.secret-name'])
    expect(find('GET', path)).toBe('target_ambiguous')
  expect(hints).toEqual([
    expect.stringMatching(/come to no route and '\/orders': .*\.json, for a format; .* a route of its own/),
    "readings of the path or method come to no route and '/orders'",
    expect.stringMatching(/'\/reports'.*for a format/),
  ])
  expect(hints.join()).not.toMatch(/secret-name/)
})

test('reads the parameters of the route that was found', () => {
  const table = createRouteTable([['/users/{user}/{rest...}', 0]] as const)
  const [route] = table.routes
  expect(route?.params(['users', 'jörg', 'a', 'b'])).toEqual({ user: 'jörg', rest: 'a/b' })
  expect(route?.params(['users', 'jörg'])).toEqual({ user: 'jörg', rest: '' })
})

describe('throws a TypeError for', () => {
  test.each([
    ['two that say the same', ['GET /a/{b}', 'GET,PUT /a/{c}'], /say the same/],
    ['two for every method', ['/a/{b}', '/a/{c}'], /say the same/],
    ['two rests', ['/a/{b...}', '/a/{c...}'], /say the same/],
    ['two that differ in letter case', ['GET /Orders', 'POST /orders'], /letter case/],
    ['a path without a slash', ['orders'], /no pattern/],
    ['a method in small letters', ['get /orders'], /no pattern/],
    ['a slash at the end', ['/orders/'], /counts for nothing/],
    ['two slashes in a row', ['/a//b'], /counts for nothing/],
    ['a dot segment', ['/a/../b'], /several ways/],
    ['a dot at the end', ['/a./b'], /several ways/],
    ['an escape', ['/a%20b'], /several ways/],
    ['a path parameter', ['/a;b'], /several ways/],
    ['an unfinished parameter', ['/a/{b'], /several ways/],
    ['a star', ['/a/b?c'], /several ways/],
    ['a rest before the end', ['/{rest...}/a'], /must be its end/],
    ['two parameters of one name', ['/{a}/{a}'], /one name/],
    ['a host in capitals', ['//Admin.example.com/'], /no pattern|counts/],
  ])('%s', (_, wrong, message) => {
    expect(() => tableOf(...wrong)).toThrow(message)
    expect(() => tableOf(...wrong)).toThrow(TypeError)
  })
})
