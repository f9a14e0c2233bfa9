// docs/migrating: each page has the same parts. The code after is compiled by `npm run check:docs`; what is not TypeScript is tried here.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as presets from 'claimcheck/issuers'
import * as policies from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cli/configuration.ts'
import { createGateway } from '../../src/gateway/gateway.ts'

const folder = join(import.meta.dirname, '../../docs/migrating')
const parts = ['Before', 'After', 'Option by option', 'What clients notice']

describe.each(readdirSync(folder).filter((file) => file !== 'README.md'))('%s', (file) => {
  const page = readFileSync(join(folder, file), 'utf8')

  it('is linked from the overview', () => {
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`](${file})`)
  })

  it('has code before and after, the options, and what clients notice', () => {
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading)
    expect(headings.filter((heading) => parts.includes(heading))).toEqual(parts)
  })

  it("marks the other library's code", () => {
    const [before = '', after = ''] = page.split('\n## After\n')
    expect(before).toMatch(/^```(?:js before|sh)$/m)
    expect(after).not.toMatch(/^```js\b/m)
    expect(after).toMatch(/^```(?:ts|json)$/m)
  })

  it('names presets and policies that there are', () => {
    const [, table = ''] = page.split('\n## Option by option\n')
    const known = new Set([...Object.keys(presets), ...Object.keys(policies), ...others])
    const ours = table.split('\n').flatMap((row) => row.match(/^\| .* \| (.*) \|$/)?.[1] ?? [])
    const called = ours.flatMap((cell) => [...cell.matchAll(/\b([a-z]\w+)\(/g)].map(([, name = '']) => name))
    expect(called.filter((name) => !known.has(name))).toEqual([])
  })
})

/** What the tables call besides: functions of a verifier or guard, and of the platform. */
const others = ['guard', 'require', 'optional', 'auth', 'ready', 'verifyToken', 'isRevoked', 'logTo', 'includes', 'use']

it('the configuration in place of oauth2-proxy can be used as it is printed', () => {
  const page = readFileSync(join(folder, 'oauth2-proxy.md'), 'utf8')
  const [, printed = ''] = /```json\n([^]*?)```/.exec(page) ?? []
  const { server, options } = readConfiguration(JSON.parse(printed))
  expect(server.dialects).toEqual(['nginx'])
  expect(createGateway(options as never).routes).toHaveLength(3)
})
