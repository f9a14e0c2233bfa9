// docs/issuers.md has a row for each preset, with its very options.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { allFixtures } from '../support/sts-fixture.ts'

const page = readFileSync(new URL('../../docs/issuers.md', import.meta.url), 'utf8')
/** These have pages of their own. */
const elsewhere = ['entra', 'entraB2C', 'entraExternalId']
/** Options of another form than the fixture's. */
const otherForms: Readonly<Record<string, readonly string[]>> = { workos: ['domain', 'audience'] }

it.each(allFixtures().filter(({ name }) => !elsewhere.includes(name)))(
  'has a row for $name',
  ({ name, makeIssuer }) => {
    const [, options = ''] = new RegExp(`^\\| \`${name}\` \\| (.*?[^\\\\]) \\|`, 'm').exec(page) ?? []
    const named = [...options.matchAll(/`([A-Za-z\d]+)\??(?:: [^`]*)?`/g)].map(([, option]) => option)
    expect(new Set(named)).toEqual(new Set([...optionsOf(makeIssuer), ...(otherForms[name] ?? [])]))
  },
)

/** The names that the refusal of an unknown option lists. */
function optionsOf(makeIssuer: (options: Readonly<Record<string, unknown>>) => unknown): readonly string[] {
  try {
    makeIssuer({ noSuchOption: 1 })
  } catch (error) {
    return /It has: (.*)\.$/.exec(String(error))?.[1]?.split(', ') ?? []
  }
  return []
}
