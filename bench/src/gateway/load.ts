// The load: wrk with 200 remembered tokens through nginx, once with the decision server and once with a bare `node:http` in its place.
import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTestIssuer } from 'claimcheck/testing'
import { quantile } from '../harness.ts'
import { folder, startApi, startBare, startDecisions, startNginx, writeConfiguration } from './processes.ts'

const tokens = 200

/** A pair of gateways that differ in their decision server alone. */
interface Pair {
  readonly name: string
  readonly ports: Readonly<Record<Side, number>>
}

type Side = 'bare' | 'claimcheck'

interface Measured {
  readonly perSecond: number
  readonly medianMs: number
}

export function hasWrk(): boolean {
  return spawnSync('wrk', ['-v']).error === undefined
}

export async function measureLoad({ seconds, runs }: { seconds: number; runs: number }): Promise<void> {
  const sts = createTestIssuer()
  await sts.listen()
  const list = Array.from({ length: tokens }, (_, index) => sts.token({ sub: `user-${index}`, scope: 'orders:read' }))
  const script = writeScript('same', list, 1)
  // More paths than a gateway remembers assertions for.
  const fresh = writeScript('fresh', list, 100)
  const plain = {
    dialects: ['nginx'],
    issuer: sts.issuer,
    audience: sts.audience,
    routes: { 'GET /orders/{id}': { scope: 'orders:read' } },
  }
  const keys = { fileSigningKeys: join(folder, 'assertion-keys') }
  const assertion = { issuer: 'gateway', audience: 'orders', keys }
  const api = await startApi()
  const bare = await startBare()
  const stops = [api.stop, bare.stop, sts.close]

  async function startPair(name: string, configuration: object): Promise<Pair> {
    const config = writeConfiguration(`${name}.json`, configuration)
    const decisions = await startDecisions(config)
    const upstream = `127.0.0.1:${api.port}`
    const before = await startNginx(config, { upstream, decisions: bare.address })
    const after = await startNginx(config, { upstream, decisions: decisions.address })
    stops.push(decisions.stop, before.stop, after.stop)
    return { name, ports: { bare: before.port, claimcheck: after.port } }
  }

  try {
    const asserting = await startPair('assertion', { ...plain, assertion })
    const measures = [
      createMeasure(await startPair('plain', plain), script),
      createMeasure(asserting, script),
      createMeasure({ ...asserting, name: 'fresh assertion' }, fresh),
    ]
    for (const { warmUp } of measures) await warmUp()
    for (let run = 1; run <= runs; run++) {
      for (const { measure } of measures) await measure(run, seconds)
      console.log(`run ${run} of ${runs}`)
    }
    const [without, remembered, signed] = measures.map(({ summarize }) => summarize()) as [Summary, Summary, Summary]
    report(without, remembered, signed)
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

type Summary = ReturnType<ReturnType<typeof createMeasure>['summarize']>

function createMeasure({ name, ports }: Pair, script: string) {
  const many = { bare: [] as Measured[], claimcheck: [] as Measured[] }
  const one = { bare: [] as Measured[], claimcheck: [] as Measured[] }

  async function warmUp(): Promise<void> {
    for (const side of ['bare', 'claimcheck'] as const) await wrk(ports[side], script, { connections: 16, seconds: 2 })
  }

  /** Each run in another order: what comes first finds a cooler machine. */
  async function measure(run: number, seconds: number): Promise<void> {
    const sides: readonly Side[] = run % 2 ? ['bare', 'claimcheck'] : ['claimcheck', 'bare']
    for (const side of sides) many[side].push(await wrk(ports[side], script, { connections: 16, seconds }))
    for (const side of sides) one[side].push(await wrk(ports[side], script, { connections: 1, seconds }))
  }

  function summarize() {
    const median = (values: readonly number[]): number => quantile(values, 0.5)
    const ratios = many.claimcheck.map(
      ({ perSecond }, index) => perSecond / (many.bare[index]?.perSecond ?? Number.NaN),
    )
    const added = one.claimcheck.map(({ medianMs }, index) => medianMs - (one.bare[index]?.medianMs ?? Number.NaN))
    return {
      name,
      perSecond: {
        bare: median(many.bare.map(({ perSecond }) => perSecond)),
        claimcheck: median(many.claimcheck.map(({ perSecond }) => perSecond)),
      },
      ratio: median(ratios),
      addedMs: median(added),
    }
  }

  return { warmUp, measure, summarize }
}

function report(plain: Summary, remembered: Summary, fresh: Summary): void {
  const line = (what: string, value: string, gate: string, holds: boolean): string =>
    `${what.padEnd(44)}${value.padStart(12)}   gate ${gate.padEnd(12)}${holds ? 'ok' : 'MISSED'}`
  const all = [plain, remembered, fresh]
  for (const { name, perSecond } of all)
    console.log(
      `${name}: ${perSecond.bare.toFixed(0)} requests a second bare, ${perSecond.claimcheck.toFixed(0)} decided`,
    )
  for (const { name, ratio } of all) {
    const gate = name === 'plain' ? 0.5 : 0.35
    console.log(line(`of the bare ones, 16 connections, ${name}`, ratio.toFixed(2), `>= ${gate}`, ratio >= gate))
  }
  for (const { name, addedMs } of all) {
    const what = `added to the median, one connection, ${name}`
    console.log(line(what, `${addedMs.toFixed(2)} ms`, '<= 0.3 ms', addedMs <= 0.3))
  }
}

/** One request for each token, in turn, to each of `paths` paths. */
function writeScript(name: string, list: readonly string[], paths: number): string {
  const file = join(folder, `${name}.lua`)
  writeFileSync(
    file,
    `local tokens = { ${list.map((token) => `'${token}'`).join(', ')} }
local requests = {}
local at = 0
function init()
  for path = 1, ${paths} do
    for index, token in ipairs(tokens) do
      local headers = { ['Host'] = 'api.example.com', ['Authorization'] = 'Bearer ' .. token }
      requests[#requests + 1] = wrk.format('GET', '/orders/' .. path .. '-' .. index, headers)
    end
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`,
  )
  return file
}

async function wrk(
  port: number,
  script: string,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Measured> {
  const threads = Math.min(connections, 2)
  const args = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script]
  const { stdout } = await promisify(execFile)('wrk', [...args, `http://127.0.0.1:${port}`])
  // A refusal is quicker than a yes: no figure with one counts.
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`not every request was answered with 200:\n${stdout}`)
  const [, perSecond] = /Requests\/sec:\s+([\d.]+)/.exec(stdout) ?? []
  const [, median, unit = ''] = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }
  const measured = { perSecond: Number(perSecond), medianMs: Number(median) * (units[unit] ?? Number.NaN) }
  if (Number.isNaN(measured.perSecond + measured.medianMs)) throw new Error(`wrk said what cannot be read:\n${stdout}`)
  return measured
}
