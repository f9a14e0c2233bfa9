// `npm run reference` writes the tables of docs/reference.md between their marks; `--check` fails when one of them is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { tables, unusedWords } from './reference-tables.ts'
import { root } from './subpaths.ts'

const file = `${root}/docs/reference.md`
const marked = /(?<=<!-- written: (?<name>[\w-]+) -->\n)[^]*?(?=\n<!-- end -->)/g

const written = Object.fromEntries(
  await Promise.all(Object.entries(tables).map(async ([name, write]) => [name, await write()] as const)),
)
const before = readFileSync(file, 'utf8')
const shown = new Set<string>()
const after = before.replace(marked, (_, ...rest) => {
  const { name = '' } = rest.at(-1) as { name?: string }
  shown.add(name)
  return written[name] ?? fail(`docs/reference.md wants a table ${name}, which no script writes.`)
})
for (const name of Object.keys(tables))
  if (!shown.has(name)) fail(`docs/reference.md has no place for the table ${name}.`)

for (const name of unusedWords()) fail(`scripts/reference-words.ts has words for ${name}, which is gone.`)

if (!process.argv.includes('--check')) writeFileSync(file, after)
else if (after !== before) fail('docs/reference.md is stale: run npm run reference')
else console.log(`docs/reference.md: ${shown.size} tables are as the code has them`)

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
