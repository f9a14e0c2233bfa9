#!/usr/bin/env node
// The command `claimcheck`. Each command is a file beside this one.
import { checkCommand } from './check.ts'
import { type Command, isAboutArguments, isMissingFile, messageOf, print } from './command.ts'
import { doctorCommand } from './doctor.ts'
import { explainCommand } from './explain.ts'
import { healthCommand } from './health.ts'
import { recipeCommand } from './recipe.ts'
import { serveCommand } from './serve.ts'

const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  check: checkCommand,
  explain: explainCommand,
  recipe: recipeCommand,
  health: healthCommand,
  doctor: doctorCommand,
}

const usage = `claimcheck <command> [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

claimcheck <command> --help says more. Exit codes: 0 good, 1 trouble at run time, 2 wrong arguments or configuration
(explain has its own).`

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  const asksForHelp = name === '--help' || args.includes('--help')
  if (command === undefined || asksForHelp) {
    if (asksForHelp) print(command?.usage ?? usage)
    else console.error(usage)
    return asksForHelp ? 0 : 2
  }
  try {
    return await command.run(args)
  } catch (error) {
    console.error(`claimcheck ${name}: ${isAboutArguments(error) ? pointToHelp(error, name) : messageOf(error)}`)
    return error instanceof TypeError || isMissingFile(error) ? 2 : 1
  }
}

/** No command takes what Node advises: an argument that begins with a hyphen. */
function pointToHelp({ message }: Error, name: string): string {
  return `${message.replace(/\. To specify a positional argument.*$/s, '').replace(/\.$/, '')}. See claimcheck ${name} --help.`
}

const code = await main(process.argv.slice(2))
// A module of the user may hold connections that would keep the process. What was printed is written out first.
process.stdout.write('', () => process.exit(code))
