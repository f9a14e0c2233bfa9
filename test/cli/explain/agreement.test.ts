// `claimcheck explain` and the verifier say the same of every token that the tests know.
import { AuthError, type Verifier } from 'claimcheck'
import { expect, test } from 'vitest'
import { createRecorder } from '../../../src/cli/explain/checks.ts'
import { explain } from '../../../src/cli/explain/explanation.ts'
import { createResourceServer, toRequestGuard } from '../../../src/server/resource-server.ts'
import { badTokens, goodToken } from '../../support/bad-tokens.ts'
import { createTestClock } from '../../support/clock.ts'
import { testApiOptions } from '../../support/resource-servers.ts'
import {
  allFixtures,
  createFixtureVerifier,
  fetchFixture,
  type StsFixture,
  tokenOf,
  type TokenSample,
} from '../../support/sts-fixture.ts'
import { explainAsJson, type ExplainedJson, jsonFile } from './run.ts'

const codes: Readonly<Record<string, number>> = { accepted: 0, refused: 1, unknown: 2 }

/** What the verifier says. */
async function answerOf({ verifyToken }: Pick<Verifier, 'verifyToken'>, token: string) {
  return verifyToken(token).then(
    ({ principal }) => ({ verdict: 'accepted', reason: undefined, key: principal.key }),
    (error: unknown) => {
      if (!(error instanceof AuthError)) throw error
      return { verdict: error.status === 503 ? 'unknown' : 'refused', reason: error.reason, key: undefined }
    },
  )
}

/** One row at most did not pass, and nothing has run behind it. */
function expectOrder({ verdict, token: { checks } }: Pick<ExplainedJson, 'verdict' | 'token'>): void {
  const outcomes = checks.map(({ outcome }) => outcome)
  const end = { accepted: [], refused: ['failed'], unknown: ['unknown'] }[verdict]
  const passed = outcomes.filter((one) => one === 'passed')
  const rest = outcomes.filter((one) => one === 'not reached')
  expect(outcomes).toEqual([...passed, ...(end ?? []), ...rest])
  if (verdict === 'accepted') expect(rest).toEqual([])
}

function samplesOf(fixture: StsFixture): readonly TokenSample[] {
  return [...fixture.accepted, ...fixture.wrongNeighbours, ...fixture.naive]
}

test.each(allFixtures())('says of every token of the fixture $name what the verifier says', async (fixture) => {
  expect(samplesOf(fixture).length).toBeGreaterThan(2)
  const configs = new Map<string, string>()
  for (const sample of samplesOf(fixture)) {
    const token = tokenOf(fixture, sample)
    const { verdict, reason, key } = await answerOf(createFixtureVerifier(fixture, sample.options), token)
    const issuer = { [fixture.name]: fixture.optionsFor(sample.options ?? {}) }
    const config = configs.get(JSON.stringify(issuer)) ?? jsonFile({ issuer })
    configs.set(JSON.stringify(issuer), config)
    const explained = await explainAsJson(['--config', config], token, {
      clock: createTestClock(),
      fetch: async (url: string) => fetchFixture(fixture, url),
    })
    const { token: said } = explained
    expect(
      [explained.code, said.verdict, said.refusal?.reason, said.principal?.key],
      `${fixture.name}: ${sample.title}`,
    ).toEqual([codes[verdict], verdict, reason, key])
    expectOrder(explained)
  }
})

test('says of every bad token what the verifier says', async () => {
  const { options } = testApiOptions()
  const verifier = createResourceServer(options)
  const reasons = new Set<string>()
  for (const token of [goodToken, ...badTokens]) {
    const guard = toRequestGuard(createResourceServer(options))
    const said = await explain({ guard: guard as never, issuers: [] }, { token })
    const { verdict, reason } = await answerOf(verifier, token)
    expect([said.verdict, said.token.refusal?.reason]).toEqual([verdict, reason])
    expectOrder(said as ExplainedJson)
    reasons.add(reason ?? 'accepted')
  }
  expect([...reasons]).toContain('token_revoked')
  expect(reasons.size).toBeGreaterThan(10)
})

test('shows every check that the verifier names, and each by a label and its facts', async () => {
  const { options } = testApiOptions()
  const recorder = createRecorder({ issuers: [] })
  const guard = toRequestGuard(createResourceServer(options)).watched(recorder.watch)
  await guard.verify({ token: goodToken, header: 'authorization' })
  expect(recorder.rows(undefined).map(({ check }) => check)).toEqual([
    'syntax',
    'issuer',
    'algorithm',
    'type',
    'claim types',
    'required claims',
    'times',
    'kind of token',
    'audience',
    'confirmation',
    'key',
    'signature',
    'principal',
    'request',
    'revocation',
  ])
})
