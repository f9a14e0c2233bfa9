// Snapshots as files, one for each issuer, in a directory that only this service may write to.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../internal/json.ts'
import { checkArgumentCount } from '../internal/options.ts'
import { checkOwnFile, checkWriters, codeOf, explainLink, readOnly } from './own-files.ts'
import type { KeyStore } from './snapshot.ts'

const maxBytes = 1024 * 1024

/**
 * Keeps snapshots in the directory `path`, and creates it when it is missing. Each snapshot is written to a temporary file and
 * then renamed, so that no reader sees half of one.
 *
 * A checksum finds damage, but is no signature. An account that can write to the directory can add keys of its own, so give no
 * other service access. Refused are a directory or snapshot that every user may write to, and a snapshot that is a symbolic
 * link.
 */
export function fileKeyStore(path: string): KeyStore {
  checkArgumentCount('fileKeyStore()', arguments, 1)
  if (typeof path !== 'string' || path === '') throw new TypeError('fileKeyStore() needs the path of a directory.')
  const fileOf = (issuer: string): string => join(path, `${sha256(issuer)}.json`)
  return {
    async load(issuer) {
      try {
        checkWriters(await stat(path), path)
        return parseContent(await readText(fileOf(issuer)))
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined
        throw explainLink(error, 'the snapshot')
      }
    },
    async save(issuer, snapshot) {
      await mkdir(path, { recursive: true, mode: 0o700 })
      checkWriters(await stat(path), path)
      const content = JSON.stringify(snapshot)
      const text = JSON.stringify({ sha256: sha256(content), content })
      const temporary = join(path, `${randomUUID()}.tmp`)
      try {
        await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
        await rename(temporary, fileOf(issuer))
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
  }
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, readOnly)
  try {
    checkOwnFile(await handle.stat(), 'the snapshot', maxBytes)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

function parseContent(text: string): unknown {
  try {
    const { sha256: checksum, content } = JSON.parse(text) as JsonObject
    if (typeof content === 'string' && checksum === sha256(content)) return JSON.parse(content)
  } catch {
    // Text that is no JSON is as damaged as a wrong checksum.
  }
  throw new Error('the snapshot is damaged')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
