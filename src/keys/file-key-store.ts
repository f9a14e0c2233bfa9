// Snapshots as files: one for each issuer, in a directory that only this service may write to.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../internal/json.ts'
import { checkArgumentCount } from '../internal/options.ts'
import type { KeySnapshot, KeyStore } from './key-store.ts'

const maxBytes = 1024 * 1024

/**
 * Keeps snapshots in the directory `path`, which is made when it is missing. Each is written to a file beside it and
 * then renamed, so that a reader never sees half of one; a checksum finds damage, but is no signature: whoever can write
 * to the directory can make up keys, so give it to nobody else.
 */
export function fileKeyStore(path: string): KeyStore {
  checkArgumentCount('fileKeyStore()', arguments, 1)
  if (typeof path !== 'string' || path === '') throw new TypeError('fileKeyStore() needs the path of a directory.')
  const fileOf = (issuer: string): string => join(path, `${sha256(issuer)}.json`)
  return {
    async load(issuer) {
      const text = await readText(fileOf(issuer))
      return text === undefined ? undefined : unwrap(text)
    },
    async save(issuer, snapshot) {
      await mkdir(path, { recursive: true, mode: 0o700 })
      const temporary = join(path, `${randomUUID()}.tmp`)
      try {
        await writeFile(temporary, wrap(snapshot), { mode: 0o600, flag: 'wx' })
        await rename(temporary, fileOf(issuer))
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > maxBytes) throw new Error('the snapshot is too large')
    return text
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function wrap(snapshot: KeySnapshot): string {
  const content = JSON.stringify(snapshot)
  return JSON.stringify({ sha256: sha256(content), content })
}

function unwrap(text: string): unknown {
  const damaged = new Error('the snapshot is damaged')
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value) || typeof value.content !== 'string' || value.sha256 !== sha256(value.content))
      throw damaged
    return JSON.parse(value.content)
  } catch {
    throw damaged
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
