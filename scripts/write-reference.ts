// `npm run reference` writes the tables of docs/reference.md and docs/issuers.md between their marks; `--check` fails when one is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { tables, unusedWords } from './reference-tables.ts'
import { root } from './subpaths.ts'

const pages = ['docs/reference.md', 'docs/issuers.md']
const marked = /(?<=<!-- written: (?<name>[\w-]+) -->\n)[^]*?(?=\n<!-- end -->)/g

const written = Object.fromEntries(
  await Promise.all(Object.entries(tables).map(async ([name, write]) => [name, await write()] as const)),
)
const shown = new Set<string>()
const changed = new Map<string, string>()
for (const page of pages) {
  const before = readFileSync(`${root}/${page}`, 'utf8')
  const after = before.replace(marked, (_, ...rest) => {
    const { name = '' } = rest.at(-1) as { name?: string }
    shown.add(name)
    return written[name] ?? fail(`${page} wants a table ${name}, which no script writes.`)
  })
  if (after !== before) changed.set(page, after)
}
for (const name of Object.keys(tables)) if (!shown.has(name)) fail(`No page has a place for the table ${name}.`)

for (const name of unusedWords()) fail(`scripts/reference-words.ts has words for ${name}, which is gone.`)

if (!process.argv.includes('--check')) for (const [page, text] of changed) writeFileSync(`${root}/${page}`, text)
else if (changed.size > 0) fail(`${[...changed.keys()].join(', ')}: stale, run npm run reference`)
console.log(`${shown.size} tables are as the code has them`)

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
