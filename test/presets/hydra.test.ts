// Ory Hydra: its samples and its options.
import { describe, expect, it } from 'vitest'
import { fixtureOf } from '../support/sts-fixture.ts'

const fixture = fixtureOf('hydra')

describe('hydra()', () => {
  it.each([
    [{ issuer: 'http://hydra.example.com/' }, "issuer must be https: write 'https://hydra.example.com/'."],
    [
      { issuer: 'https://hydra.example.com/?a=b' },
      "issuer must have no query, fragment or user name (RFC 8414 §2): write 'https://hydra.example.com/'.",
    ],
    [{ audience: undefined }, 'audience[] must be a non-empty string, not undefined.'],
    [{ audience: [] }, 'audience must be a list of at least one string, not [].'],
    [{ audience: '' }, "audience[] must be a non-empty string, not ''."],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })
})
