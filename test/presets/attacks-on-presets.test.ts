// What a token may do to a preset: every claim of every sample in turn becomes something else. Whatever comes of it is a caller with
// a proper name, or a 401; never a 503, which would mean that a preset has thrown, and never somebody else's key.
import * as presets from 'claimcheck/issuers'
import { AuthError, type Principal } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { createFixtureVerifier, fixtureOf, tokenOf, type StsFixture } from '../support/sts-fixture.ts'

const fixtures: readonly StsFixture[] = [
  fixtureOf('adfs'),
  fixtureOf('authentik'),
  fixtureOf('awsAlb'),
  fixtureOf('clerk'),
  fixtureOf('cloudflareAccess'),
  fixtureOf('descope'),
  fixtureOf('firebase'),
  fixtureOf('gitlabCi'),
  fixtureOf('hydra'),
  fixtureOf('kubernetes'),
  fixtureOf('logto'),
  fixtureOf('pingOne'),
  fixtureOf('spiffe'),
  fixtureOf('supabase'),
  fixtureOf('workos'),
  fixtureOf('zitadel'),
]

const odd = [
  undefined,
  null,
  true,
  7,
  '',
  ' ',
  [],
  [null],
  ['x'],
  {},
  { toString: 'x' },
  JSON.parse('{"__proto__":{"x":1}}'),
]
const nobody = ['', 'undefined', 'null', 'NaN', '[object Object]', 'true', '7']

describe.each(fixtures)('the preset $name', (fixture) => {
  it('refuses, or names properly, a caller with a claim of another type', { timeout: 30_000 }, async () => {
    const tried = new Set<string>()
    for (const { options, ...sample } of fixture.accepted) {
      const { verifyToken } = createFixtureVerifier(fixture, options)
      // The first sample has all of its claims tried, the others what they have besides.
      for (const name of Object.keys(sample.claims)) {
        if (tried.has(`${name} ${JSON.stringify(sample.claims[name])}`)) continue
        tried.add(`${name} ${JSON.stringify(sample.claims[name])}`)
        for (const value of odd) {
          const token = tokenOf(fixture, { ...sample, claims: { ...sample.claims, [name]: value } })
          const outcome: unknown = await verifyToken(token).then(
            ({ principal }) => principal,
            (error: unknown) => error,
          )
          if (outcome instanceof AuthError) expect(`${name} ${outcome.status} ${outcome.code}`).toMatch(/ 401 /)
          else expectProperName(outcome as Principal)
        }
      }
    }
  })

  it('never gives callers of different names or kinds one key', () => {
    const names = new Map<string, string>()
    for (const { principal } of fixture.accepted) {
      const { key, subject, kind } = principal
      // One caller may be seen as unknown with other options, but a key is never a user's here and an application's there.
      const known = names.get(key)
      if (known === undefined || known.endsWith(' unknown')) names.set(key, `${subject} ${kind}`)
      else if (kind !== 'unknown' && fixture.name !== 'zitadel' && fixture.name !== 'authentik')
        expect(`${subject} ${kind}`).toBe(known)
      expect(key).toMatch(/^[\x21-\x7e]+$/)
    }
  })

  it.each([undefined, null, 'x', 7, [], new URL('https://sts.example.com'), Object.create({ audience: 'x' })])(
    'takes no options that are %s',
    (options) => {
      const preset = (presets as unknown as Record<string, (options: unknown) => unknown>)[fixture.name]
      expect(() => preset?.(options)).toThrow(TypeError)
    },
  )
})

function expectProperName({ subject, key, tenant, client }: Principal): void {
  expect(nobody).not.toContain(subject)
  for (const part of key.split('|')) expect(nobody).not.toContain(part)
  expect(nobody).not.toContain(tenant ?? 'none')
  expect(nobody).not.toContain(client?.id ?? 'none')
}
