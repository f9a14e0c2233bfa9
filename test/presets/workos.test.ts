// WorkOS: its samples and its options.
import { describe, expect, it } from 'vitest'
import { describePreset } from '../support/sts-fixture.ts'
import { workosFixture as fixture } from './fixtures/workos.ts'

describePreset(fixture)

describe('workos()', () => {
  it.each([
    [
      { clientId: 'client_01/../x' },
      "clientId must look like 'client_01E2KBF6XNSE8HKF6WGPR4GWTH', not 'client_01/../x'.",
    ],
    [{ clientId: undefined }, 'clientId must be a non-empty string.'],
    [{ authKitDomain: 'shop.authkit.app' }, 'workos() has no option clientId. It has: authKitDomain, audience.'],
    [{ clientId: undefined, authKitDomain: 'shop.authkit.app' }, 'audience[] must be a non-empty string.'],
    [
      { clientId: undefined, authKitDomain: 'https://shop.authkit.app', audience: 'x' },
      "authKitDomain must be a host name, and nothing else: write 'shop.authkit.app', not 'https://shop.authkit.app'.",
    ],
    [{ audience: 'x' }, 'workos() has no option audience. It has: clientId.'],
  ])('does not take %j', (options, message) => {
    expect(() => fixture.makeIssuer(options)).toThrow(new TypeError(message))
  })
})
