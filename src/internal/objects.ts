// Optional members of objects that strangers had a hand in: what every object inherits is not theirs.
/** The member `name` that `object` itself has. */
export function own<T extends object, K extends keyof T>(object: T, name: K): T[K] | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

// Tells built-in classes from an application's own, also where another realm made the instance: jest and node:vm have realms.

export type BuiltIn = 'Object' | 'Array' | 'Date' | 'URL' | 'Map' | 'Set'

const prototypes: ReadonlyMap<object, BuiltIn> = new Map<object, BuiltIn>([
  [Object.prototype, 'Object'],
  [Array.prototype, 'Array'],
  [Date.prototype, 'Date'],
  [URL.prototype, 'URL'],
  [Map.prototype, 'Map'],
  [Set.prototype, 'Set'],
])

/**
 * The built-in class that made `value`, or `undefined` for any other class: one that extends a built-in class is another. Objects
 * without a prototype count as plain.
 */
export function builtInOf(value: object): BuiltIn | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null) return 'Object'
  return prototypes.get(prototype) ?? foreignBuiltIn(prototype)
}

/** Only a realm itself makes functions with this text: that of any other function is its source, or has no name. */
const native = /^function (Object|Array|Date|Map|Set)\(\)\s*\{\s*\[native code\]\s*\}$/

function foreignBuiltIn(prototype: object): BuiltIn | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return undefined
  return native.exec(Function.prototype.toString.call(constructor))?.[1] as BuiltIn | undefined
}
