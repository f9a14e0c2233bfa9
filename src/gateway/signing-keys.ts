// The keys that sign assertions: files in a directory that all decision servers of a gateway share.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from '../internal/clock.ts'
import { checkArgumentCount, checkFunction, checkNumber, checkOptionNames, checkString } from '../internal/options.ts'
import { checkOwnFile, checkWriters, explainLink, readOnly } from '../jwks/own-files.ts'
import type { JwkSet } from '../issuer/issuer.ts'

/** A private key that signs assertions by ES256. */
export interface AssertionKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** The keys of assertions. */
export interface AssertionKeys {
  /** The newest key, which signs. */
  current(): AssertionKey
  /** The public part of every key that an assertion may still be signed with. */
  jwks(): JwkSet
}

interface KeyFile extends AssertionKey {
  readonly name: string
  readonly createdMs: number
  readonly jwk: JwkSet['keys'][number]
}

// How soon a key of another process is seen.
const readAgainMs = 10_000
const maxKeyBytes = 16 * 1024
const fileName = /^(\d{13})-[0-9a-f]{16}\.pem$/

/**
 * Keeps the keys of assertions in `directory`, and creates it when it is missing. A new key is made every `rotateHours` (default 24). The
 * one before it stays published as long again. Several processes may share the directory. An account that can read it can write assertions.
 *
 * @throws TypeError for options that can never work. Error where the directory cannot be used, every user may write to it or to a key, or a
 * key is a symbolic link.
 */
export function fileSigningKeys(
  directory: string,
  options: { readonly rotateHours?: number; readonly clock?: Clock } = {},
): AssertionKeys {
  checkArgumentCount('fileSigningKeys()', arguments, 2)
  checkString('fileSigningKeys()', directory)
  checkOptionNames('fileSigningKeys()', options, ['rotateHours', 'clock'])
  const { rotateHours = 24, clock = systemClock } = options
  checkNumber('rotateHours', rotateHours, 1, 24 * 365)
  checkFunction('clock.nowMs', clock.nowMs)
  const rotateMs = rotateHours * 3_600_000
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  let known: readonly KeyFile[] = []
  let readMs = Number.NEGATIVE_INFINITY

  function keys(): readonly KeyFile[] {
    const nowMs = clock.nowMs()
    if (Math.abs(nowMs - readMs) < readAgainMs) return known
    checkWriters(statSync(directory), directory)
    let files = readFiles(directory, known)
    if (!files.some(({ createdMs }) => nowMs - createdMs < rotateMs)) {
      createFile(directory, nowMs)
      files = readFiles(directory, known)
    }
    for (const { name, createdMs } of files)
      if (nowMs - createdMs >= 2 * rotateMs) rmSync(join(directory, name), { force: true })
    known = files.filter(({ createdMs }) => nowMs - createdMs < 2 * rotateMs)
    readMs = nowMs
    return known
  }

  function current(): AssertionKey {
    const newest = keys().at(-1)
    if (!newest) throw new Error(`there is no key in ${directory}`)
    return newest
  }

  // A directory that cannot be used is found at start, not by the first request.
  current()
  return { current, jwks: () => ({ keys: keys().map(({ jwk }) => jwk) }) }
}

/** The keys of the directory, oldest first. */
function readFiles(directory: string, known: readonly KeyFile[]): readonly KeyFile[] {
  const names = readdirSync(directory).filter((name) => fileName.test(name))
  return names.toSorted().map((name) => known.find((one) => one.name === name) ?? readFile(directory, name))
}

function readFile(directory: string, name: string): KeyFile {
  const privateKey = createPrivateKey(readOwnFile(join(directory, name), name))
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (crv !== 'P-256') throw new Error(`${name} holds no key for ES256`)
  const kid = createHash('sha256').update(`${x}.${y}`).digest('base64url').slice(0, 22)
  const createdMs = Number(fileName.exec(name)?.[1])
  return { name, createdMs, kid, privateKey, jwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } }
}

function readOwnFile(path: string, name: string): Buffer {
  let file: number | undefined
  try {
    file = openSync(path, readOnly)
    checkOwnFile(fstatSync(file), name, maxKeyBytes)
    return readFileSync(file)
  } catch (error) {
    throw explainLink(error, name)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Under a temporary name first: no other process reads half of it. */
function createFile(directory: string, nowMs: number): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  const id = createHash('sha256').update(pem).digest('hex').slice(0, 16)
  const file = join(directory, `${String(Math.floor(nowMs)).padStart(13, '0')}-${id}.pem`)
  writeFileSync(`${file}.tmp`, pem, { mode: 0o600, flag: 'wx' })
  renameSync(`${file}.tmp`, file)
}
