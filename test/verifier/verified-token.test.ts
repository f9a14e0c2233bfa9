// What a handler gets: nothing in it changes under anyone's hands, and the token itself ends in no log.
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createVerifiedToken } from '../../src/verifier/verified-token.ts'
import { now } from '../support/clock.ts'
import { audience, createToken, goodClaims } from '../support/tokens.ts'
import { createTestVerifier } from '../support/verifiers.ts'

const token = createToken({ claims: { address: { country: 'CH', lines: ['a', ['b']] }, roles: ['r'], scope: 's' } })
const auth = await createTestVerifier().verifyToken(token)

describe('a verified token', () => {
  it('has what its definition says, and no more', () => {
    expect(Object.keys(auth).sort()).toEqual(['claims', 'expiresAt', 'header', 'issuer', 'principal'])
    expect({ ...auth, claims: undefined, principal: undefined }).toEqual({
      header: { alg: 'ES256', kid: 'ES256', typ: 'at+jwt' },
      issuer: 'https://sts.example.com',
      expiresAt: now + 300,
    })
  })

  it('is frozen at every depth', () => {
    expect(mutableParts(auth)).toEqual([])
    expect(() => Object.assign(auth.principal, { kind: 'user' })).toThrow(TypeError)
    expect(() => (auth.principal.scopes as string[]).push('admin')).toThrow(TypeError)
  })

  it('holds the token where no log, copy or JSON finds it', () => {
    expect(auth.token).toBe(token)
    expect({ ...auth }).not.toHaveProperty('token')
    const [, payload = '', signature = ''] = token.split('.')
    for (const text of [
      JSON.stringify(auth),
      inspect(auth, { depth: 9 }),
      inspect({ auth }, { depth: 9 }),
      String(auth),
    ]) {
      expect(text).not.toContain(payload)
      expect(text).not.toContain(signature)
    }
    expect(() => Object.defineProperty(auth, 'token', { value: 'x' })).toThrow(TypeError)
  })

  it('shows issuer, principal.key and expiry when it is inspected, and nothing else', () => {
    expect(inspect(auth)).toBe(
      inspect({
        issuer: 'https://sts.example.com',
        principal: { key: 'https://sts.example.com|alice' },
        expiresAt: now + 300,
      }),
    )
  })

  it('gives each inspection an object of its own', () => {
    const custom = Symbol.for('nodejs.util.inspect.custom')
    const shown = auth as unknown as Record<symbol, () => object>
    Object.assign(shown[custom]?.() ?? {}, { issuer: 'changed' })
    expect(shown[custom]?.()).toMatchObject({ issuer: 'https://sts.example.com' })
  })

  it('is made of its parts without touching the object that they came in', () => {
    const parts = { ...auth, exp: now + 300 }
    expect(createVerifiedToken(parts, 'x.y.z')).not.toBe(parts)
    expect(Object.isFrozen(parts)).toBe(false)
  })

  it('keeps a claim that is called __proto__ a mere claim', async () => {
    const claims = JSON.parse(`{"__proto__":{"admin":true}}`) as object
    const { claims: verified } = await createTestVerifier().verifyToken(createToken({ claims: { ...claims } }))
    expect(Object.getPrototypeOf(verified)).toBe(Object.prototype)
    expect(verified.admin).toBeUndefined()
    expect(Object.keys(verified)).toContain('__proto__')
    expect(verified).toMatchObject({ ...goodClaims(), aud: audience })
  })
})

/** The paths of all objects in `value` that are not frozen. */
function mutableParts(value: unknown, path = 'auth'): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const below = Object.entries(value).flatMap(([name, member]) => mutableParts(member, `${path}.${name}`))
  return Object.isFrozen(value) ? below : [path, ...below]
}
