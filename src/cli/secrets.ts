// A secret of a configuration: never a text in it, but the name of a file or of an environment variable that holds it.
import { readFileSync } from 'node:fs'
import type { JsonObject } from '../internal/json.ts'
import { messageOf } from './command.ts'
import { namedSchema, pathOf, readNamed, text, wrong } from './shape.ts'

export const secretSchema: JsonObject = namedSchema({ file: text.schema, env: text.schema })

/** Reads `{ "file": "/run/secrets/x" }` or `{ "env": "X" }`. @throws TypeError with the path, and never with the secret. */
export function readSecret(value: unknown, at: string): string {
  // Not shown: the text is the secret.
  if (typeof value === 'string')
    throw wrong(at, 'a secret is never written here: { "file": "/run/secrets/x" } or { "env": "X" }.')
  const [source, name] = readNamed(value, at, ['file', 'env'])
  const checked = text.read(name, pathOf(at, source))
  if (source === 'file') return readSecretFile(checked, pathOf(at, source))
  const found = process.env[checked]
  if (found === undefined || found === '') throw wrong(pathOf(at, source), `the environment has no ${checked}.`)
  return found
}

function readSecretFile(file: string, at: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new TypeError(`${at}: ${messageOf(cause)}`, { cause })
  }
}
