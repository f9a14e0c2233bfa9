// An STS, or an attacker in its place, that answers with more, less or other than a key set.
import { describe, expect, it } from 'vitest'
import { type Answer, faults } from '../support/key-server.ts'
import { startLoopback } from '../support/loopback.ts'
import { createKey, keyFor, type TestKey } from '../support/tokens.ts'
import type { JsonWebKey } from '../support/types.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { key, minute, newKey, refreshEnded, startSts } from './sts.ts'

/** Good JSON, were it ever to end. */
const endless: Answer = (_, response) => {
  const more = (): void => {
    while (!response.destroyed && response.write(' '.repeat(65_536)));
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.on('drain', more)
  more()
}
const drip: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const dripping = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(dripping))
}
const padding = ' '.repeat(10 * 2 ** 20)
const manyKeys = Array.from({ length: 5000 }, (_, index) => ({ kid: `${index}` }))
const maintenance = faults.text('<html><h1>Back soon</h1></html>', { 'content-type': 'text/html' })

const hostile: readonly (readonly [name: string, answer: Answer, reason: string])[] = [
  ['10 MB', faults.json({ keys: [newKey.publicJwk], padding }), 'sent more than 524288 bytes'],
  ['a body without end', endless, 'sent more than 524288 bytes'],
  ['a byte now and then', drip, 'did not answer within 1500 ms'],
  ['5000 keys', faults.json({ keys: manyKeys }), 'the JWK Set has more than 1000 keys'],
  ['HTML with status 200', maintenance, 'sent a page (text/html), not JSON'],
  ['an empty set', faults.json({ keys: [] }), 'the JWK Set has no usable key'],
  ['a set of broken keys', faults.json({ keys: [{ kty: 'EC' }, 1, null] }), 'the JWK Set has no usable key'],
  ['a repeated name', faults.text(`{"keys":[],"keys":${JSON.stringify([newKey.publicJwk])}}`), 'no name is repeated'],
  [
    'a key with a repeated name',
    faults.text(`{"keys":[${JSON.stringify(newKey.publicJwk).replace('{', '{"kid":"other",')}]}`),
    'no name is repeated',
  ],
  ['a list', faults.json([newKey.publicJwk]), 'did not send a JSON object'],
  ['no list of keys', faults.json({ keys: { 0: newKey.publicJwk } }), 'the answer is not a JWK Set'],
  ['status 204', faults.status(204), 'answered 204'],
]

describe.each(hostile)('an STS that sends %s', (_, answer, reason) => {
  it('loses no good key by it, and says why', async () => {
    const sts = await startSts()
    const verifier = sts.startVerifier({ fetchTimeoutMs: 1500 })
    await verifier.verifyToken(sts.token())
    sts.server.answer('/jwks', answer)
    expect(await refusalOf(verifier.verifyToken(sts.token(newKey)))).toMatchObject({ status: 503 })
    expect(sts.reasons('keys.refresh_failed')).toEqual([expect.stringContaining(reason)])
    await verifier.verifyToken(sts.token())
    expect(verifier.keys()).toMatchObject([{ keys: 1, lastFailure: expect.stringContaining(reason) }])
  })
})

it('stops reading after half a megabyte, and hangs up', async () => {
  const sts = await startSts()
  let sentBytes = 0
  const hungUp = new Promise<void>((resolve) => {
    sts.server.answer('/jwks', (request, response) => {
      response.on('close', () => {
        sentBytes = request.socket.bytesWritten
        resolve()
      })
      endless(request, response)
    })
  })
  expect(await refusalOf(sts.startVerifier().verifyToken(sts.token()))).toMatchObject({ status: 503 })
  await hungUp
  // What the two sockets hold between them may be sent, and is never read.
  expect(sentBytes).toBeLessThan(20 * 2 ** 20)
})

it('does not follow a redirect to another host, whatever its status, and sends nothing there', async () => {
  const elsewhere = await startLoopback(faults.json({ keys: [newKey.publicJwk] }))
  const sts = await startSts()
  const verifier = sts.startVerifier()
  await verifier.verifyToken(sts.token())
  for (const status of [301, 302, 303, 307, 308]) {
    sts.server.answer('/jwks', faults.status(status, { location: elsewhere.url }))
    expect(await refusalOf(verifier.verifyToken(sts.token(newKey)))).toMatchObject({ status: 503 })
    sts.clock.advanceMs(minute)
    await verifier.verifyToken(sts.token())
    await refreshEnded(verifier)
  }
  expect(elsewhere.requests()).toBe(0)
})

const weakRsa = createKey('RS256', { kid: 'weak', rsaBits: 1024 })
const secret = { kty: 'oct', kid: 'secret', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA' }

function privateJwk({ privateKey, publicJwk }: TestKey): JsonWebKey {
  return { ...publicJwk, ...privateKey.export({ format: 'jwk' }) } as JsonWebKey
}

const unusable: readonly (readonly [name: string, jwk: unknown, signedWith: TestKey])[] = [
  ['has a private member', privateJwk(newKey), newKey],
  ['is for encryption', { ...newKey.publicJwk, use: 'enc' }, newKey],
  ['is only for signing', { ...newKey.publicJwk, key_ops: ['sign'] }, newKey],
  ['is RSA with 1024 bits', weakRsa.publicJwk, weakRsa],
  ['is on another curve than its alg', { ...newKey.publicJwk, alg: 'ES384' }, newKey],
  ['is broken', { ...newKey.publicJwk, x: 'AAAA' }, newKey],
]

describe.each(unusable)('a key that %s', (_, jwk, signedWith) => {
  it('is skipped: its tokens get 401, and the good key beside it works', async () => {
    const sts = await startSts()
    sts.server.keys = [jwk as JsonWebKey, key.publicJwk]
    const { verifyToken } = sts.startVerifier()
    await verifyToken(sts.token())
    expect(sts.events).toEqual([{ type: 'keys.refreshed', issuer: sts.server.issuer, keys: 1, skipped: 1 }])
    await expectInvalidToken(verifyToken(sts.token(signedWith)), 'key_not_found')
  })
})

it('skips a symmetric key, with alg and without', async () => {
  const sts = await startSts()
  sts.server.keys = [secret, { ...secret, alg: 'ES256' }, key.publicJwk] as readonly JsonWebKey[]
  const { verifyToken } = sts.startVerifier()
  await verifyToken(sts.token())
  expect(sts.events).toMatchObject([{ type: 'keys.refreshed', keys: 1, skipped: 2 }])
  await expectInvalidToken(verifyToken(sts.token({ ...newKey, kid: 'secret' })), 'key_not_found')
})

it('tells two keys with one kid and different kty apart, and takes neither for the other', async () => {
  const ec = { ...newKey, kid: 'same' }
  const rsa = { ...keyFor('RS256'), kid: 'same' }
  const sts = await startSts()
  sts.server.keys = [ec, rsa].map((one) => ({ ...one.publicJwk, kid: 'same' }))
  const { verifyToken } = sts.startVerifier()
  expect((await verifyToken(sts.token(ec))).header).toMatchObject({ alg: 'ES256', kid: 'same' })
  expect((await verifyToken(sts.token(rsa))).header).toMatchObject({ alg: 'RS256', kid: 'same' })
  await expectInvalidToken(verifyToken(sts.token({ ...key, kid: 'same' })), 'signature_invalid')
})

it('guesses at no key when two with one kid have one algorithm', async () => {
  const sts = await startSts()
  sts.server.keys = [key, newKey].map((one) => ({ ...one.publicJwk, kid: 'same' }))
  const { verifyToken } = sts.startVerifier()
  for (const one of [key, newKey])
    await expectInvalidToken(verifyToken(sts.token({ ...one, kid: 'same' })), 'key_not_found')
  expect(sts.server.count()).toBe(1)
})
