// `claimcheck check`: reads a configuration as `serve` does, and shows what it lets in. For CI, and for reviewers.
import { readListenOptions } from '../gateway/listen.ts'
import { readAdminOptions } from './admin.ts'
import { type Command, print } from './command.ts'
import { readArguments, settingsOf, settingsUsage } from './settings.ts'
import { sourceOf } from './source.ts'

export const checkCommand: Command = {
  summary: 'validates a configuration, prints its routes and every check that is off',
  usage: `claimcheck check --config FILE

${settingsUsage}

Fetches nothing and listens nowhere. Exit code 2 for a configuration that \`claimcheck serve\` would not start with.`,
  async run(args) {
    const { overrides } = readArguments(args)
    const { server, decisions, gateway, off } = await sourceOf(overrides.config).load()
    const { dialects, listen, admin, trust } = settingsOf(server, overrides)
    readListenOptions({ dialects, listen, ...(trust && { trust }) })
    readAdminOptions(admin, trust)
    const width = Math.max(...decisions.routes.map(({ key }) => key.length))
    print('Routes, the most specific first. Every other request is refused.')
    for (const { key, access } of decisions.routes) print(`  ${key.padEnd(width)}  ${access}`)
    print(`\nThe API is told: ${gateway.identityHeaders.join(', ')}`)
    print('\nChecks that are off:')
    const peers = trust === undefined ? [`trust: every process of this machine that reaches ${listen} is believed`] : []
    for (const line of [...off, ...peers]) print(`  ${line}`)
    print('\nThe configuration is good.')
    return 0
  },
}
