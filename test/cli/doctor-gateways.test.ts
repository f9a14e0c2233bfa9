// doctor against the four real gateways, with the recipes as they are printed and with naive ones.
import { describe, expect, test } from 'vitest'
import { type GatewayProgram, isInstalled } from '../support/gateways.ts'
import { startLoopback } from '../support/loopback.ts'
import { examine, recipeOf } from './doctor-gateways.ts'
import { naiveRecipes } from './naive-recipes.ts'

const limit = 60_000
const never = ['D10 way past the gateway']

describe.each<[GatewayProgram, readonly string[]]>([
  ['nginx', []],
  ['caddy', []],
  // It hands trailers on, and has no rule against it.
  ['haproxy', ['D9 trailers']],
  ['apache', []],
])('%s', (program, handedOn) => {
  const isMissing = !isInstalled(program)

  test.skipIf(isMissing)(
    'its recipe is closed, and everything was checked',
    async () => {
      const { code, result, findings, holes, unchecked } = await examine(program, (at) => recipeOf(program, at))
      expect(holes, JSON.stringify(findings, null, 1)).toEqual([])
      expect(unchecked.toSorted()).toEqual([...never, ...handedOn].toSorted())
      expect([code, result]).toEqual([0, 'closed'])
    },
    limit,
  )

  test.skipIf(isMissing).each(naiveRecipes.filter((one) => one.program === program))(
    'finds $title',
    async ({ files, holes, unchecked = [] }) => {
      const seen = await examine(program, files)
      expect(seen.holes, JSON.stringify(seen.findings, null, 1)).toEqual(holes)
      expect(seen.unchecked).toEqual(expect.arrayContaining([...unchecked]))
      expect([seen.code, seen.result]).toEqual([1, 'holes'])
      for (const finding of seen.findings.filter(({ verdict }) => verdict === 'hole'))
        for (const text of [finding.sent, finding.received, finding.means, finding.fix]) expect(text).not.toBe('')
    },
    limit,
  )
})

test.skipIf(!isInstalled('nginx'))(
  'finds an API that answers without the gateway, and none that refuses',
  async () => {
    const files = (at: Parameters<typeof recipeOf>[1]) => recipeOf('nginx', at)
    const api = await startLoopback((_, response) => response.end('the API'))
    const open = await examine('nginx', files, ['--upstream', api.url])
    expect([open.code, open.holes]).toEqual([1, ['D10 way past the gateway']])
    const checking = await startLoopback(
      ({ headers }, response) => void response.writeHead(headers.authorization === undefined ? 401 : 200).end(),
    )
    const closed = await examine('nginx', files, ['--upstream', checking.url])
    expect([closed.code, closed.unchecked]).toEqual([0, []])
  },
  limit,
)
