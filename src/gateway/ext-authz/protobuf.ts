// The wire format of Protocol Buffers, as much of it as ext_authz needs (protobuf.dev, "Encoding"): a message is a list of fields, each a
// number and a value. A loader of .proto files would be a dependency a hundred times as large.

/** The fields of a message: numbers, and bytes that are a text or another message. */
export type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>

/** @throws Error for bytes that are no message. */
export function readFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | Uint8Array)[]>()
  let at = 0

  function readVarint(): number {
    let value = 0
    for (let index = 0; index < 10; index++) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a number has no end')
      // A sum, since a shift would cut at 32 bits. What does not fit 53 bits is no length that any message has.
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) return value
    }
    throw new Error('a number is too long')
  }

  function readBytes(length: number): Uint8Array {
    if (length > bytes.length - at) throw new Error('a field has no end')
    at += length
    return bytes.subarray(at - length, at)
  }

  function readValue(wireType: number): number | Uint8Array {
    if (wireType === 0) return readVarint()
    if (wireType === 1) return readBytes(8)
    if (wireType === 2) return readBytes(readVarint())
    if (wireType === 5) return readBytes(4)
    throw new Error('a field has an unknown type')
  }

  while (at < bytes.length) {
    const tag = readVarint()
    const number = Math.floor(tag / 8)
    if (number === 0) throw new Error('a field has no number')
    const values = fields.get(number) ?? []
    fields.set(number, values)
    values.push(readValue(tag % 8))
  }
  return fields
}

/** The bytes of all fields with this number. @throws Error when one is a number. */
export function listOf(fields: Fields, number: number): readonly Uint8Array[] {
  return (fields.get(number) ?? []).map((value) => {
    if (typeof value === 'number') throw new Error('a field has another type')
    return value
  })
}

/** The message in the field `number`: without fields where it is absent. Of two, one would be ignored: they are no message. */
export function messageIn(fields: Fields, number: number): Fields {
  const [bytes, ...more] = listOf(fields, number)
  if (more.length > 0) throw new Error('a field is there twice')
  return bytes ? readFields(bytes) : new Map()
}

/** The text in the field `number`: empty where it is absent, as the format has it. @throws Error for bytes that are no UTF-8. */
export function textIn(fields: Fields, number: number): string {
  const [bytes, ...more] = listOf(fields, number)
  if (more.length > 0) throw new Error('a field is there twice')
  return bytes ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) : ''
}

/** A field as bytes. A message is the list of its fields. */
export function field(number: number, value: string | number | readonly Buffer[]): Buffer {
  if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)])
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.concat(value)
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes])
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))]
}
