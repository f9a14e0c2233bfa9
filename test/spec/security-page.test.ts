// SECURITY.md promises nothing that no test holds.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { attackers, guaranteed, limits, type Promised } from './security-promises.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8')

/** Without the line breaks inside a list's item. */
function section(heading: string): string {
  const [, text = expect.fail(`no section ${heading}`)] = page.split(`\n## ${heading}\n`)
  return (text.split('\n## ')[0] ?? '').replaceAll('\n  ', ' ')
}

/** The promises of a section, whole: a table's rows, or a list's items. */
function parts(text: string): readonly string[] {
  if (text.includes('|---|'))
    return text
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(1)
  return text.split(/\n(?=- )/).slice(1)
}

/** Advice, and facts about others: nothing that this package does. */
const withoutTest = [
  '**The STS**',
  '**Revocation** before',
  '**TLS of your API**',
  '**Key separation**',
  '**ID tokens**',
  '**Your own code**',
  '**`fetch`, `clock` and `keyStore`**',
]

describe.each<[string, readonly Promised[]]>([
  ['Attackers', attackers],
  ['What is guaranteed', guaranteed],
  ['What is not guaranteed', limits],
])('the section %s', (heading, promises) => {
  const text = section(heading)

  it.each(promises)('says: $words', ({ words, heldBy }) => {
    expect(text).toContain(words)
    for (const [file, titles] of Object.entries(heldBy)) {
      const tests = readFileSync(join(root, 'test', file), 'utf8')
      for (const title of titles) expect(tests.includes(title), `${file}: ${title}`).toBe(true)
    }
  })

  it('makes no promise that is not held by a test', () => {
    const held = [...promises.map(({ words }) => words), ...withoutTest]
    expect(parts(text).length).toBeGreaterThan(5)
    expect(parts(text).filter((part) => !held.some((words) => part.includes(words)))).toEqual([])
  })
})
