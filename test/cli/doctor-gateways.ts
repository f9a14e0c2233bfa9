// `claimcheck doctor` against a real gateway: the decision server and doctor are processes, and the API is doctor's echo.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGateway, printRecipe, type RecipeFile, type RecipeOptions } from 'claimcheck/gateway'
import { authenticated } from 'claimcheck/policy'
import { onTestFinished } from 'vitest'
import { type GatewayProgram, startGateway } from '../support/gateways.ts'
import { freePort } from '../support/ports.ts'
import { type Ended, folder, run, serve, stsAndConfig, write } from './run.ts'

export interface Finding {
  readonly probe: string
  readonly name: string
  readonly verdict: 'closed' | 'hole' | 'unchecked'
  readonly sent: string
  readonly received: string
  readonly means: string
  readonly fix?: string
}

export interface Examined extends Ended {
  readonly result: string
  readonly findings: readonly Finding[]
  /** `D1 told target`, in the order of the probes. */
  readonly holes: readonly string[]
  readonly unchecked: readonly string[]
}

/** Addresses that a configuration of a gateway is written with. */
export type Addresses = Required<Pick<RecipeOptions, 'listen' | 'upstream' | 'decisions'>>

export const path = '/orders/1'

/** The recipe as it is printed. Its list of identity headers is that of every gateway without the option `identity`. */
export function recipeOf(program: GatewayProgram, addresses: Addresses): readonly RecipeFile[] {
  const options = { issuer: 'https://sts.example.com', audience: 'x', routes: { '/x': authenticated } }
  return printRecipe(createGateway(options), program, addresses)
}

/** Starts the gateway that `files` configure, and runs doctor against it with every view. */
export async function examine(
  program: GatewayProgram,
  files: (addresses: Addresses) => readonly RecipeFile[],
  args: readonly string[] = [],
): Promise<Examined> {
  const { sts, config } = await stsAndConfig()
  const at = folder()
  const secret = join(at, 'secret')
  const file = write('c.json', { ...config, dialects: [program], log: 'json' })
  const server = await serve(['--config', file, '--doctor', secret])
  const echo = `127.0.0.1:${await freePort()}`
  const decisions = `127.0.0.1:${server.port}`
  const gateway = await startGateway(program, (port) =>
    files({ listen: `127.0.0.1:${port}`, upstream: echo, decisions }),
  )
  onTestFinished(async () => gateway.stop())
  const token = join(at, 'token')
  writeFileSync(token, sts.token({ sub: 'alice', scope: 'orders:read' }))
  const ended = await run([
    ...['doctor', `http://127.0.0.1:${gateway.port}`, '--config', file, '--path', path, '--token-file', token],
    ...['--secret', secret, '--admin', server.adminAddress, '--echo', echo, '--json', ...args],
  ])
  const { result, findings } = JSON.parse(
    ended.stdout || `{"result":${JSON.stringify(ended.stderr)},"findings":[]}`,
  ) as Pick<Examined, 'result' | 'findings'>
  const named = (verdict: Finding['verdict']): readonly string[] =>
    findings.filter((one) => one.verdict === verdict).map(({ probe, name }) => `${probe} ${name}`)
  return { ...ended, result, findings, holes: named('hole'), unchecked: named('unchecked') }
}
