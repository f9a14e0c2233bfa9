// The example of a preset outside the package: it runs, and it needs nothing that the package does not export.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { createVerifier } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { acmeId } from '../../examples/custom-sts/acme-id.ts'
import { root } from '../../scripts/subpaths.ts'

describe('examples/custom-sts', () => {
  it('lets the access token in and the ID token not', { timeout: 60_000 }, async () => {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/custom-sts/main.ts'], { cwd: root })
    expect(stdout).toBe(
      'user person:alice of shop, through till-app: orders:read\n' +
        'ID token: 401 token_type_not_accepted (this is an ID token of Acme ID: send the access token)\n',
    )
  })

  it('takes a crew list for complete only where all of it is there', () => {
    const { principal } = acmeId({ issuer: 'https://id.acme.example/w/shop', audience: 'https://api.example.com' })
    const groupsIn = (claims: Readonly<Record<string, unknown>>) =>
      principal({ sub: 'person:alice', via: 'till-app', ...claims }, 'https://id.acme.example/w/shop', { alg: 'ES256' })
        .groups
    expect(groupsIn({ crew: ['till'] })).toEqual({ values: ['till'], complete: true, claim: 'crew' })
    for (const claims of [{}, { crew: ['till'], crew_cut: true }, { crew: ['till', 7] }, { crew: 'till' }])
      expect(groupsIn(claims)).toMatchObject({ complete: false, claim: 'crew' })
  })

  it('imports only what the package exports', () => {
    const source = readFileSync(`${root}/examples/custom-sts/acme-id.ts`, 'utf8')
    const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier)
    expect(imported).toEqual(['claimcheck', 'claimcheck/issuers', 'claimcheck/preset-kit'])
  })

  it('gives a preset that a verifier takes, and that takes no issuer without a workspace', () => {
    const audience = 'https://api.example.com'
    createVerifier({ issuer: acmeId({ issuer: 'https://id.acme.example/w/shop', audience }) })
    expect(() => acmeId({ issuer: 'https://id.acme.example/w/shop/', audience })).toThrow(
      new TypeError("issuer must end in '/w/<workspace>', without a slash after it."),
    )
  })
})
