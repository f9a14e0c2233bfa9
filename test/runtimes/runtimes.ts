// The runtimes of the table, each from the npm registry: its program, and how that starts the API.

export interface Runtime {
  readonly name: string
  /** A package with the program, and its version. */
  readonly spec: string
  /** The program within its package. */
  readonly program: string
  /** Its arguments. */
  readonly args: readonly string[]
  /** For workerd: the configuration that its arguments name. */
  readonly worker?: { readonly keepAlive: boolean }
  /** Why `claimcheck/testing` does not run there. */
  readonly noTesting?: string
  /** Why a fetch ends there with the request that began it. */
  readonly noKeepAlive?: string
}

const { platform, arch } = process
const glibc = platform === 'linux' ? '-glibc' : ''

const noTesting = 'no: it issues tokens by node:crypto and node:http'

function node(version: string): Runtime {
  const name = `Node ${version.split('.')[0]}`
  return { name, spec: `node-${platform}-${arch}@${version}`, program: 'bin/node', args: ['serve.mjs'] }
}

function workerd(name: string, version: string, keepAlive: boolean): Runtime {
  return {
    name,
    spec: `@cloudflare/workerd-${platform}-${arch === 'x64' ? '64' : arch}@${version}`,
    program: 'bin/workerd',
    // It tells of its port on the descriptor 3.
    args: ['serve', keepAlive ? 'worker.capnp' : 'worker-alone.capnp', '--control-fd=3'],
    worker: { keepAlive },
    noTesting,
    ...(!keepAlive && { noKeepAlive: 'no: it ends with its request, and a later one waits for it' }),
  }
}

const bun: Runtime = {
  name: 'Bun 1.4',
  spec: `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}@1.4.5`,
  program: 'bin/bun',
  args: ['serve.mjs'],
}

const deno: Runtime = {
  name: 'Deno 2.9',
  spec: `@deno/${platform}-${arch}${glibc}@2.9.6`,
  program: 'deno',
  args: ['run', '--allow-all', 'serve.mjs'],
}

/** The newest one. Before August 2026 workerd was stricter: what belongs to one request was closed to all others. */
const newest = '1.20261117.1'
const strict = '1.20260430.1'

export const allRuntimes: readonly Runtime[] = [
  node('20.20.2'),
  node('22.23.5'),
  node('24.22.3'),
  node('26.12.1'),
  bun,
  deno,
  workerd('workerd', newest, true),
  workerd('workerd of April', strict, true),
  workerd('without waitUntil', strict, false),
]

/** For every push. */
export const fewRuntimes: readonly Runtime[] = allRuntimes.filter(({ name }) =>
  ['Node 24', 'workerd of April'].includes(name),
)
