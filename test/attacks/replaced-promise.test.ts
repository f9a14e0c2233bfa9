// Libraries replace the global Promise (zone.js, bluebird), and a server may run code of another realm: what an async
// function gives is then no instance of it. Such a promise must still be waited for, never be taken for an answer.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTestApi, refused, requestWith } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'

function replacePromise(): void {
  vi.stubGlobal('Promise', class Replaced<T> extends Promise<T> {})
}

describe('a replaced global Promise', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it('makes no forged signature a good one', async () => {
    const { api } = createTestApi()
    const [header, payload, signature = ''] = createToken().split('.')
    const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    // The keys are there already.
    await api.ready()
    replacePromise()
    expect((await refused(api.guard(requestWith(`Bearer ${forged}`)))).reason).toBe('signature_invalid')
  })

  it('admits a good token, as itself', async () => {
    const { api } = createTestApi()
    await api.ready()
    const token = createToken()
    replacePromise()
    expect(await api.guard(requestWith(`Bearer ${token}`))).toMatchObject({ token })
  })
})
