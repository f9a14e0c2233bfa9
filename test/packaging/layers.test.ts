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
      'index.ts': `export * from './verifier.ts'\nexport * from './policy/index.ts'`,
      'errors.ts': `import { text } from './internal/text.ts'`,
      'internal/text.ts': `import { createHash } from 'node:crypto'\nexport const text = ''`,
      'policy/index.ts': `export * from './rules.ts'`,
      'policy/rules.ts': `import type { Token } from '../token/parse.ts'`,
      'token/parse.ts': `import { jwtVerify } from 'jose'\n/** Not Date.now() nor console. */\nexport interface Token {}`,
      'verifier.ts': `import './verified-token.ts'\nimport './policy/rules.ts'`,
      'verified-token.ts': `import type { Token } from './token/parse.ts'`,
      'adapters/express.ts': `import type { Request } from 'express'\nimport '../verifier.ts'`,
      'clock.ts': `export const now = () => Date.now()`,
    }),
  ).toEqual([])
})

describe('reports', () => {
  test.each([
    ['an import that goes up', `\nimport '../verifier.ts'`, 'token/a.ts:2 imports verifier.ts, which is not below it'],
    ['a type that goes up', `import type { A } from '../keys/b.ts'`, 'token/a.ts:1 imports keys/b.ts, which'],
    ['a type in an annotation', `\n\nlet a: import('../keys/b.ts').A`, 'token/a.ts:3 imports keys/b.ts, which'],
    ['an import when needed', `await import('../keys/b.ts')`, 'token/a.ts:1 imports keys/b.ts, which'],
    ['a re-export', `export { a } from '../keys/b.ts'`, 'token/a.ts:1 imports keys/b.ts, which'],
    ['another folder of the same layer', `import '../http/b.ts'`, 'token/a.ts:1 imports http/b.ts, which'],
    ['an import of the roof', `import '../index.ts'`, 'token/a.ts:1 imports index.ts, which'],
    ['a package nobody may know', `import 'left-pad'`, 'token/a.ts:1 imports left-pad'],
    ['the clock of the machine', `\nexport const now = Date.now()`, 'token/a.ts:2 uses Date.now'],
    ['the environment', `process.env.HOME`, 'token/a.ts:1 uses process.env'],
    ['the console', `globalThis.console.log(1)`, 'token/a.ts:1 uses console'],
  ])('%s', (_, code, expected) => {
    const violations = check({
      'token/a.ts': code,
      'keys/b.ts': '',
      'http/b.ts': '',
      'verifier.ts': '',
      'index.ts': '',
    })
    expect(violations).toEqual([expect.stringContaining(expected)])
  })

  test('a foreign package outside its folders, or imported as more than a type', () => {
    const violations = check({
      'policy/a.ts': `import { jwtVerify } from 'jose'`,
      'http/a.ts': `import 'node:fs'\nimport type { IncomingMessage } from 'node:http'`,
      'trust/a.ts': `import { LRUCache } from 'lru-cache'`,
      'adapters/a.ts': `import { type Request } from 'express'`,
    })
    expect(violations).toEqual([
      'adapters/a.ts:1 imports express',
      'http/a.ts:1 imports node:fs',
      'policy/a.ts:1 imports jose',
      'trust/a.ts:1 imports lru-cache',
    ])
  })

  test('a folder without a layer', () => {
    expect(check({ 'util/a.ts': '' })).toEqual([expect.stringContaining('util/a.ts:1 has no layer')])
  })

  test('a cycle, also of types', () => {
    const violations = check({ 'keys/a.ts': `import './b.ts'`, 'keys/b.ts': `import type { A } from './a.ts'` })
    expect(violations).toEqual(['keys/b.ts:1 closes a cycle: keys/a.ts → keys/b.ts → keys/a.ts'])
  })
})
