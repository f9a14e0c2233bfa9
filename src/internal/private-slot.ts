// Something of ours on an object that is somebody else's. Nobody else can see, copy or forge it, as with a WeakMap; but a WeakMap is a
// table that the garbage collector looks through again and again, and with an entry for every request that took half of a guard's time.

/** Values of one kind, each on an object of its own. */
export interface PrivateSlot<T> {
  get(object: object): T | undefined
  set(object: object, value: T): void
}

/** Makes a slot that no other slot shares. */
export function createPrivateSlot<T>(): PrivateSlot<T> {
  // Objects that take nothing new. Engines let private members on them so far, and are about to stop.
  let closed: WeakMap<object, T> | undefined

  // A private member goes onto whatever the constructor of the base class gives back.
  return class Slot extends Given {
    #value: T

    private constructor(object: object, value: T) {
      super(object)
      this.#value = value
    }

    static get(object: object): T | undefined {
      return isObject(object) && #value in object ? object.#value : closed?.get(object)
    }

    static set(object: object, value: T): void {
      if (#value in object) object.#value = value
      else if (Object.isExtensible(object)) void new Slot(object, value)
      else (closed ??= new WeakMap()).set(object, value)
    }
  }
}

/** Who has no types may ask about anything. */
function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function giveBack(object: object): object {
  return object
}

const Given = giveBack as unknown as new (object: object) => object
