// `npm run check`: everything that CI demands besides the tests. Builds, then runs every `check:…` script of package.json, two at a
// time; what a check has to say is shown only when it fails. Each runs alone too: `npm run check:layers`.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { root } from './subpaths.ts'

const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { scripts: Record<string, string> }
const waiting = Object.entries(scripts).filter(([name]) => name.startsWith('check:'))

const built = await succeeds('build', 'npm run --silent build')
const results = built ? await Promise.all([work(), work()]) : []
const passed = built && results.every(Boolean)
console.log(passed ? 'All checks passed.' : 'Some checks failed.')
process.exitCode = passed ? 0 : 1

/** Takes checks from the one list until there is none. */
async function work(): Promise<boolean> {
  let good = true
  for (let next = waiting.shift(); next; next = waiting.shift()) good = (await succeeds(...next)) && good
  return good
}

/** The shell finds the tools because npm puts node_modules/.bin on the PATH of its scripts. */
async function succeeds(name: string, command: string): Promise<boolean> {
  const start = performance.now()
  const child = spawn(command, { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const good = (await new Promise((resolve) => child.on('close', resolve))) === 0
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${good ? 'ok    ' : 'FAILED'} ${seconds.padStart(5)} s  ${name}${good ? '' : `\n${output}`}`)
  return good
}
