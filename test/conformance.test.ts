// Holds conformance.md to its word: what it calls tested has a test with the id in its title, and the rest has a reason.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Row {
  readonly id: string
  readonly section: string
  readonly where: string
}

const folder = import.meta.dirname
const rows = readRows(readFileSync(join(folder, 'conformance.md'), 'utf8'))
const titled = readTitles()
const tested = rows.filter(({ where }) => where === 'test')
const reasoned = rows.filter(({ where }) => where !== 'test')

it('lists every requirement once', () => {
  const ids = rows.map(({ id }) => id)
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
  expect(rows.length).toBeGreaterThan(100)
})

it('has a test with the id in its title for each row that says so', () => {
  expect(tested.map(({ id }) => id).filter((id) => !titled.has(id))).toEqual([])
})

it('has no test for a row that says why there is none: then the reason is out of date', () => {
  expect(reasoned.map(({ id }) => id).filter((id) => titled.has(id))).toEqual([])
})

it('knows every id that a title names', () => {
  const known = new Set(rows.map(({ id }) => id))
  expect([...titled].filter((id) => !known.has(id))).toEqual([])
})

it('gives a reason in words for at most ten requirements on tokens', () => {
  expect(reasoned.filter(({ where }) => where.length < 10)).toEqual([])
  expect(reasoned.filter(({ section }) => section < '1.5').length).toBeLessThanOrEqual(10)
})

function readRows(page: string): readonly Row[] {
  let section = ''
  return page.split('\n').flatMap((line) => {
    section = /^## (\d\.\d)/.exec(line)?.[1] ?? section
    const [, id, , where] = line.split('|').map((cell) => cell.trim())
    return id && where && /^[A-Z]\w*-/.test(id) ? [{ id, section, where }] : []
  })
}

/** The ids in brackets at the beginning of a title, of a test or of a row of a contract table. */
function readTitles(): ReadonlySet<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const texts = files
    .filter((file) => file !== 'conformance.test.ts')
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  const starts = texts.flatMap((text) => [...text.matchAll(/['"`]((?:\[[A-Z]\w*-[\w.-]+\] ?)+)/g)])
  return new Set(starts.flatMap(([, ids = '']) => [...ids.matchAll(/\[([^\]]+)\]/g)].map(([, id = '']) => id)))
}
