// A process that starts while the STS is down, with what an earlier one left in its key store.
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyStore } from 'claimcheck'
import { fileKeyStore } from 'claimcheck/key-store'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { faults } from '../support/key-server.ts'
import { expectInvalidToken, refusalOf } from '../support/verifiers.ts'
import { hour, key, newKey, refreshEnded, second, startSts, type TestSts } from './sts.ts'

type Snapshot = Parameters<KeyStore['save']>[1]

let folder: string
let sts: TestSts
let saved: Snapshot

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claimcheck-'))
  // A verifier may still be saving there.
  onTestFinished(() => rm(folder, { recursive: true, maxRetries: 5 }))
  sts = await startSts()
  await runUntilSaved()
  await sts.server.stop()
  sts.events.length = 0
})

/** A process that fetches the keys, saves them, and ends. */
async function runUntilSaved(): Promise<void> {
  const { load, save } = fileKeyStore(folder)
  const whenSaved = new Promise<Snapshot>((resolve, reject) => {
    const keyStore: KeyStore = {
      load,
      save: (issuer, snapshot) => save(issuer, snapshot).then(() => resolve(snapshot), reject),
    }
    const { ready, close } = sts.startVerifier({ keyStore })
    void ready().then(close)
  })
  saved = await whenSaved
}

/** Starts the STS again, and uses up the connections that the platform still holds to the one that was stopped. */
async function comeBack(): Promise<void> {
  await sts.server.start()
  const answers = () =>
    fetch(sts.server.issuer).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(answers, { interval: 1 }).toBe(404)
}

async function onlyFile(): Promise<string> {
  const names = await readdir(folder)
  expect(names).toHaveLength(1)
  return join(folder, String(names[0]))
}

const restart = () => sts.startVerifier({ keyStore: fileKeyStore(folder) })

it('verifies at once, and says whose keys it uses', async () => {
  sts.clock.advanceMs(5 * second)
  const { verifyToken, keys } = restart()
  await verifyToken(sts.token())
  expect(sts.events).toEqual([{ type: 'keys.restored', issuer: sts.server.issuer, keys: 1, ageMs: 5 * second }])
  expect(keys()).toMatchObject([{ state: 'fresh', keys: 1, ageMs: 5 * second }])
})

it('asks the STS nothing while the restored keys are fresh, for 1000 first requests', async () => {
  const { verifyToken } = restart()
  const before = sts.requests.length
  await Promise.all(Array.from({ length: 1000 }, () => verifyToken(sts.token())))
  expect(sts.requests.length).toBe(before)
})

it('keeps bad tokens out with 503: whether the STS has another key, it cannot be asked', async () => {
  const { verifyToken } = restart()
  const forged = { ...newKey, kid: key.kid }
  for (const signedWith of [forged, newKey])
    expect(await refusalOf(verifyToken(sts.token(signedWith)))).toMatchObject({
      reason: 'keys_unavailable',
      status: 503,
    })
})

it('counts the age of the keys from when the STS gave them out, not from the start', async () => {
  sts.clock.advanceMs(24 * hour - second)
  const verifier = restart()
  await verifier.verifyToken(sts.token())
  await refreshEnded(verifier)
  sts.clock.advanceMs(second)
  expect(await refusalOf(verifier.verifyToken(sts.token()))).toMatchObject({ status: 503 })
})

it('goes back to the keys of the STS when it is there again', async () => {
  sts.clock.advanceMs(hour)
  const verifier = restart()
  await verifier.verifyToken(sts.token())
  await comeBack()
  sts.server.keys = [newKey.publicJwk]
  sts.clock.advanceMs(1250)
  await verifier.verifyToken(sts.token(newKey))
  await expectInvalidToken(verifier.verifyToken(sts.token()), 'key_not_found')
})

/** Writes a snapshot as the store itself would, whatever it says. */
function write(snapshot: unknown): Promise<void> {
  return fileKeyStore(folder).save(sts.server.issuer, snapshot as Snapshot)
}

const cutShort = async (): Promise<void> => {
  const file = await onlyFile()
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, -20))
}
const changeOneKey = async (): Promise<void> => {
  const file = await onlyFile()
  const text = await readFile(file, 'utf8')
  const tampered = text.replace(String(key.publicJwk.x), String(newKey.publicJwk.x))
  expect(tampered).not.toBe(text)
  await writeFile(file, tampered)
}
const withoutSnapshot = async (): Promise<void> => {
  const file = await onlyFile()
  const content = '[]'
  await writeFile(file, JSON.stringify({ sha256: createHash('sha256').update(content).digest('hex'), content }))
}

it.each<readonly [string, () => unknown, string]>([
  ['cut short', cutShort, 'the snapshot is damaged'],
  ['empty', async () => writeFile(await onlyFile(), ''), 'the snapshot is damaged'],
  ['changed by a byte', changeOneKey, 'the snapshot is damaged'],
  ['no snapshot at all', withoutSnapshot, 'the snapshot is damaged'],
  [
    'larger than a megabyte',
    async () => writeFile(await onlyFile(), ' '.repeat(2 ** 20 + 1)),
    'the snapshot is too large',
  ],
  ['of a later version', () => write({ ...saved, version: 2 }), 'the snapshot is damaged'],
  ['without a time', () => write({ ...saved, loadedAtMs: null }), 'the snapshot is damaged'],
  ['foreign', () => write({ ...saved, issuer: 'https://else.example' }), 'the snapshot is for another issuer'],
  [
    'from the future',
    () => write({ ...saved, loadedAtMs: saved.loadedAtMs + 60_001 }),
    'the snapshot is from the future',
  ],
  ['too old', () => sts.clock.advanceMs(24 * hour), 'the snapshot is too old'],
  ['without a usable key', () => write({ ...saved, jwks: { keys: [] } }), 'the JWK Set has no usable key'],
])('answers 503 with a snapshot that is %s, and says why', async (_, makeInvalid, reason) => {
  await makeInvalid()
  const { verifyToken, keys } = restart()
  const error = await refusalOf(verifyToken(sts.token()))
  expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503, headers: { 'Retry-After': '1' } })
  expect(sts.reasons('keys.snapshot_refused')).toEqual([reason])
  expect(keys()).toMatchObject([{ state: 'empty', keys: 0 }])
})

it('answers 503 without a snapshot, and has nothing to say about one', async () => {
  await rm(await onlyFile())
  expect(await refusalOf(restart().verifyToken(sts.token()))).toMatchObject({ status: 503 })
  expect(sts.events.map(({ type }) => type)).toEqual(['keys.refresh_failed', 'refusal'])
})

it('starts from the STS when the snapshot is spoilt and the STS is there', async () => {
  await cutShort()
  await comeBack()
  await restart().verifyToken(sts.token())
  expect(sts.reasons('keys.snapshot_refused')).toEqual(['the snapshot is damaged'])
})

it('reports a snapshot that cannot be written, and serves on', async () => {
  await comeBack()
  const keyStore = { load: async () => undefined, save: () => Promise.reject(new Error('disk full')) }
  await sts.startVerifier({ keyStore }).verifyToken(sts.token())
  await expect.poll(() => sts.reasons('keys.snapshot_failed'), { interval: 1 }).toEqual(['disk full'])
})

it('never saves an answer that is no key set over a good one', async () => {
  await comeBack()
  sts.server.answer('/jwks', faults.json({ keys: [] }))
  sts.clock.advanceMs(hour)
  const verifier = restart()
  await verifier.verifyToken(sts.token())
  await refreshEnded(verifier)
  expect(await fileKeyStore(folder).load(sts.server.issuer)).toEqual(saved)
})

it('does not end a withdrawn key while the store holds fresh keys; with an empty store it does', async () => {
  await comeBack()
  sts.server.keys = [newKey.publicJwk]
  await restart().verifyToken(sts.token())
  await rm(await onlyFile())
  await expectInvalidToken(restart().verifyToken(sts.token()), 'key_not_found')
})

it('verifies with what was saved after the clock of the earlier process had been set back', async () => {
  const kept = new Map<string, Snapshot>()
  const keyStore: KeyStore = {
    load: async (issuer) => kept.get(issuer),
    save: async (issuer, snapshot) => void kept.set(issuer, snapshot),
  }
  await comeBack()
  const earlier = sts.startVerifier({ keyStore })
  await earlier.verifyToken(sts.token())
  sts.clock.advanceMs(-hour)
  await earlier.verifyToken(sts.token())
  sts.clock.advanceMs(hour / 2)
  await earlier.verifyToken(sts.token())
  expect(kept.get(sts.server.issuer)?.loadedAtMs).toBe(sts.clock.nowMs())
  await sts.server.stop()
  await sts.startVerifier({ keyStore }).verifyToken(sts.token())
  expect(sts.events.at(-1)).toMatchObject({ type: 'keys.restored', ageMs: 0 })
})
