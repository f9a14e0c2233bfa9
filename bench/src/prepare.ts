// Before the first measurement: the peers, the package as it ships, the measuring code as plain JavaScript, keys and tokens.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeFixture } from './fixture.ts'
import type { NodeVersion } from './rows.ts'

export const bench: string = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
/** Not in git: raw figures, the fixture, transpiled code. */
export const reports = `${bench}/reports`
export const fixtureFolder = `${reports}/fixture`

/** Node 20 is whatever runs this script; it says so when it is another. */
export const nodes: Readonly<Record<NodeVersion, string>> = {
  '20': process.execPath,
  '24': `${bench}/node_modules/node-v24/bin/node`,
}

export async function prepare({ install, manyTokens }: { install: boolean; manyTokens: number }): Promise<void> {
  const npm = (folder: string, ...args: string[]): unknown =>
    execFileSync('npm', args, {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
  if (install || !existsSync(`${bench}/node_modules`)) npm(bench, 'ci', '--no-audit', '--no-fund', '--loglevel=error')
  // Not a dependency by `file:`, which would write our own dependencies into this lock file too.
  const link = `${bench}/node_modules/claimcheck`
  if (!existsSync(link)) symlinkSync('../..', link, 'junction')
  npm(`${bench}/..`, 'run', '--silent', 'build')
  rmSync(`${reports}/js`, { recursive: true, force: true })
  await build({
    entryPoints: ['measure', 'compare-child', 'cold-child', 'http-server', 'http-load'].map(
      (name) => `${bench}/src/${name}.ts`,
    ),
    outdir: `${reports}/js`,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  writeFixture(fixtureFolder, manyTokens)
}

export function readJwks(): object {
  return (JSON.parse(readFileSync(`${fixtureFolder}/fixture.json`, 'utf8')) as { jwks: object }).jwks
}

/** What the figures are true of. */
export function surroundings(): string {
  const print = '`Node ${process.versions.node} (OpenSSL ${process.versions.openssl})`'
  const versions = Object.values(nodes).map((node) => execFileSync(node, ['-p', print], { encoding: 'utf8' }).trim())
  const { model = 'unknown' } = cpus()[0] ?? {}
  return `${new Date().toISOString().slice(0, 10)}, ${versions.join(', ')}, ${cpus().length} × ${model}, ${process.platform}. ${peerVersions()}.`
}

function peerVersions(): string {
  const { dependencies } = JSON.parse(readFileSync(`${bench}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>
  }
  return Object.entries(dependencies)
    .filter(([name]) => name !== 'node-v24')
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
