// The layer check must see what it is there for: each case plants one violation in a tree that is otherwise in order.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkLayers } from '../../scripts/check-layers.ts'
import { root } from '../../scripts/subpaths.ts'

const trees: string[] = []

/** Writes the files of a source tree and returns what the check says of it. */
function check(files: Record<string, string>): string[] {
  const tree = mkdtempSync(join(tmpdir(), 'claimcheck-layers-'))
  trees.push(tree)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    writeFileSync(join(tree, file), text)
  }
  return checkLayers(tree)
}

afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true })
})

test('the sources hold to the layers', () => {
  expect(checkLayers(join(root, 'src'))).toEqual([])
})

test('accepts imports that go down, stay in the folder, or are made by the roof', () => {
  expect(
    check({
      'index.ts': `export * from './verifier/verifier.ts'\nexport * from './policy/index.ts'`,
      'errors/auth-error.ts': `import { text } from '../internal/text.ts'`,
      'internal/text.ts': `export const text = ''`,
      'crypto/engine.ts': `import { createHash } from 'node:crypto'`,
      'policy/index.ts': `export * from './rules.ts'`,
      'policy/rules.ts': `import type { Token } from '../jwt/parse.ts'`,
      'jwt/parse.ts': `import { LRUCache } from 'lru-cache'\n/** Not Date.now() nor console. */\nexport interface Token {}`,
      'verifier/verifier.ts': `import './verified-token.ts'\nimport '../policy/rules.ts'`,
      'verifier/verified-token.ts': `import type { Token } from '../jwt/parse.ts'`,
      'adapters/express.ts': `import type { Request } from 'express'\nimport '../verifier/verifier.ts'`,
      'internal/clock.ts': `export const now = () => Date.now()`,
    }),
  ).toEqual([])
})

describe('reports', () => {
  test.each([
    [
      'an import that goes up',
      `\nimport '../verifier/b.ts'`,
      'jwt/a.ts:2 imports verifier/b.ts, which is not below it',
    ],
    ['a type that goes up', `import type { A } from '../jwks/b.ts'`, 'jwt/a.ts:1 imports jwks/b.ts, which'],
    ['a type in an annotation', `\n\nlet a: import('../jwks/b.ts').A`, 'jwt/a.ts:3 imports jwks/b.ts, which'],
    ['an import when needed', `await import('../jwks/b.ts')`, 'jwt/a.ts:1 imports jwks/b.ts, which'],
    ['a re-export', `export { a } from '../jwks/b.ts'`, 'jwt/a.ts:1 imports jwks/b.ts, which'],
    ['another folder of the same layer', `import '../principal/b.ts'`, 'jwt/a.ts:1 imports principal/b.ts, which'],
    ['an import of the roof', `import '../index.ts'`, 'jwt/a.ts:1 imports index.ts, which'],
    ['a package nobody may know', `import 'left-pad'`, 'jwt/a.ts:1 imports left-pad'],
    ['the clock of the machine', `\nexport const now = Date.now()`, 'jwt/a.ts:2 uses Date.now'],
    ['the environment', `process.env.HOME`, 'jwt/a.ts:1 uses process.env'],
    ['the console', `globalThis.console.log(1)`, 'jwt/a.ts:1 uses console'],
  ])('%s', (_, code, expected) => {
    const violations = check({
      'jwt/a.ts': code,
      'jwks/b.ts': '',
      'principal/b.ts': '',
      'verifier/b.ts': '',
      'index.ts': '',
    })
    expect(violations).toEqual([expect.stringContaining(expected)])
  })

  test('a foreign package outside its folders, or imported as more than a type', () => {
    const violations = check({
      'policy/a.ts': `import { jwtVerify } from 'jose'`,
      'http/a.ts': `import 'node:fs'\nimport type { IncomingMessage } from 'node:http'`,
      'http/b.ts': `import { LRUCache } from 'lru-cache'`,
      'adapters/a.ts': `import { type Request } from 'express'`,
    })
    expect(violations).toEqual([
      'adapters/a.ts:1 imports express',
      'http/a.ts:1 imports node:fs',
      'http/b.ts:1 imports lru-cache',
      'policy/a.ts:1 imports jose',
    ])
  })

  test('a folder without a layer', () => {
    expect(check({ 'util/a.ts': '' })).toEqual([expect.stringContaining('util/a.ts:1 has no layer')])
  })

  test('a cycle, also of types', () => {
    const violations = check({ 'jwks/a.ts': `import './b.ts'`, 'jwks/b.ts': `import type { A } from './a.ts'` })
    expect(violations).toEqual(['jwks/b.ts:1 closes a cycle: jwks/a.ts → jwks/b.ts → jwks/a.ts'])
  })
})
