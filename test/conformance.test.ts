// Holds conformance.md to its word: what it calls tested has a test with the id in its title, and the rest has a reason.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Row {
  readonly id: string
  readonly section: string
  readonly where: string
  /** How many cells are not empty. */
  readonly cells: number
}

const folder = import.meta.dirname
const rows = readRows(readFileSync(join(folder, 'conformance.md'), 'utf8'))
const titled = readTitles()
const tested = rows.filter(({ where }) => where === 'test')
const reasoned = rows.filter(({ where }) => where !== 'test')

it('lists every requirement once, in a row of three cells', () => {
  const ids = rows.map(({ id }) => id)
  expectNone(
    ids.filter((id, at) => ids.indexOf(id) !== at),
    'more than one row',
  )
  expectNone(idsOf(rows.filter(({ cells }) => cells !== 3)), 'not three cells that say something')
  expect(rows.length).toBeGreaterThan(100)
})

it('has a test with the id in its title for each row that says so', () => {
  expectNone(
    idsOf(tested).filter((id) => !titled.has(id)),
    'no test with the id in its title',
  )
})

it('has no test for a row that says why there is none: then the reason is out of date', () => {
  expectNone(
    idsOf(reasoned).filter((id) => titled.has(id)),
    'a reason and a test',
  )
})

it('knows every id that a title names', () => {
  const known = new Set(rows.map(({ id }) => id))
  expectNone(
    [...titled].filter((id) => !known.has(id)),
    'in a title, but without a row',
  )
})

it('gives a reason in words for at most ten requirements on tokens', () => {
  expectNone(idsOf(reasoned.filter(({ where }) => where.length < 10)), 'neither test nor a reason')
  const ids = idsOf(reasoned.filter(({ section }) => ['1.1', '1.2', '1.3', '1.4'].includes(section)))
  expect(ids.length, `with a reason: ${ids.join(', ')}`).toBeLessThanOrEqual(10)
})

function readRows(page: string): readonly Row[] {
  let section = ''
  return page.split('\n').flatMap((line) => {
    section = /^## (\d\.\d+)/.exec(line)?.[1] ?? section
    const cells = line.split('|').map((cell) => cell.trim())
    const [, id = '', , where = ''] = cells
    return /^[A-Z]\w*-/.test(id) ? [{ id, section, where, cells: cells.filter(Boolean).length }] : []
  })
}

function idsOf(some: readonly Row[]): readonly string[] {
  return some.map(({ id }) => id)
}

function expectNone(ids: readonly string[], fault: string): void {
  expect(ids, `${fault}: ${ids.join(', ')}`).toEqual([])
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
