// Runs `claimcheck explain` in this process, as the command does, and keeps what it printed.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runExplain } from '../../../src/cli/explain.ts'
import { folder } from '../run.ts'

export interface Explained {
  readonly code: number
  readonly printed: string
  readonly warned: string
}

/** The part of the JSON that tests read. */
export interface ExplainedJson {
  readonly verdict: string
  readonly token: {
    readonly verdict: string
    readonly refusal?: {
      readonly reason: string
      readonly hint?: string
      readonly status: number
      readonly body: string
    }
    readonly checks: readonly { check: string; outcome: string; claim?: string; received?: string; expected?: string }[]
    readonly principal?: { readonly key: string }
  }
  readonly request?: {
    readonly verdict: string
    readonly route?: string
    readonly access?: string
    readonly reason?: string
    readonly trace?: unknown
    readonly answers: Readonly<Record<string, { status: number; headers: Record<string, unknown>; body: string }>>
  }
}

/** Explains `token`, with these options in place of the platform's clock and fetch. */
export async function explainToken(
  args: readonly string[],
  token: string,
  base: Readonly<Record<string, unknown>> = {},
): Promise<Explained> {
  const printed: string[] = []
  const warned: string[] = []
  const code = await runExplain(args, {
    stdin: async () => token,
    print: (line) => void printed.push(line),
    warn: (line) => void warned.push(line),
    base,
  })
  return { code, printed: printed.join('\n'), warned: warned.join('\n') }
}

/** The same as JSON. */
export async function explainAsJson(
  ...[args, token, base]: Parameters<typeof explainToken>
): Promise<ExplainedJson & { readonly code: number }> {
  const { code, printed } = await explainToken([...args, '--json'], token, base)
  return { code, ...(JSON.parse(printed) as ExplainedJson) }
}

/** A file of one's own with this JSON. */
export function jsonFile(content: unknown): string {
  const path = join(folder(), 'file.json')
  writeFileSync(path, JSON.stringify(content))
  return path
}
