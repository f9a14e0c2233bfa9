// Texts of any characters for fast-check. Its own unit 'binary' writes a table of all 1.1 million of them first, in every process.
import fc from 'fast-check'

const [firstSurrogate, surrogates] = [0xd800, 0x800]

export const anyCharacter = fc
  .nat(0x10ffff - surrogates)
  .map((index) => String.fromCodePoint(index < firstSurrogate ? index : index + surrogates))

export function anyText(lengths: fc.StringConstraints = {}): fc.Arbitrary<string> {
  return fc.string({ ...lengths, unit: anyCharacter })
}
