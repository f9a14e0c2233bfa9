// X.509 certificates for keys of tests, written byte by byte: nobody but the key itself signs them.
import { createPublicKey, sign } from 'node:crypto'
import type { TestKey } from './tokens.ts'

/** A self-signed certificate of `key` as PEM, as an STS may publish it in place of a JWK: over since 2001, unless it says otherwise. */
export function certificateOf(key: TestKey, { name: commonName = 'nobody', lastYear = 2001 } = {}): string {
  const isRsa = key.alg.startsWith('RS')
  // sha256WithRSAEncryption, ecdsa-with-SHA256
  const algorithm = sequence(der(0x06, Buffer.from(isRsa ? '2a864886f70d01010b' : '2a8648ce3d040302', 'hex')))
  const name = sequence(
    der(0x31, sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(commonName)))),
  )
  const validity = sequence(time('000101000000Z'), time(`${String(lastYear % 100).padStart(2, '0')}0101000000Z`))
  const version = der(0xa0, der(0x02, Buffer.from([2])))
  const serial = der(0x02, Buffer.from([1]))
  const body = sequence(version, serial, algorithm, name, validity, name, publicKeyOf(key))
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, key.privateKey)]))
  const base64 =
    sequence(body, algorithm, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${base64.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** The public key of `key` as PEM. */
export function publicPemOf({ privateKey }: TestKey): string {
  return String(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }))
}

function publicKeyOf({ privateKey }: TestKey): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
}

function time(text: string): Buffer {
  return der(0x17, Buffer.from(text))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
