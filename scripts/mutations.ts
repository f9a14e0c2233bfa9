// `npm run test:mutations`: takes one check after another out of crypto/, jwt/, http/, policy/, presets/, jwks/ and verifier/, and looks whether a test notices.
// Two runs: the first leaves out constants (tables, regular expressions), which Stryker can only try with every test at once and
// would try every function that uses one along with them; the second tries just those. Hours on two cores: name the files that you have changed.
// Survivors, and why they may live, are in test/mutations.md. `-- --mutate src/jwt/claims.ts` tries some files only, and
// `TESTS='test/presets/*.test.ts'` before the command runs some tests only: some three hours for `-- --mutate 'src/presets/**/*.ts'`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { root } from './subpaths.ts'

interface Mutant {
  readonly status: string
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: Place; readonly end: Place }
}

interface Place {
  readonly line: number
  readonly column: number
}

type Files = Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>

const noticed = ['Killed', 'Timeout']
const tested = [...noticed, 'Survived', 'NoCoverage']

const functions = run(['--ignoreStatic', ...process.argv.slice(2)])
const constants = functions.filter(({ status }) => status === 'Ignored').map(({ range }) => range)
const all = [...functions, ...(constants.length > 0 ? run(['--mutate', constants.join(',')]) : [])]

const counted = all.filter(({ status }) => tested.includes(status))
const survivors = counted.filter(({ status }) => !noticed.includes(status))
for (const { range, mutatorName, replacement } of survivors)
  console.log(`survived: ${range} ${mutatorName} ${replacement}`)
const score = (100 * (counted.length - survivors.length)) / counted.length
console.log(`${counted.length - survivors.length} of ${counted.length} mutants were noticed: ${score.toFixed(1)} %`)
process.exitCode = score >= 90 ? 0 : 1

function run(options: readonly string[]): readonly (Mutant & { readonly range: string })[] {
  execFileSync('stryker', ['run', ...options], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const { files } = JSON.parse(readFileSync(`${root}/reports/mutations.json`, 'utf8')) as { files: Files }
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.map((mutant) => ({ ...mutant, range: `${file}:${rangeOf(mutant)}` })),
  )
}

function rangeOf({ location: { start, end } }: Mutant): string {
  return `${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
}
