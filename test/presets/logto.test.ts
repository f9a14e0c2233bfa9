// Logto: its samples and its options.
import { describe, expect, it } from 'vitest'
import { fixtureOf } from '../support/sts-fixture.ts'

const fixture = fixtureOf('logto')

describe('logto()', () => {
  it.each([
    [{ audience: undefined, organizations: [] }, 'logto() needs audience, organizations, or both.'],
    [{ audience: null }, 'audience[] must be a non-empty string, not null.'],
    [{ organizations: 7 }, 'organizations[] must be a non-empty string, not 7.'],
    [{ organizations: [''] }, "organizations[] must be a non-empty string, not ''."],
    [
      { domain: 'https://abc123.logto.app/oidc' },
      "domain must be a host name, and nothing else: write 'abc123.logto.app', not 'https://abc123.logto.app/oidc'.",
    ],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })
})
