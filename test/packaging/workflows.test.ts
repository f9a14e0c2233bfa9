// The workflows in .github: what a stranger's pull request, a moved tag or a branch name could make of them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../.github/workflows')

describe.each(readdirSync(folder))('%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8')
  const lines = text.split('\n')

  it('pins each action to a commit, since a tag can be moved to other code', () => {
    const actions = lines.filter((line) => /^\s*-?\s*uses:/.test(line))
    expect(actions.length).toBeGreaterThan(0)
    for (const line of actions) expect(line).toMatch(/uses: [\w/-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('has no permission by default', () => {
    expect(lines).toContain('permissions: {}')
  })

  it('leaves no credential in the checkout', () => {
    const checkouts = text.match(/actions\/checkout@/g) ?? []
    expect(checkouts.length).toBeGreaterThan(0)
    expect(text.match(/persist-credentials: false/g)).toHaveLength(checkouts.length)
  })

  it('puts no expression into a command, where a branch name would be code', () => {
    const commands = text.matchAll(/^( *)(?:- )?run: (?:\|\n(?<block>(?:\1 {2,}.*\n|\n)*)|(?<line>.*))/gm)
    const codes = [...commands].map(({ groups }) => groups?.block ?? groups?.line ?? '')
    expect(codes.length).toBeGreaterThan(0)
    for (const code of codes) expect(code).not.toContain('${{')
  })

  it('runs no code of a pull request with the rights of this repository, and stores no secret', () => {
    expect(text).not.toMatch(/pull_request_target|workflow_run/)
    expect(text).not.toMatch(/secrets\./)
  })
})
