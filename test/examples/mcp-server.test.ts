// The example of an MCP server: the official client gets from nothing to a tool, and from there to one that needs more.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { root } from '../../scripts/subpaths.ts'

it('examples/mcp-server: discovery, login, tool, step-up', { timeout: 60_000 }, async () => {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/mcp-server/main.ts'], { cwd: root })
  expect(stdout).toBe(
    'login for: orders:read\n' +
      'list_orders: the orders of alice\n' +
      'login for: orders:read orders:write\n' +
      'cancel_order: cancelled by web\n',
  )
})
