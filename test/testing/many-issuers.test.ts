// In Node 20, a generated key that is exported as a JWK can stop the process for ever.
import { expect, it } from 'vitest'
import { runInNewProcess } from '../support/new-process.ts'

it('goes on while keys are exported and the garbage collector runs', { timeout: 60_000 }, async () => {
  const through = runInNewProcess('export-keys.ts', [], { NODE_OPTIONS: '--max-semi-space-size=1' })
  expect(await through).toBe('through')
})
