// Private values on foreign objects. As with a WeakMap, other code can neither see, copy nor forge them. But the garbage collector
// searches a WeakMap again and again. Measured: with an entry for every request that took half of a guard's time.

/** Values of one kind, each on its own object. */
export interface PrivateSlot<T> {
  get(object: object): T | undefined
  set(object: object, value: T): void
}

/** Makes a slot that is independent of all other slots. */
export function createPrivateSlot<T>(): PrivateSlot<T> {
  // For objects that are not extensible. Engines still allow private members on them, and are about to stop.
  let closed: WeakMap<object, T> | undefined

  // A private member goes onto the object that the base class's constructor returns.
  return class Slot extends Returned {
    #value: T

    private constructor(object: object, value: T) {
      super(object)
      this.#value = value
    }

    static get(object: object): T | undefined {
      // Callers without types may pass anything, and `in` throws for a primitive.
      const isObject = (typeof object === 'object' && object !== null) || typeof object === 'function'
      return isObject && #value in object ? object.#value : closed?.get(object)
    }

    static set(object: object, value: T): void {
      if (#value in object) object.#value = value
      else if (Object.isExtensible(object)) void new Slot(object, value)
      else (closed ??= new WeakMap()).set(object, value)
    }
  }
}

const Returned = function (object: object): object {
  return object
} as unknown as new (
  object: object,
) => object
