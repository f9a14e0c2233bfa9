// A refusal that nothing waits for does not get lost: Node reports it, and ends a process that does not listen.
import { describe, expect, it } from 'vitest'
import { runInNewProcess } from '../support/new-process.ts'

// It loads all of claimcheck first.
const inNewProcess = { timeout: 30_000 }

describe('a refusal that is not waited for', () => {
  it('is an unhandled rejection, whether its token is new, remembered, bad or missing', inNewProcess, async () => {
    const heard = JSON.parse(await runInNewProcess('forget-await.ts', ['listen'])) as unknown
    expect(heard).toEqual([
      'guard without a token: credential_missing',
      'guard with a bad token: token_malformed',
      'guard with a new token without rights: insufficient_scope',
      'guard with a remembered token without rights: insufficient_scope',
      'require: access_denied',
      'verifyToken: token_malformed',
      'guard misused: TypeError',
    ])
  })

  it('ends a Node process', inNewProcess, async () => {
    const ended: unknown = await runInNewProcess('forget-await.ts', ['end']).catch((failure: unknown) => failure)
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('AuthError') })
  })
})
