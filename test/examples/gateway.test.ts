// The example with a real nginx, started once.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../../scripts/subpaths.ts'
import { isInstalled } from '../support/gateways.ts'

const missing = isInstalled('nginx') ? '' : ' (not run: nginx is not installed)'

test.skipIf(missing !== '')(
  `runs as its README says${missing}`,
  async () => {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/gateway/main.ts'], { cwd: root })
    expect(stdout.trim().split('\n').at(-1)).toBe('All 12 as expected.')
  },
  60_000,
)
