// Shapes: what a configuration in JSON may have. One table of them reads it, and gives the JSON Schema that editors use.
import { isJsonObject, type JsonObject } from '../internal/json.ts'

/** What one value of a configuration may be. */
export interface Shape<T = unknown> {
  /** Its JSON Schema. Says no more than `read` checks. */
  readonly schema: JsonObject
  /** @throws TypeError with the path `at` of what is wrong. */
  read(value: unknown, at: string): T
}

/** An error about the value at the path `at`. */
export function wrong(at: string, message: string): TypeError {
  return new TypeError(`${at === '' ? '' : `${at}: `}${message}`)
}

/** The path of a member, such as `routes["GET /orders"].anyOf[0]`. */
export function pathOf(at: string, name: string): string {
  if (!/^[$\w]+$/.test(name)) return `${at}[${JSON.stringify(name)}]`
  return at === '' ? name : `${at}.${name}`
}

/** Runs `make`, and names the path in what it throws: functions of the library do not know it. */
export function within<T>(at: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new TypeError(`${at}: ${(cause as Error).message}`, { cause })
  }
}

export const text: Shape<string> = {
  schema: { type: 'string', minLength: 1 },
  read(value, at) {
    if (typeof value === 'string' && value !== '') return value
    throw wrong(at, 'this must be a text that is not empty.')
  },
}

/** The range is checked where the number is used. */
export const number: Shape<number> = {
  schema: { type: 'integer' },
  read(value, at) {
    if (typeof value === 'number') return value
    throw wrong(at, 'this must be a number.')
  },
}

export const flag: Shape<boolean> = {
  schema: { type: 'boolean' },
  read(value, at) {
    if (typeof value === 'boolean') return value
    throw wrong(at, 'this must be true or false.')
  },
}

/** One of these values, and no other. */
export function oneOf<const T extends string | boolean | null>(...values: readonly T[]): Shape<T> {
  return {
    schema: { enum: values },
    read(value, at) {
      if (values.includes(value as T)) return value as T
      throw wrong(at, `this must be ${values.map((one) => JSON.stringify(one)).join(' or ')}.`)
    },
  }
}

/** A list with at least one member. */
export function listOf<T>(member: Shape<T>): Shape<readonly T[]> {
  return {
    schema: { type: 'array', minItems: 1, items: member.schema },
    read(value, at) {
      if (!Array.isArray(value) || value.length === 0) throw wrong(at, 'this must be a list with at least one member.')
      return value.map((one, index) => member.read(one, `${at}[${index}]`))
    },
  }
}

/** One value, or a list of them. */
export function oneOrMore<T>(member: Shape<T>): Shape<T | readonly T[]> {
  const list = listOf(member)
  return {
    schema: { anyOf: [member.schema, list.schema] },
    read: (value, at) => (Array.isArray(value) ? list.read(value, at) : member.read(value, at)),
  }
}

/** One of `special`, or what `shape` reads. */
export function orElse<S extends string | boolean | null, T>(special: Shape<S>, shape: Shape<T>): Shape<S | T> {
  const values = special.schema.enum as readonly unknown[]
  return {
    schema: { anyOf: [special.schema, shape.schema] },
    read: (value, at) => (values.includes(value) ? special.read(value, at) : shape.read(value, at)),
  }
}

/** An object with any names. */
export function recordOf<T>(
  read: (value: unknown, at: string, name: string) => T,
  schema: JsonObject,
): Shape<Readonly<Record<string, T>>> {
  return {
    schema: { type: 'object', minProperties: 1, additionalProperties: schema },
    read(value, at) {
      if (!isJsonObject(value) || Object.keys(value).length === 0)
        throw wrong(at, 'this must be an object with at least one member.')
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, read(one, pathOf(at, name), name)]))
    },
  }
}

/** The members that an object may have, each with a sentence for the reader of the schema. */
export type Members = Readonly<Record<string, readonly [shape: Shape, description: string]>>

/** An object with these members and no others. */
export function objectOf(members: Members, required: readonly string[] = []): Shape<JsonObject> {
  const names = Object.keys(members)
  const properties = Object.entries(members).map(([name, [{ schema }, description]]) => [
    name,
    { description, ...schema },
  ])
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(properties) as JsonObject,
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    },
    read(value, at) {
      if (!isJsonObject(value)) throw wrong(at, 'this must be an object.')
      for (const name of required) if (!Object.hasOwn(value, name)) throw wrong(pathOf(at, name), 'this is missing.')
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, readMember(name, one, pathOf(at, name))]),
      )
    },
  }

  function readMember(name: string, value: unknown, at: string): unknown {
    const [shape] = Object.hasOwn(members, name) ? (members[name] ?? []) : []
    if (!shape) throw wrong(at, `there is no member of this name. There are: ${names.join(', ')}.`)
    return shape.read(value, at)
  }
}

/** An object with exactly one of these members, which says what it is: `{ "scope": "Orders.Read" }`. */
export function readNamed(
  value: unknown,
  at: string,
  names: readonly string[],
): readonly [name: string, value: unknown] {
  const [entry, ...more] = isJsonObject(value) ? Object.entries(value) : []
  if (!entry || more.length > 0) throw wrong(at, `this must be an object with one member, of: ${names.join(', ')}.`)
  if (!names.includes(entry[0]))
    throw wrong(pathOf(at, entry[0]), `there is no member of this name. There are: ${names.join(', ')}.`)
  return entry
}

/** The schema of what `readNamed` reads. */
export function namedSchema(members: Readonly<Record<string, JsonObject>>): JsonObject {
  return { type: 'object', properties: members, minProperties: 1, maxProperties: 1, additionalProperties: false }
}
