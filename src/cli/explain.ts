// `claimcheck explain`: why a token is refused. It asks the verifier, and checks nothing itself. It prints no part of a token's text.
import { type Clean, createClean } from './explain/clean.ts'
import { type ExplainArguments, readExplainArguments } from './explain/arguments.ts'
import { readGiven } from './explain/credential.ts'
import { explain, type Verdict } from './explain/explanation.ts'
import { formatDescription, formatExplanation } from './explain/format.ts'
import { readRequestLine } from './explain/request.ts'
import { type BaseOptions, createSetup } from './explain/setup.ts'
import { describeUnverified } from './explain/unverified.ts'
import { type Command, messageOf, print } from './command.ts'
import { reasonOf } from '../internal/json.ts'
import { readStdin } from './source.ts'

/** How the command meets its surroundings. */
export interface Surroundings {
  readonly stdin: () => Promise<string>
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
  readonly config?: string | undefined
  /** Options of tests. */
  readonly base?: BaseOptions
}

const exitCodes: Readonly<Record<Verdict, number>> = { accepted: 0, refused: 1, unknown: 2 }
const misuse = 64

export const explainCommand: Command = {
  summary: 'says why a token is refused: each check, and what would fix it',
  usage: `claimcheck explain < token.txt
claimcheck explain --config FILE [--request 'GET /orders/1'] < token.txt
claimcheck explain --issuer URL --audience TEXT < token.txt
claimcheck explain --preset entra --tenant ID --client-id ID < token.txt

The token comes from the standard input: alone, behind the word Bearer, or as the whole Authorization line. As an argument it works,
too, but shells remember arguments. It is never printed.

  --config FILE     of \`claimcheck serve\`, or of a verifier: the same without routes  (CLAIMCHECK_CONFIG)
  --preset NAME     a preset of claimcheck/issuers, with its options as flags: clientId is --client-id.
                    A flag more than once makes a list, and null is null
  --issuer URL      an issuer without a preset; --audience says for whom its tokens are
  --request LINE    a method and a path: the route, its policy, and the answer to each gateway
  --jwks FILE       a JWK Set to use in place of the issuer's: nothing is fetched
  --json            for programs

Without an issuer it shows what the token says, unverified, and proposes a preset. Only addresses of the configuration are fetched,
none of the token.

Exit code 0: accepted, 1: refused, 2: it could not be found out, ${misuse}: wrong arguments or configuration.`,
  run: async (args) =>
    runExplain(args, {
      stdin: () => readPasted(),
      print,
      warn: (line) => console.error(line),
      config: process.env.CLAIMCHECK_CONFIG || undefined,
    }),
}

/** Resolves to the exit code. Never rejects: an error that is printed elsewhere might hold the token. */
export async function runExplain(args: readonly string[], surroundings: Surroundings): Promise<number> {
  // Until the token is known, every argument may be it.
  let clean = createClean('')
  try {
    const read = readExplainArguments(args)
    if (read.token !== undefined) {
      clean = createClean(read.token)
      surroundings.warn('claimcheck explain: the shell remembers this token, and other users may see it: prefer stdin.')
    }
    const text = (read.token ?? (await readToken(read, surroundings))).trim()
    if (text === '') throw new TypeError('there is no token: write it to the standard input.')
    clean = createClean(text.replace(/^authorization:/i, ''))
    return await explainText(text, withConfig(read, surroundings), { ...surroundings, clean })
  } catch (error) {
    surroundings.warn(`claimcheck explain: ${clean(messageOf(error))}`)
    return error instanceof TypeError ? misuse : exitCodes.unknown
  }
}

async function explainText(
  text: string,
  args: ExplainArguments,
  { base = {}, clean, print: write }: Surroundings & { readonly clean: Clean },
): Promise<number> {
  const request = args.request === undefined ? undefined : readRequestLine(args.request)
  const setup = await createSetup(args, base)
  const given = readGiven(text, setup?.guard.tokenHeaders ?? [])
  if (!setup) {
    const description = clean(describeUnverified(tokenIn(given)))
    write(args.json ? JSON.stringify(description, null, 2) : formatDescription(description))
    return exitCodes.unknown
  }
  if (request && !setup.gateway) throw new TypeError('--request needs a configuration with routes.')
  const explanation = clean(await explain(setup, given, request).catch(fail))
  write(args.json ? JSON.stringify(explanation, null, 2) : formatExplanation(explanation))
  return exitCodes[explanation.verdict]
}

/** The arguments were good: what goes wrong now is no misuse. */
function fail(cause: unknown): never {
  throw new Error(reasonOf(cause), { cause })
}

/** Without a verifier there is no one to judge the line around a token. */
function tokenIn(given: ReturnType<typeof readGiven>): string {
  return 'token' in given ? given.token : given.line[1].replace(/^\S+ +/, '')
}

async function readToken({ config }: ExplainArguments, { stdin }: Surroundings): Promise<string> {
  if (config === '-') throw new TypeError('the standard input cannot be both the configuration and the token.')
  return stdin()
}

/** The environment names a configuration, where no flag names an issuer. */
function withConfig(args: ExplainArguments, { config }: Surroundings): ExplainArguments {
  const isNamed = args.preset !== undefined || Object.keys(args.options).length > 0
  return args.config === undefined && !isNamed && config !== undefined ? { ...args, config } : args
}

async function readPasted(): Promise<string> {
  if (process.stdin.isTTY) console.error('Paste the token, then press Enter and Ctrl-D (Ctrl-Z on Windows).')
  return readStdin()
}
