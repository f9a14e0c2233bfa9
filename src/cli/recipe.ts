// `claimcheck recipe`: the configuration of a gateway, printed from the configuration of the decision server. It cannot lack a header.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type DialectName, dialects } from '../gateway/dialects/dialects.ts'
import { printRecipe } from '../gateway/recipes/recipe.ts'
import { type Command, print } from './command.ts'
import { settingsOf } from './settings.ts'
import { sourceOf } from './source.ts'

const names = Object.keys(dialects)

export const recipeCommand: Command = {
  summary: 'prints the configuration of a gateway from your own configuration',
  usage: `claimcheck recipe ${names.join('|')} --config FILE --upstream HOST:PORT

  --config FILE                as of \`claimcheck serve\`                   (CLAIMCHECK_CONFIG)
  --upstream HOST:PORT         the API
  --listen HOST:PORT           where the gateway listens, 127.0.0.1:8080
  --decisions HOST:PORT        where the gateway reaches the decision server; default: \`listen\` of the configuration
  --forward-authorization yes|no   whether the API gets the access token; default: yes, and no beside an assertion
  --out DIRECTORY              writes the files there instead of printing them`,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        upstream: { type: 'string' },
        listen: { type: 'string', default: '127.0.0.1:8080' },
        decisions: { type: 'string' },
        'forward-authorization': { type: 'string' },
        out: { type: 'string' },
      },
    })
    const [name = '', ...more] = positionals
    if (!names.includes(name) || more.length > 0) throw new TypeError(`for which gateway? One of ${names.join(', ')}.`)
    const { upstream, listen, out } = values
    if (upstream === undefined) throw new TypeError('where is the API? Write --upstream HOST:PORT.')
    const overrides = { config: values.config ?? process.env.CLAIMCHECK_CONFIG, listen: process.env.CLAIMCHECK_LISTEN }
    const { server, gateway } = await sourceOf(overrides.config).load()
    const settings = settingsOf(server, overrides)
    if (!settings.dialects.includes(name as DialectName))
      throw new TypeError(
        `\`dialects\` of the configuration lacks '${name}': the decision server would refuse this gateway.`,
      )
    const files = printRecipe(gateway, name as DialectName, {
      listen,
      upstream,
      decisions: values.decisions ?? reachable(settings.listen),
      ...readForward(values['forward-authorization']),
    })
    if (out !== undefined) mkdirSync(out, { recursive: true })
    for (const { name: file, text } of files) {
      if (out !== undefined) writeFileSync(join(out, file), text)
      else print(files.length === 1 ? text.trimEnd() : `# ---- ${file} ----\n${text}`)
    }
    return 0
  },
}

/** @throws TypeError for an address that says where the server listens, and not where it is reached. */
function reachable(listen: string): string {
  if (/^(?:0\.0\.0\.0|\[::\]|unix:)/.test(listen))
    throw new TypeError(
      `where does the gateway reach the decision server, which listens on ${listen}? Write --decisions HOST:PORT.`,
    )
  return listen
}

function readForward(value: string | undefined): { readonly forwardAuthorization?: boolean } {
  if (value === undefined) return {}
  if (value === 'yes' || value === 'no') return { forwardAuthorization: value === 'yes' }
  throw new TypeError(`--forward-authorization must be yes or no, not '${value}'.`)
}
