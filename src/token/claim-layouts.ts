// Which names earlier claims had. However many objects have the same names in the same order, V8 keeps one layout for all of them.
import { layoutBytes } from '../internal/heap-bytes.ts'

const maxLayouts = 32
const maxNames = 64

/** Makes a function that gives the bytes of `claims` that an earlier token has paid for: those of their layout. */
export function createClaimLayouts(): (claims: object) => number {
  const layouts: (readonly string[])[] = []
  let next = 0

  return function sharedBytes(claims) {
    const names = Object.keys(claims)
    if (names.length > maxNames) return 0
    if (layouts.some((layout) => isSame(layout, names))) return names.length * layoutBytes
    layouts[next] = names
    next = (next + 1) % maxLayouts
    return 0
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}
