// The row of docs/issuers.md for each preset names its very options.
import { expect, it } from 'vitest'
import { allFixtures } from '../support/sts-fixture.ts'

/** These have pages of their own. */
const elsewhere = ['entra', 'entraB2C', 'entraExternalId']
/** Options of another form than the fixture's. */
const otherForms: Readonly<Record<string, readonly string[]>> = { workos: ['domain', 'audience'] }

it.each(allFixtures().filter(({ name }) => !elsewhere.includes(name)))(
  'has a row for $name',
  ({ name, row = '', makeIssuer }) => {
    const [, options = ''] = /^(.*?[^\\]) \|/.exec(row) ?? []
    const named = [...options.matchAll(/`([A-Za-z\d]+)\??(?:: [^`]*)?`/g)].map(([, option]) => option)
    expect(new Set(named)).toEqual(new Set([...optionsOf(makeIssuer), ...(otherForms[name] ?? [])]))
    // Options, what it accepts, what it refuses, what is not known: the last may be empty, and the table closes it.
    expect(row.replaceAll('\\|', '').split('|')).toHaveLength(4)
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
