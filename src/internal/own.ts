// Optional members of objects that strangers had a hand in: what every object inherits is not theirs.

/** The member `name` that `object` itself has. */
export function own<T extends object, K extends keyof T>(object: T, name: K): T[K] | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
