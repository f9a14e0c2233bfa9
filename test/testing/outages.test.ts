// An STS in trouble, as a verifier meets it: in process and over HTTP. Nothing here takes as long as the trouble would.
import { AuthError } from 'claimcheck'
import { createTestIssuer, type TestIssuer } from 'claimcheck/testing'
import type { OutageKind } from '../../src/testing/sts-answers.ts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { refusalOf } from '../support/verifiers.ts'
import { verifierFor } from './verifier.ts'

const kinds: readonly OutageKind[] = ['refuse', '500', 'hang', 'drip', 'html']

async function startIssuer(where: string): Promise<TestIssuer> {
  const sts = createTestIssuer()
  onTestFinished(sts.close)
  if (where === 'over HTTP') await sts.listen()
  return sts
}

/** Over HTTP the verifier has the platform's fetch, and time enough for a connection on a busy machine. */
function verifierOf(sts: TestIssuer, where: string) {
  const options = where === 'over HTTP' ? { fetch: globalThis.fetch, fetchTimeoutMs: 400 } : { fetchTimeoutMs: 50 }
  return verifierFor(sts, sts.issuer, options)
}

describe.each(['in process', 'over HTTP'])('%s', (where) => {
  it.each(kinds)('an STS that is out (%s) makes a 503 of a first token, and no 401', async (kind) => {
    const sts = await startIssuer(where)
    sts.outage(kind)
    const error = await refusalOf(verifierOf(sts, where).verifyToken(sts.token()))
    expect({ reason: error.reason, status: error.status }).toEqual({ reason: 'keys_unavailable', status: 503 })
    expect(sts.requests.metadata).toBeGreaterThan(0)
  })

  it.each(kinds)('keys that cannot be had (%s) make a 503 while metadata is there', async (kind) => {
    const sts = await startIssuer(where)
    sts.outage(kind, { only: 'keys' })
    const error = await refusalOf(verifierOf(sts, where).verifyToken(sts.token()))
    expect(error.status).toBe(503)
    expect(sts.requests.keys).toBeGreaterThan(0)
  })

  it.each(kinds)('the first token after it is back is good (%s)', async (kind) => {
    const sts = await startIssuer(where)
    const { verifyToken } = verifierOf(sts, where)
    sts.outage(kind)
    await refusalOf(verifyToken(sts.token()))
    sts.recover()
    sts.clock.advance({ seconds: 1 })
    await verifyToken(sts.token())
  })

  it('requests that hang are answered when it recovers', async () => {
    const sts = await startIssuer(where)
    const fetch = where === 'over HTTP' ? globalThis.fetch : sts.fetch
    const { verifyToken } = verifierFor(sts, sts.issuer, { fetch, fetchTimeoutMs: 60_000 })
    sts.outage('hang')
    const verified = verifyToken(sts.token())
    await expect.poll(() => sts.requests.metadata, { interval: 1 }).toBeGreaterThan(0)
    sts.recover()
    await verified
  })

  it('requests that hang see the next outage too', async () => {
    const sts = await startIssuer(where)
    const fetch = where === 'over HTTP' ? globalThis.fetch : sts.fetch
    sts.outage('hang')
    const asked = fetch(sts.addresses[0] ?? '', {})
    await expect.poll(() => sts.requests.metadata, { interval: 1 }).toBe(1)
    sts.recover()
    sts.outage('500')
    expect((await asked).status).toBe(500)
  })

  it('requests that hang are broken off by close()', async () => {
    const sts = await startIssuer(where)
    const fetch = where === 'over HTTP' ? globalThis.fetch : sts.fetch
    sts.outage('hang')
    const asked = fetch(sts.addresses[0] ?? '', {})
    await expect.poll(() => sts.requests.metadata, { interval: 1 }).toBe(1)
    await Promise.all([expect(asked).rejects.toThrow('fetch failed'), sts.close()])
  })
})

describe('a page with status 200', () => {
  it('is what it says', async () => {
    const sts = await startIssuer('in process')
    sts.outage('html')
    const answer = await sts.fetch('https://sts.example.com/jwks', {})
    expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
      status: 200,
      type: 'text/html; charset=utf-8',
    })
    expect(await answer.text()).toBe('<!doctype html><title>Maintenance</title>')
  })
})

describe('a connection that is refused', () => {
  it('rejects as fetch does, with the code of the system', async () => {
    const sts = await startIssuer('in process')
    sts.outage('refuse')
    const error: unknown = await sts.fetch('https://sts.example.com/jwks', {}).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).not.toBeInstanceOf(AuthError)
    expect((error as Error).cause).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
