// A key that the STS puts under an old kid, while forged signatures come in: whom they delay, for how long, and what they fetch.
import type { Verifier, VerifierOptions } from 'claimcheck'
import { createTestIssuer, type TestIssuer } from 'claimcheck/testing'
import { describe, expect, it } from 'vitest'
import { answerTo, expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { verifierFor } from '../testing/verifier.ts'

const signatureInvalid = '401 signature_invalid'
const keysUnavailable = '503 keys_unavailable'

interface Sts extends TestIssuer {
  readonly verifier: Verifier
  /** A token under the known kid, signed with a key that the STS does not have. */
  forge(): Promise<string>
}

/** An STS whose only key the verifier has fetched. */
async function createSts(options: Partial<VerifierOptions> = {}): Promise<Sts> {
  const sts = createTestIssuer()
  const verifier = verifierFor(sts, sts.issuer, options)
  await verifier.verifyToken(sts.token())
  return {
    ...sts,
    get requests() {
      return sts.requests
    },
    verifier,
    forge: () => answerTo(verifier, sts.badToken('forged-signature')),
  }
}

async function forge(sts: Sts, count: number): Promise<string[]> {
  const answers: string[] = []
  for (let forgery = 0; forgery < count; forgery++) answers.push(await sts.forge())
  return answers
}

describe('a look for a replaced key', () => {
  it('that finds no change makes the token bad: 401', async () => {
    const sts = await createSts()
    expect(await forge(sts, 3)).toEqual(Array(3).fill(signatureInvalid))
    expect(sts.requests.keys).toBe(1 + 3)
  })

  it('that is due and beyond the budget is 503, and says when to come again', async () => {
    const sts = await createSts()
    await forge(sts, 3)
    const error = await refusalOf(sts.verifier.verifyToken(sts.badToken('forged-signature')))
    expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503, headers: { 'Retry-After': '10' } })
    expect(error.headers).not.toHaveProperty('WWW-Authenticate')
    expect(sts.requests.keys).toBe(1 + 3)
  })

  it.each(['refuse', '500', 'html'] as const)('that fails (%s) is 503, and costs no budget', async (outage) => {
    const sts = await createSts()
    const byOldKey = sts.token()
    sts.replaceKeys()
    sts.outage(outage)
    expect(await answerTo(sts.verifier, sts.token())).toBe(keysUnavailable)
    expect(await answerTo(sts.verifier, byOldKey)).toBe('verified')
    // Now the back-off, for as long as it lasts.
    expect(await answerTo(sts.verifier, sts.token())).toBe(keysUnavailable)
    sts.recover()
    sts.clock.advance({ milliseconds: 1250 })
    expect(await answerTo(sts.verifier, sts.token())).toBe('verified')
    expect(await forge(sts, 3)).toEqual([signatureInvalid, signatureInvalid, keysUnavailable])
  })

  it('is due for no signature that no key could have made: 401, also while nothing can be fetched', async () => {
    const sts = await createSts()
    sts.outage('refuse')
    for (const kind of ['no-signature', 'zero-signature'] as const)
      expect(await answerTo(sts.verifier, sts.badToken(kind))).toBe(signatureInvalid)
    expect(await answerTo(sts.verifier, `${sts.token()}AA`)).toBe(signatureInvalid)
    expect(sts.requests.keys).toBe(1)
  })

  it('has a budget of its own: made-up kids do not spend it, and it spends none of theirs', async () => {
    const sts = await createSts()
    for (const kid of ['a', 'b', 'c', 'd'])
      await refusalOf(sts.verifier.verifyToken(sts.token({}, { header: { kid } })))
    expect(sts.requests.keys).toBe(1 + 3)
    sts.replaceKeys()
    expect(await answerTo(sts.verifier, sts.token())).toBe('verified')
    const other = await createSts()
    await forge(other, 10)
    other.rotateKeys()
    expect(await answerTo(other.verifier, other.token())).toBe('verified')
  })
})

it('the budget for replaced keys has the size and the pace that the options give it', async () => {
  const sts = await createSts({ keyCache: { unknownKidBurst: 1, unknownKidRefillSeconds: 60 } })
  expect(await forge(sts, 2)).toEqual([signatureInvalid, keysUnavailable])
  sts.clock.advance({ milliseconds: 59_999 })
  expect(await forge(sts, 1)).toEqual([keysUnavailable])
  sts.clock.advance({ milliseconds: 1 })
  expect(await forge(sts, 2)).toEqual([signatureInvalid, keysUnavailable])
})

describe('forged signatures, ten a second', () => {
  it('cause no more than six fetches a minute beyond the burst, and 60 times 503 in any minute', async () => {
    const sts = await createSts()
    const unavailableAtMs: number[] = []
    for (let tenths = 0; tenths < 1200; tenths++) {
      const answer = await sts.forge()
      if (answer === keysUnavailable) unavailableAtMs.push(sts.clock.nowMs())
      else expect(answer).toBe(signatureInvalid)
      sts.clock.advance({ milliseconds: 100 })
      if (tenths === 599) expect(sts.requests.keys).toBeLessThanOrEqual(1 + 3 + 6)
    }
    expect(sts.requests.keys).toBeLessThanOrEqual(1 + 3 + 12)
    const inAnyMinute = unavailableAtMs.map(
      (fromMs) => unavailableAtMs.filter((ms) => ms >= fromMs && ms < fromMs + 60_000).length,
    )
    expect(Math.max(...inAnyMinute)).toBe(60)
  })

  it('delay a replaced key by ten seconds at most', async () => {
    const sts = await createSts()
    await forge(sts, 10)
    sts.clock.advance({ seconds: 10 })
    // The worst moment is just after a forgery has spent the only look of these ten seconds.
    await forge(sts, 10)
    sts.replaceKeys()
    const replacedAtMs = sts.clock.nowMs()
    while ((await answerTo(sts.verifier, sts.token())) !== 'verified') {
      await sts.forge()
      sts.clock.advance({ milliseconds: 100 })
      expect(sts.clock.nowMs() - replacedAtMs).toBeLessThanOrEqual(10_000)
    }
  })

  it('turn the good token into 401 for the rest of those ten seconds once they have spent the 60', async () => {
    const sts = await createSts()
    expect(await forge(sts, 100)).toEqual([
      ...Array(3).fill(signatureInvalid),
      ...Array(60).fill(keysUnavailable),
      ...Array(37).fill(signatureInvalid),
    ])
    sts.replaceKeys()
    await expectInvalidToken(sts.verifier.verifyToken(sts.token()), 'signature_invalid')
    sts.clock.advance({ seconds: 10 })
    expect(await answerTo(sts.verifier, sts.token())).toBe('verified')
  })

  it('that come together share one look, also where it fails: no more than 60 of them get 503', async () => {
    const sts = await createSts()
    sts.outage('500')
    const answers = await Promise.all(Array.from({ length: 100 }, () => sts.forge()))
    expect(answers.filter((answer) => answer === keysUnavailable)).toHaveLength(60)
    expect(answers.filter((answer) => answer === signatureInvalid)).toHaveLength(40)
    expect(sts.requests.keys).toBe(1 + 2)
  })

  it('delay no token of the key that is known', async () => {
    const sts = await createSts()
    for (let tenths = 0; tenths < 100; tenths++) {
      await sts.forge()
      expect(await answerTo(sts.verifier, sts.token())).toBe('verified')
      sts.clock.advance({ milliseconds: 100 })
    }
  })

  it('against one issuer cost another nothing', async () => {
    const [sts, other] = [await createSts(), await createSts()]
    await forge(sts, 100)
    expect(await forge(other, 4)).toEqual([...Array(3).fill(signatureInvalid), keysUnavailable])
  })
})
