// Snapshots as files: whole or not at all, for the eyes of this service only.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeySnapshot } from 'claimcheck'
import { fileKeyStore } from 'claimcheck/key-store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issuer, keyFor } from '../support/tokens.ts'

const snapshot: KeySnapshot = { version: 1, issuer, loadedAtMs: 1000, jwks: { keys: [keyFor('ES256').publicJwk] } }

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claimcheck-'))
  path = join(folder, 'keys', 'here')
})
afterEach(() => rmSync(folder, { recursive: true }))

function onlyFile(): string {
  const [file, ...more] = readdirSync(path)
  expect(more).toEqual([])
  return join(path, file ?? '')
}

it('reads what it wrote, and nothing before it wrote', async () => {
  const store = fileKeyStore(path)
  expect(await store.load(issuer)).toBeUndefined()
  await store.save(issuer, snapshot)
  expect(await store.load(issuer)).toEqual(snapshot)
  expect(await fileKeyStore(path).load(issuer)).toEqual(snapshot)
})

it('keeps issuers apart, whatever their names', async () => {
  const store = fileKeyStore(path)
  const names = [issuer, `${issuer}/`, '../../etc/passwd', 'a\0b']
  for (const name of names) await store.save(name, { ...snapshot, issuer: name })
  for (const name of names) expect(await store.load(name)).toMatchObject({ issuer: name })
  expect(readdirSync(path)).toHaveLength(4)
  for (const file of readdirSync(path)) expect(file).toMatch(/^[0-9a-f]{64}\.json$/)
})

it('is for this user only', async () => {
  await fileKeyStore(path).save(issuer, snapshot)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(statSync(onlyFile()).mode & 0o777).toBe(0o600)
})

it('replaces a file whole: a reader sees the old one or the new one, and no temporary one stays', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  const writes = Array.from({ length: 50 }, (_, index) => store.save(issuer, { ...snapshot, loadedAtMs: index }))
  for (let reads = 0; reads < 50; reads++) expect(await store.load(issuer)).toMatchObject({ issuer })
  await Promise.all(writes)
  onlyFile()
})

it('leaves nothing behind when it cannot write', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  const file = onlyFile()
  rmSync(file)
  // A folder that is not empty stands where the file should go.
  await fileKeyStore(file).save('inside', snapshot)
  await expect(store.save(issuer, snapshot)).rejects.toThrow()
  expect(readdirSync(path).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

it.each([
  ['a changed byte', (text: string) => text.replace('ES256', 'ES257')],
  ['a lost end', (text: string) => text.slice(0, -10)],
  ['no JSON', () => 'not JSON'],
  ['other JSON', () => '[]'],
  ['no checksum', (text: string) => JSON.stringify({ content: (JSON.parse(text) as { content: string }).content })],
  ['nothing', () => ''],
])('finds damage: %s', async (_, damage) => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  const file = onlyFile()
  writeFileSync(file, damage(readFileSync(file, 'utf8')))
  await expect(store.load(issuer)).rejects.toThrow('the snapshot is damaged')
})

it('reads a megabyte at most', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  const file = onlyFile()
  writeFileSync(file, readFileSync(file, 'utf8').padEnd(1_048_577))
  await expect(store.load(issuer)).rejects.toThrow('too large')
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, -1))
  expect(await store.load(issuer)).toEqual(snapshot)
})

it('looks at the size before it reads: a large file costs no memory', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  // A hole takes no room on the disk.
  truncateSync(onlyFile(), 256 * 1024 ** 2)
  const before = process.memoryUsage().rss
  await expect(store.load(issuer)).rejects.toThrow('the snapshot is too large')
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2)
})

it('follows no link to a snapshot, wherever it leads', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  const file = onlyFile()
  const elsewhere = join(folder, 'elsewhere.json')
  renameSync(file, elsewhere)
  for (const target of [elsewhere, 'missing', '/dev/zero', folder]) {
    symlinkSync(target, file)
    await expect(store.load(issuer)).rejects.toThrow('the snapshot is a symbolic link')
    rmSync(file)
  }
  symlinkSync(elsewhere, file)
  await store.save(issuer, { ...snapshot, loadedAtMs: 2000 })
  expect(await store.load(issuer)).toMatchObject({ loadedAtMs: 2000 })
  expect(JSON.parse(readFileSync(elsewhere, 'utf8'))).toMatchObject({ content: JSON.stringify(snapshot) })
})

it.each([
  ['a directory', (file: string) => mkdirSync(file)],
  ['a pipe, which it does not wait for', (file: string) => execFileSync('/usr/bin/env', ['mkfifo', file])],
])('reads no snapshot that is %s', async (_, make) => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  const file = onlyFile()
  rmSync(file)
  make(file)
  await expect(store.load(issuer)).rejects.toThrow('the snapshot is no file')
})

it.each(['777', '1777', '703', '702'])('takes no directory that every user may write to: %s', async (mode) => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  chmodSync(path, Number.parseInt(mode, 8))
  const refusal = /every user of the machine may write to .*here: .*chmod o-w/
  await expect(store.load(issuer)).rejects.toThrow(refusal)
  await expect(store.save(issuer, snapshot)).rejects.toThrow(refusal)
  onlyFile()
})

it.each(['700', '750', '770', '2775', '755', '505'])(
  'takes a directory of the mode %s: groups share one in Kubernetes',
  async (mode) => {
    const store = fileKeyStore(path)
    await store.save(issuer, snapshot)
    chmodSync(path, Number.parseInt(mode, 8))
    expect(await store.load(issuer)).toEqual(snapshot)
    chmodSync(path, 0o700)
  },
)

it('takes no snapshot that every user may write to', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  chmodSync(onlyFile(), 0o666)
  await expect(store.load(issuer)).rejects.toThrow('every user of the machine may write to the snapshot')
  chmodSync(onlyFile(), 0o664)
  expect(await store.load(issuer)).toEqual(snapshot)
})

it('takes a link to its directory, as volumes of Kubernetes have, and looks at the directory itself', async () => {
  const real = join(folder, 'real')
  mkdirSync(real)
  const link = join(folder, 'link')
  symlinkSync(real, link)
  const store = fileKeyStore(link)
  await store.save(issuer, snapshot)
  expect(await store.load(issuer)).toEqual(snapshot)
  chmodSync(real, 0o777)
  await expect(store.load(issuer)).rejects.toThrow(/every user/)
})

it('asks for no modes where there are none', async () => {
  const store = fileKeyStore(path)
  await store.save(issuer, snapshot)
  chmodSync(path, 0o777)
  const { getuid } = process
  Object.assign(process, { getuid: undefined })
  try {
    expect(await store.load(issuer)).toEqual(snapshot)
  } finally {
    Object.assign(process, { getuid })
  }
})

it('says so when it cannot read', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(fileKeyStore(file).load(issuer)).rejects.toThrow()
})

it.each([undefined, '', 7])('needs a path: %s', (wrong) => {
  expect(() => fileKeyStore(wrong as string)).toThrow(new TypeError('fileKeyStore() needs the path of a directory.'))
})
