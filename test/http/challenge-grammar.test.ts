// The strict reader that other tests rely on must itself refuse what is wrong, or they would prove nothing.
import { expect, it } from 'vitest'
import { parseChallenge } from '../support/challenge-grammar.ts'

it('reads a challenge with every parameter', () => {
  const value = 'Bearer realm="a b", error="invalid_token", error_description="Expired, again.", scope="a b"'
  expect(parseChallenge(value)).toEqual({
    scheme: 'Bearer',
    params: { realm: 'a b', error: 'invalid_token', error_description: 'Expired, again.', scope: 'a b' },
  })
})

it.each([
  ['no parameter', 'Bearer'],
  ['no parameter after a space', 'Bearer '],
  ['another scheme', 'Basic realm="x"'],
  ['two spaces', 'Bearer  realm="x"'],
  ['a repeated parameter', 'Bearer realm="x", realm="y"'],
  ['a parameter repeated in other letter case', 'Bearer realm="x", Realm="y"'],
  ['an unknown parameter', 'Bearer realm="x", hint="y"'],
  ['a parameter named like something inherited', 'Bearer __proto__="x"'],
  ['a value without quotes', 'Bearer realm=x'],
  ['white space around the equals sign', 'Bearer realm ="x"'],
  ['an escaped quote', 'Bearer realm="x\\"y"'],
  ['a backslash', 'Bearer realm="x\\\\y"'],
  ['an open quote', 'Bearer realm="x'],
  ['no comma', 'Bearer realm="x" scope="y"'],
  ['a comma at the end', 'Bearer realm="x", '],
  ['a second challenge', 'Bearer realm="x", Basic realm="y"'],
  ['a line end', 'Bearer realm="x\r\nSet-Cookie: y"'],
  ['a letter beyond ASCII', 'Bearer realm="é"'],
  ['an empty scope', 'Bearer scope=""'],
  ['two spaces between scopes', 'Bearer scope="a  b"'],
  ['a space after a scope', 'Bearer scope="a "'],
  ['an unregistered error code', 'Bearer error="expired"'],
  ['a description without an error', 'Bearer realm="x", error_description="y"'],
])('refuses a challenge with %s', (_, value) => {
  expect(() => parseChallenge(value)).toThrow(Error)
})
