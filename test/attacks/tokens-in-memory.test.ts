// No token rests in memory: the whole heap of a process that remembers thousands is searched for their text.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runInNewProcess } from '../support/new-process.ts'

describe('the memory of a process', () => {
  it('[RFC9700-4.9.3-1] holds no text of 10 000 tokens that it remembers', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'claimcheck-'))
    try {
      expect(await runInNewProcess('remember-tokens.ts', [folder])).toBe('10000 remembered')
      const [snapshot, samples] = await Promise.all([
        readFile(join(folder, 'heap.heapsnapshot'), 'utf8'),
        readFile(join(folder, 'samples.txt'), 'utf8'),
      ])
      // So that a search that finds nothing has searched something: claims are there, as claims.
      expect(snapshot).toContain('a-subject-that-is-remembered')
      const pieces = samples.split('\n').filter((line) => line !== '')
      expect(pieces.length).toBeGreaterThan(20)
      expect(pieces.filter((piece) => snapshot.includes(piece))).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
