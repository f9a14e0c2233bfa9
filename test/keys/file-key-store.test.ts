// Snapshots as files: whole or not at all, for the eyes of this service only.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

it('says so when it cannot read', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(fileKeyStore(file).load(issuer)).rejects.toThrow()
})

it.each([undefined, '', 7])('needs a path: %s', (wrong) => {
  expect(() => fileKeyStore(wrong as string)).toThrow(new TypeError('fileKeyStore() needs the path of a directory.'))
})
