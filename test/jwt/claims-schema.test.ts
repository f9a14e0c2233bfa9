// The application's schema types the claims and can neither replace a registered one nor break a door open.
import * as v from 'valibot'
import type { StandardSchema } from 'claimcheck'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { JsonObject } from '../../src/internal/json.ts'
import { applySchema, pathsOf } from '../../src/jwt/schema.ts'
import { now } from '../support/clock.ts'
import { goodClaims } from '../support/tokens.ts'

type Validate = StandardSchema['~standard']['validate']

function schemaOf(validate: Validate): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

/** What the schema makes of the claims; a refusal fails the test. */
async function typedBy(schema: StandardSchema, from: JsonObject = claims): Promise<JsonObject> {
  const applied = await applySchema(schema, from)
  return 'claims' in applied ? applied.claims : expect.fail(applied.reason)
}

const registered = {
  iss: 'https://sts.example.com',
  aud: 'https://api.example.com',
  sub: 'alice',
  iat: now - 60,
  exp: now + 300,
  nbf: now - 60,
  jti: 'j1',
}
const claims = goodClaims({ nbf: now - 60, level: '3' })

describe('the schema', () => {
  it.each([
    ['zod', z.object({ level: z.coerce.number() })],
    ['valibot', v.object({ level: v.pipe(v.string(), v.transform(Number)) })],
  ])('of %s strips and transforms what is not registered', async (_, schema) => {
    expect(await typedBy(schema)).toEqual({ level: 3, ...registered })
  })

  it('may be asynchronous', async () => {
    const schema = z.object({ level: z.string().refine(async (level) => level === '3') })
    expect(await typedBy(schema)).toEqual({ level: '3', ...registered })
  })

  it.each(Object.keys(registered))('cannot replace %s', async (name) => {
    const schema = schemaOf(() => ({ value: { [name]: 'forged', own: 1 } }))
    expect(await typedBy(schema)).toEqual({ ...registered, own: 1 })
  })

  it('cannot add a registered claim that the token does not have', async () => {
    const schema = schemaOf(() => ({ value: { nbf: 1, jti: 'made up' } }))
    const verified = { iss: 'https://sts.example.com', exp: now }
    expect(await typedBy(schema, verified)).toEqual(verified)
  })

  it('cannot change the prototype of the claims', async () => {
    const value: unknown = JSON.parse('{"__proto__":{"admin":true}}')
    const typed = await typedBy(schemaOf(() => ({ value })))
    expect(Object.getPrototypeOf(typed)).toBe(Object.prototype)
    expect(Object.keys(typed)).toContain('__proto__')
    expect(typed.admin).toBeUndefined()
  })
})

describe('a token that does not fit the schema', () => {
  it('is refused, with the names of the members and none of their values', async () => {
    const schema = z.object({ level: z.literal('9'), address: z.object({ country: z.string() }) })
    const refusal = await applySchema(schema, { ...claims, address: { country: 1 } })
    expect(refusal).toEqual({ reason: 'claims_schema_mismatch', details: { claim: 'level address.country' } })
  })

  it('is refused also when the schema finds an issue and a value', async () => {
    const schema = schemaOf(() => ({ value: {}, issues: [{ message: 'no' }] }) as never)
    expect(await applySchema(schema, claims)).toEqual({ reason: 'claims_schema_mismatch', details: { claim: '' } })
  })
})

describe('a broken schema is our fault and not the token’s', () => {
  it.each<[string, Validate]>([
    [
      'throws',
      () => {
        throw new RangeError('broken')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('broken'))],
    ['returns undefined', () => undefined as never],
    ['makes no object', () => ({ value: 'text' })],
    ['makes a list', () => ({ value: [] })],
    ['makes null', () => ({ value: null })],
    ['writes to the claims', (value) => Object.assign(value as object, { sub: 'mallory' }) as never],
  ])('when it %s', async (_, validate) => {
    const refusal = await applySchema(schemaOf(validate), Object.freeze({ ...claims }))
    expect(refusal).toEqual({ reason: 'claims_schema_unavailable', details: { cause: expect.any(Error) } })
  })

  it('with a cause that says what was wrong', async () => {
    const refusal = await applySchema(
      schemaOf(() => ({ value: 'text' })),
      claims,
    )
    expect(refusal).toMatchObject({ details: { cause: { message: 'The claims schema must return an object.' } } })
  })
})

it('reads every form of path that Standard Schema allows', () => {
  const message = 'may quote a value'
  expect(
    pathsOf([
      { message, path: ['a', { key: 'b' }, 0] },
      { message },
      { message, path: [Symbol('s')] },
      { message, path: undefined },
    ]),
  ).toEqual(['a.b.0', '', 'Symbol(s)', ''])
})
