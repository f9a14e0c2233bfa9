// The example that compares one table of decisions in three places, started once.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../../scripts/subpaths.ts'

test('gives the same decisions in Express, behind nginx and in a Lambda authorizer', async () => {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/one-policy/main.ts'], { cwd: root })
  const lines = stdout.trim().split('\n')
  expect(lines.at(-1)).toBe('All 20 decisions are the same in three places.')
  const [heading = '', ...rows] = lines.slice(0, -2)
  expect(heading).toMatch(/EXPRESS {2,}(?:NGINX|DECISION SERVER) {2,}LAMBDA$/)
  const decisions = rows.map((row) => row.trim().split(/ {2,}/).slice(3))
  expect(decisions).toHaveLength(20)
  for (const given of decisions) expect(new Set(given).size, given.join(' ')).toBe(1)
  expect(new Set(decisions.flat())).toEqual(new Set(['200', '400', '401', '403']))
}, 60_000)
