// The layer check must see what it is there for: each case plants one violation in a tree that is otherwise in order.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config'
import { afterAll, describe, expect, test } from 'vitest'
import { root } from '../../scripts/subpaths.ts'

const { forbidden = [], options } = await extractConfig(join(root, '.dependency-cruiser.mjs'))
const trees: string[] = []

/** Writes the files of a source tree, and returns `from → to: rule` for each violation. */
async function check(files: Record<string, string>): Promise<string[]> {
  const tree = mkdtempSync(join(tmpdir(), 'claimcheck-layers-'))
  trees.push(tree)
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, 'src', file)), { recursive: true })
    writeFileSync(join(tree, 'src', file), text)
  }
  const { output } = await cruise(['src'], {
    ...(options?.doNotFollow && { doNotFollow: options.doNotFollow }),
    tsPreCompilationDeps: true,
    baseDir: tree,
    validate: true,
    ruleSet: { forbidden },
  })
  return (output as ICruiseResult).summary.violations.map(
    ({ from, to, rule }) => `${from.replace('src/', '')} → ${to.replace(/^(src|.*node_modules)\//, '')}: ${rule.name}`,
  )
}

afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true })
})

test('accepts imports that go down, stay in the folder, or are made by the roof', async () => {
  expect(
    await check({
      'index.ts': `export * from './verifier/verifier.ts'\nexport * from './policy/index.ts'`,
      'errors/auth-error.ts': `import { text } from '../internal/text.ts'`,
      'internal/text.ts': `export const text = ''`,
      'crypto/engine.ts': `import { createHash } from 'node:crypto'`,
      'policy/index.ts': `export * from './rules.ts'`,
      'policy/rules.ts': `import type { Token } from '../jwt/parse.ts'`,
      'jwt/parse.ts': `import { LRUCache } from 'lru-cache'\nexport interface Token {}`,
      'verifier/verifier.ts': `import './verified-token.ts'\nimport '../policy/rules.ts'`,
      'verifier/verified-token.ts': `import type { Token } from '../jwt/parse.ts'`,
      'http/view.ts': `import type { IncomingMessage } from 'node:http'`,
      'adapters/express.ts': `import type { Request } from 'express'\nimport '../verifier/verifier.ts'`,
    }),
  ).toEqual([])
})

describe('reports', () => {
  const upwards = 'jwt/a.ts → jwks/b.ts: jwt-imports-downwards'
  test.each([
    ['an import that goes up', `import '../verifier/b.ts'`, 'jwt/a.ts → verifier/b.ts: jwt-imports-downwards'],
    ['a type that goes up', `import type { A } from '../jwks/b.ts'`, upwards],
    ['a type in an annotation', `let a: import('../jwks/b.ts').A`, upwards],
    ['an import when needed', `await import('../jwks/b.ts')`, upwards],
    ['a re-export', `export { a } from '../jwks/b.ts'`, upwards],
    [
      'another folder of the same layer',
      `import '../principal/b.ts'`,
      'jwt/a.ts → principal/b.ts: jwt-imports-downwards',
    ],
    ['an import of the roof', `import '../index.ts'`, 'jwt/a.ts → index.ts: index-is-the-roof'],
    ['a package that no folder may know', `import 'tsx'`, expect.stringContaining('known-packages')],
    ['a package that is not there', `import 'left-pad'`, 'jwt/a.ts → left-pad: known-packages'],
  ])('%s', async (_, code, expected) => {
    const files = { 'jwt/a.ts': code, 'jwks/b.ts': '', 'principal/b.ts': '', 'verifier/b.ts': '', 'index.ts': '' }
    expect(await check(files)).toContainEqual(expected)
  })

  test('a foreign package outside its folders, or imported as more than a type', async () => {
    const violations = await check({
      'policy/a.ts': `import { jwtVerify } from 'jose'`,
      'http/a.ts': `import 'node:fs'`,
      'http/b.ts': `import { LRUCache } from 'lru-cache'`,
      'adapters/a.ts': `import express from 'express'`,
      'server/a.ts': `import type { Request } from 'express'`,
    })
    expect(violations.map((text) => text.replace(/ → .*: /, ': ')).toSorted()).toEqual([
      'adapters/a.ts: express-as-type',
      'http/a.ts: node-in-its-folders',
      'http/b.ts: lru-cache-in-its-folders',
      'policy/a.ts: jose-in-its-folders',
      'server/a.ts: express-in-its-folders',
    ])
  })

  test('a folder without a layer', async () => {
    const violations = await check({ 'util/a.ts': `import '../internal/b.ts'`, 'internal/b.ts': '' })
    expect(violations).toEqual(['util/a.ts → internal/b.ts: every-folder-has-a-layer'])
  })

  test('a circle, also of types', async () => {
    const violations = await check({ 'jwks/a.ts': `import './b.ts'`, 'jwks/b.ts': `import type { A } from './a.ts'` })
    expect(violations).toContain('jwks/a.ts → jwks/b.ts: no-circle')
  })
})
