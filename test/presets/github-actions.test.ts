// GitHub Actions: its tokens by the table, and options that would let everybody in.
import { githubActions } from 'claimcheck/issuers'
import type { GithubActionsOptions } from '../../src/presets/github-actions.ts'
import { expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf } from '../support/sts-fixture.ts'

const whose =
  "Choose the owners whose repositories are allowed: allowedOwnerIds: ['<repository_owner_id>'], or else anyOwner: true, which allows every owner."

it.each([
  [{}, whose],
  [{ anyOwner: false }, whose],
  [{ anyOwner: 'true' }, whose],
  [{ anyOwner: true, allowedOwnerIds: ['65'] }, whose],
  [{ anyOwner: false, allowedOwnerIds: ['65'] }, whose],
  [{ allowedOwnerIds: [] }, 'allowedOwnerIds must be a list of at least one string, not [].'],
  [{ allowedOwnerIds: 65 }, 'allowedOwnerIds[] must be a non-empty string, not 65.'],
  [{ allowedOwnerIds: [65] }, 'allowedOwnerIds[] must be a non-empty string, not 65.'],
  [
    { allowedOwnerIds: ['65', 'octo-org'] },
    "allowedOwnerIds must be numbers as text, not 'octo-org': see https://api.github.com/users/<name>.",
  ],
  [{ allowedOwnerIds: 'octo65' }, /^allowedOwnerIds must be numbers as text, not 'octo65'/],
  [{ allowedOwnerIds: '65octo' }, /^allowedOwnerIds must be numbers as text, not '65octo'/],
  [{ anyOwner: true, audience: null }, 'audience must not be null: jobs can get tokens for any audience.'],
  [{ anyOwner: true, audience: '' }, "audience[] must be a non-empty string, not ''."],
  [{ anyOwner: true, issuer: '' }, "issuer must be a non-empty string, not ''."],
  [{ anyOwner: true, issuer: 'http://ghes.example.com/_services/token' }, /^issuer must be https: write '[^']+'\.$/],
  [
    { anyOwner: true, issuer: 'https://token.actions.githubusercontent.com/' },
    "issuer must have no slash at its end: write 'https://token.actions.githubusercontent.com'.",
  ],
  [{ owner: 'octo-org' }, 'githubActions() has no option owner. It has: audience, allowedOwnerIds, anyOwner, issuer.'],
])('refuses the options %j', (options, message) => {
  const make = () => githubActions({ audience: 'urn:api', ...options } as GithubActionsOptions)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
})

it('refuses another owner before any key is fetched', async () => {
  const { requests, verifyToken } = createFixtureVerifier(fixtureOf('githubActions'))
  const { claims } = fixtureOf('githubActions').accepted[0] ?? expect.fail('no job')
  await expect(
    verifyToken(tokenOf(fixtureOf('githubActions'), { claims: { ...claims, repository_owner_id: '666' } })),
  ).rejects.toMatchObject({ reason: 'tenant_mismatch' })
  expect(requests).toEqual([])
})

it('never has one key for two places', async () => {
  const { verifyToken } = createFixtureVerifier(fixtureOf('githubActions'))
  const { claims } = fixtureOf('githubActions').accepted[0] ?? expect.fail('no job')
  const keyOf = async (changes: object) =>
    (await verifyToken(tokenOf(fixtureOf('githubActions'), { claims: { ...claims, ...changes } }))).principal.key
  const keys = await Promise.all([
    keyOf({ environment: 'x' }),
    keyOf({ ref: 'x' }),
    keyOf({ environment: 'ref|x' }),
    keyOf({ repository_id: '74|ref', ref: 'x' }),
    keyOf({ repository_id: '74|environment', ref: 'x' }),
  ])
  expect(new Set(keys).size).toBe(5)
})
