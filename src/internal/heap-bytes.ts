// About how many bytes the parts of a value take on the heap of V8, for the bound of the token cache. Measured on Node 20 and 24:
// test/token/cache-memory.test.ts holds these figures against the heap.

export const objectBytes = 48
export const listBytes = 32
/** An item of a list: its slot, and the header of the string or number in it. */
export const itemBytes = 24
/** A member of an object, likewise. */
export const memberBytes = 16
/** The entry of a member in its object's layout (V8: its map). Objects with the same names in the same order share one layout. */
export const layoutBytes = 96

/** The characters of a string that is no part of the token. One takes a byte, or two where any of them is beyond Latin-1. */
export function textBytes(text: string): number {
  return Math.ceil(1.5 * text.length)
}
