// WorkOS: its samples and its options.
import { workos } from 'claimcheck/issuers'
import { describe, expect, it } from 'vitest'
import type { WorkosOptions } from '../../src/presets/workos.ts'

describe('workos()', () => {
  it.each([
    [
      { clientId: 'client_01/../x' },
      "clientId must look like 'client_01E2KBF6XNSE8HKF6WGPR4GWTH', not 'client_01/../x'.",
    ],
    [{}, 'clientId must be a non-empty string, not undefined.'],
    [
      { clientId: 'client_01', domain: 'shop.authkit.app' },
      'workos() has no option clientId. It has: domain, audience.',
    ],
    [{ domain: 'shop.authkit.app' }, 'audience[] must be a non-empty string, not undefined.'],
    [
      { domain: 'https://shop.authkit.app', audience: 'x' },
      "domain must be a host name, and nothing else: write 'shop.authkit.app', not 'https://shop.authkit.app'.",
    ],
    [{ clientId: 'client_01', audience: 'x' }, 'workos() has no option audience. It has: clientId.'],
  ])('does not take %j', (options, message) => {
    expect(() => workos(options as WorkosOptions)).toThrow(new TypeError(message))
  })
})
