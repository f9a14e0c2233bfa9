// docs/explain.md: each of its outputs is what the command prints for such a token. A line `...` stands for lines that are left out.
import { readFileSync } from 'node:fs'
import { createTestClock, createTestIssuer, entraLike } from 'claimcheck/testing'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/subpaths.ts'
import { explainToken, jsonFile } from './run.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const clientId = '11112222-bbbb-3333-cccc-4444dddd5555'
const clock = createTestClock(new Date('2026-11-29T10:00:00Z'))
const sts = createTestIssuer(entraLike({ tenant, clientId }), { clock })
const old = createTestIssuer(entraLike({ tenant, clientId, version: '1.0' }), { clock })
const at = Math.floor(clock.nowMs() / 1000)

/** The token of each section, by the beginning of its heading. */
const tokens: Readonly<Record<string, string>> = {
  'An expired token': sts.token({ iat: at - 7200, nbf: at - 7200, exp: at - 3300 }),
  'A token for another API': sts.token({ aud: '99998888-aaaa-4777-8666-5555eeee4444' }),
  'A v1.0 token where v2.0 is expected': old.token(),
  'An ID token': sts.badToken('id-token'),
  'A token for Microsoft Graph': sts.token({ aud: '00000003-0000-0000-c000-000000000000' }),
  'An unknown kid': sts.badToken('unknown-kid'),
  'A missing scope': sts.token({ scp: 'Orders.Write' }),
  'A good token': sts.token({ scp: 'Orders.Read' }),
  'No idea whose token': sts.token({ scp: 'Orders.Read' }),
}

const page = readFileSync(`${root}/docs/explain.md`, 'utf8')
const [, json = ''] = /```json\n([^]*?)```/.exec(page) ?? []
const blocks = [
  ...page.matchAll(/^## (?<title>.+)\n(?:(?!^## )[^])*?```text\n\$ (?<command>.+)\n(?<output>[^]*?)```/gm),
]

test('has an output for every kind of token', () => {
  expect(blocks.map(({ groups }) => groups?.title)).toEqual(Object.keys(tokens))
})

test.each(blocks.map(({ groups }) => [groups?.title ?? '', groups?.command ?? '', groups?.output ?? ''] as const))(
  'shows under "%s" what the command prints',
  async (title, command, output) => {
    const file = jsonFile(JSON.parse(json))
    const words = [...command.matchAll(/'([^']*)'|([^\s']+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
    const args = words.slice(3, words.indexOf('<')).map((word) => (word === 'gateway.config.json' ? file : word))
    expect(words.slice(0, 3)).toEqual(['npx', 'claimcheck', 'explain'])
    const { printed } = await explainToken(args, tokens[title] ?? expect.fail(title), { clock, fetch: sts.fetch })
    let rest = `${printed}\n`
    for (const part of output.split(/^\s*\.\.\.\n/m)) {
      expect(rest).toContain(part)
      rest = rest.slice(rest.indexOf(part) + part.length)
    }
  },
)
