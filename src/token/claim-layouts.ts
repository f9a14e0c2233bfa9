// Which names earlier claims had. However many objects have the same names in the same order, V8 keeps one layout for all of them.
import { layoutBytes } from '../internal/heap-bytes.ts'

const maxLayouts = 32
const maxNames = 64

/** Makes a function that gives the bytes of `claims` that an earlier token has paid for: those of their layout. */
export function createClaimLayouts(): (claims: object) => number {
  const layouts: (readonly string[])[] = []
  let next = 0

  return function sharedBytes(claims) {
    for (const names of layouts) if (hasNames(claims, names)) return names.length * layoutBytes
    const names = Object.keys(claims)
    if (names.length > maxNames) return 0
    layouts[next] = names
    next = (next + 1) % maxLayouts
    return 0
  }
}

/** Without a list of the names that `claims` has: this is done for every token. */
function hasNames(claims: object, names: readonly string[]): boolean {
  let index = 0
  for (const name in claims) if (name !== names[index++]) return false
  return index === names.length
}
