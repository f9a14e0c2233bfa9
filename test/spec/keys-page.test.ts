// docs/keys.md says what trouble costs; each of its rows names the tests that hold it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const [, table = ''] = readFileSync(join(root, 'docs/keys.md'), 'utf8').split('| held by |')
const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? []

it('names tests that exist in every row of its table', () => {
  expect(rows.length).toBeGreaterThan(10)
  for (const row of rows) {
    const files = [...row.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => file)
    expect(files, row).not.toEqual([])
    for (const file of files) expect(existsSync(join(root, file)), file).toBe(true)
  }
})
