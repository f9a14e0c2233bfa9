// What one thread posts to another is a structured clone. It must hold no token and no detail, and must not
// pass for a refusal or a caller that was asked.
import { AuthError, type VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { claim, evaluate, group, not, scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { createTestApi } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { createTestVerifier, refusalOf } from '../support/verifiers.ts'

const token = createToken({ claims: { scope: 'read', 'https://example.com/secret': 'claim' } })

function withCopiedGroups(auth: VerifiedToken): VerifiedToken {
  return { ...auth, principal: { ...auth.principal, groups: { ...auth.principal.groups } } }
}

function textsOf(copy: unknown): string {
  const members = Object.getOwnPropertyNames(copy).map((name) => [name, (copy as Record<string, unknown>)[name]])
  return JSON.stringify(members)
}

describe('a structured clone', () => {
  it('of a verified token has no token', async () => {
    const { verifyToken } = createTestVerifier()
    const copy = structuredClone(await verifyToken(token))
    expect(Object.keys(copy).toSorted()).toEqual(['claims', 'expiresAt', 'header', 'issuer', 'principal'])
    expect(copy.token).toBeUndefined()
    for (const piece of token.split('.')) expect(textsOf(copy)).not.toContain(piece)
  })

  it('of a verified token, or any other copy, still tells that its groups may lack some', async () => {
    const { verifyToken } = createTestVerifier()
    const auth = await verifyToken(createToken({ claims: { groups: ['staff'] } }))
    const copies = [structuredClone(auth), JSON.parse(JSON.stringify(auth)) as typeof auth, withCopiedGroups(auth)]
    for (const policy of [not(group('blocked')), not(claim('groups', 'blocked'))])
      for (const copy of [auth, ...copies])
        expect(evaluate(policy, { auth: copy, resource: undefined }), policy.id).toMatchObject({
          effect: 'indeterminate',
        })
  })

  it('of a refusal has its public text, and neither its code nor what only the operator may know', async () => {
    const { verifyToken } = createTestVerifier()
    const error = await refusalOf(verifyToken(createToken({ claims: { aud: 'https://secret.example.com' } })))
    expect(error.details.aud).toContain('secret')
    const copy = structuredClone(error)
    expect(copy).toBeInstanceOf(Error)
    expect(copy).not.toBeInstanceOf(AuthError)
    expect([copy.message, copy.code, copy.status, copy.details, copy.cause]).toEqual([
      error.message,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(textsOf(copy) + String(copy.stack)).not.toContain('secret')
  })

  it('of a request is no request that a guard let in', async () => {
    const guard = createGuard(createTestApi().api)
    const request = { method: 'GET', url: '/', rawHeaders: ['Authorization', `Bearer ${token}`] }
    await new Promise<unknown>((resolve) => guard()(request as never, {} as never, resolve))
    expect(guard.auth(request as never).principal.subject).toBe('alice')
    for (const copy of [structuredClone({ ...request, auth: {} }), { ...request }, Object.create(request)])
      expect(() => guard.auth(copy as never)).toThrow(TypeError)
  })

  it('of a resource server, or of its functions, cannot be made', () => {
    expect(() => structuredClone(createTestApi().api)).toThrow(/could not be cloned/)
    expect(() => structuredClone(scope('read'))).toThrow(/could not be cloned/)
  })
})
