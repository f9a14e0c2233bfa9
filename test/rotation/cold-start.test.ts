// The first requests of a process: all of them wait for one look at the STS.
import { expect, it } from 'vitest'
import { faults } from '../support/key-server.ts'
import { refusalOf } from '../support/verifiers.ts'
import { startSts } from './sts.ts'

it('fetches one metadata document and one key set for 1000 concurrent first requests', async () => {
  const sts = await startSts()
  const { verifyToken } = sts.startVerifier()
  const verified = await Promise.all(Array.from({ length: 1000 }, () => verifyToken(sts.token())))
  expect(new Set(verified.map(({ issuer }) => issuer))).toEqual(new Set([sts.server.issuer]))
  expect(sts.server.requests).toEqual([
    '/.well-known/oauth-authorization-server', // not there, as at many an STS
    '/.well-known/openid-configuration',
    '/jwks',
  ])
})

it('fetches nothing more for the 1000 requests that come after them', async () => {
  const sts = await startSts()
  const { verifyToken, ready } = sts.startVerifier()
  expect(await ready()).toEqual([{ issuer: sts.server.issuer, ok: true }])
  await Promise.all(Array.from({ length: 1000 }, () => verifyToken(sts.token())))
  expect(sts.server.requests).toHaveLength(3)
})

it('answers 1000 concurrent first requests with 503 after one try of an STS that fails', async () => {
  const sts = await startSts()
  sts.server.answer('*', faults.status(500))
  const { verifyToken, keys } = sts.startVerifier()
  expect(keys()).toEqual([{ issuer: sts.server.issuer, state: 'empty', keys: 0, nextRefreshInMs: 0 }])
  const errors = await Promise.all(Array.from({ length: 1000 }, () => refusalOf(verifyToken(sts.token()))))
  for (const error of errors) expect(error).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } })
  // The addresses where metadata may be, two for an issuer without a path, each with the one retry of a first attempt.
  expect(sts.server.requests).toHaveLength(4)
  expect(keys()).toMatchObject([{ state: 'empty', keys: 0, nextRefreshInMs: 1000 }])
})
