// keepAlive: the promise of every piece of work that no request waits for, for platforms that stop a process between requests.
import { createResourceServer, createVerifier, type KeyStore } from 'claimcheck'
import { createTestIssuer } from 'claimcheck/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestClock } from '../support/clock.ts'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'
import { audience } from '../support/tokens.ts'
import { refusalOf } from '../support/verifiers.ts'
import { verifierFor } from '../testing/verifier.ts'

function createKept() {
  const kept: Promise<unknown>[] = []
  return { kept, keepAlive: (work: Promise<unknown>) => void kept.push(work) }
}

async function stateOf(work: Promise<unknown> | undefined): Promise<string> {
  const settled = work?.then(
    () => 'done',
    () => 'rejected',
  )
  return Promise.race([settled ?? 'none', everyoneGoesOn().then(() => 'under way')])
}

describe('keepAlive', () => {
  it('is given a refresh in the background, which the request did not wait for', async () => {
    const sts = createTestIssuer()
    const { kept, keepAlive } = createKept()
    const { verifyToken } = verifierFor(sts, sts.issuer, { keepAlive })
    await verifyToken(sts.token())
    kept.length = 0
    sts.outage('hang')
    sts.clock.advance({ minutes: 10 })
    await verifyToken(sts.token())
    expect(await Promise.all(kept.map(stateOf))).toEqual(['under way'])
    sts.recover()
    await kept[0]
    expect(sts.requests.keys).toBe(2)
  })

  it('is given the same once for all requests, and nothing where nothing is fetched', async () => {
    const sts = createTestIssuer()
    const { kept, keepAlive } = createKept()
    const { verifyToken } = verifierFor(sts, sts.issuer, { keepAlive })
    await Promise.all([1, 2, 3].map(() => verifyToken(sts.token())))
    await verifyToken(sts.token())
    expect(kept).toHaveLength(1)
  })

  it.each(['refuse', '500', 'html'] as const)('is given no promise that rejects (%s)', async (outage) => {
    const sts = createTestIssuer()
    const { kept, keepAlive } = createKept()
    const { verifyToken } = verifierFor(sts, sts.issuer, { keepAlive })
    sts.outage(outage)
    await refusalOf(verifyToken(sts.token()))
    expect(await Promise.all(kept.map(stateOf))).toEqual(['done'])
  })

  it('is given the reading and the writing of a key store, which no request waits for either', async () => {
    const sts = createTestIssuer()
    const { kept, keepAlive } = createKept()
    let end = (): void => {}
    const keyStore: KeyStore = {
      load: async () => undefined,
      save: () => new Promise((resolve) => (end = resolve)),
    }
    const { verifyToken } = verifierFor(sts, sts.issuer, { keepAlive, keyStore })
    await verifyToken(sts.token())
    expect(await Promise.all(kept.map(stateOf))).toEqual(['done', 'done', 'under way'])
    end()
    expect(await Promise.all(kept.map(stateOf))).toEqual(['done', 'done', 'done'])
  })

  it('is given the fetch of a single key', async () => {
    const { kept, keepAlive } = createKept()
    const { verifyToken } = createFixtureVerifier(fixtureOf('awsAlb'), {}, { keepAlive })
    await verifyToken(tokenOf(fixtureOf('awsAlb'), { claims: fixtureOf('awsAlb').accepted[0]?.claims ?? {} }))
    expect(await Promise.all(kept.map(stateOf))).toEqual(['done'])
  })

  it('is an option of a resource server, too', async () => {
    const sts = createTestIssuer()
    const { kept, keepAlive } = createKept()
    const { issuer, audience, fetch, clock } = sts
    const { verifyToken } = createResourceServer({ issuer, audience, fetch, clock, keepAlive })
    await verifyToken(sts.token())
    expect(kept).toHaveLength(1)
  })

  it('may throw, as that of a platform does outside a request: tokens are verified all the same', async () => {
    const sts = createTestIssuer()
    const keepAlive = () => {
      throw new Error('no request is under way')
    }
    const { verifyToken, ready } = verifierFor(sts, sts.issuer, { keepAlive })
    expect(await ready()).toMatchObject([{ ok: true }])
    await verifyToken(sts.token())
  })

  it.each<[string, () => unknown]>([
    ['reject, as an async function does', () => Promise.reject(new Error('no request is under way'))],
    ['give a thenable that throws', () => ({ then: () => expect.fail('thrown by then') })],
    ['never answer', () => new Promise(() => {})],
  ])('may %s: no rejection is left unheard', async (_, keepAlive) => {
    const unheard: unknown[] = []
    const listen = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', listen)
    onTestFinished(() => void process.off('unhandledRejection', listen))
    const sts = createTestIssuer()
    await verifierFor(sts, sts.issuer, { keepAlive }).verifyToken(sts.token())
    await everyoneGoesOn()
    expect(unheard).toEqual([])
  })

  it('may verify a token itself, which joins the fetch that it was told of', async () => {
    const sts = createTestIssuer()
    const within: Promise<unknown>[] = []
    const keepAlive = (): void => void within.push(verifyToken(sts.token()))
    const { verifyToken } = verifierFor(sts, sts.issuer, { keepAlive })
    await verifyToken(sts.token())
    expect(await Promise.all(within)).toMatchObject([{ issuer: sts.issuer }])
    expect(sts.requests.keys).toBe(1)
  })

  it.each([true, 'waitUntil', {}, null])('cannot be %j', (keepAlive) => {
    const options = { issuer: 'https://sts.example.com', audience, clock: createTestClock(), keepAlive }
    expect(() => createVerifier(options as never)).toThrow(/^keepAlive must be a function, not /)
  })
})
