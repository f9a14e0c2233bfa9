// What users get: packs the tarball, installs it into an empty project without any network, and looks at it from outside.
// `npm test` has built dist; after `npx vitest` alone it may be an old one.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, subpaths } from '../../scripts/subpaths.ts'

const project = mkdtempSync(join(tmpdir(), 'claimcheck-package-'))
const installed = join(project, 'node_modules', 'claimcheck')
let files: string[] = []

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], { cwd, shell: process.platform === 'win32' })
}

function read(file: string): string {
  return readFileSync(join(installed, file), 'utf8')
}

/** Runs a module in the project, in a process of its own, and returns what it prints as JSON. */
function run(code: string): unknown {
  writeFileSync(join(project, 'main.mjs'), code)
  return JSON.parse(execFileSync(process.execPath, ['main.mjs'], { cwd: project, encoding: 'utf8' }))
}

beforeAll(() => {
  npm(root, 'pack', '--pack-destination', project)
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(project, 'package.json'), '{ "private": true }')
  // The dependencies come from our own node_modules, so that nothing is fetched.
  const dependencies = ['lru-cache'].map((name) => join(root, 'node_modules', name))
  npm(project, 'install', '--offline', '--omit=peer', `./${tarball}`, ...dependencies)
  files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
}, 60_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

test('every file that package.json exports is in the tarball', () => {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, string | Record<string, string>> }
  const targets = Object.values(exports).flatMap((target) =>
    Object.values(typeof target === 'string' ? [target] : target),
  )
  expect(targets).not.toEqual([])
  for (const target of targets) expect(files).toContain(target.replace('./', ''))
})

test('the tarball holds the build and the papers, and no source or test', () => {
  const others = files.filter((file) => file !== 'dist' && !file.startsWith('dist/'))
  expect(others.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
  expect(files.filter((file) => /\.test|(?<!\.d)\.ts$/.test(file))).toEqual([])
})

test('no file speaks of the machine that built it', () => {
  const texts = files.filter((file) => /^dist\/.*\.\w+$/.test(file)).map((file) => ({ file, text: read(file) }))
  expect(texts.filter(({ text }) => text.includes(root)).map(({ file }) => file)).toEqual([])
  for (const { file, text } of texts.filter(({ file }) => file.endsWith('.map'))) {
    const { sources } = JSON.parse(text) as { sources: string[] }
    expect(
      sources.filter((source) => !/^(\.\.\/)+src\//.test(source)),
      file,
    ).toEqual([])
  }
})

test.each(subpaths)('$specifier gives the same names to import and to require()', ({ specifier }) => {
  const [imported, required] = run(`
    import { createRequire } from 'node:module'
    const names = (module) => Object.keys(module).filter((name) => name !== '__esModule').sort()
    const required = createRequire(import.meta.url)('${specifier}')
    console.log(JSON.stringify([names(await import('${specifier}')), names(required)]))
  `) as [string[], string[]]
  expect(imported).not.toEqual([])
  expect(required).toEqual(imported)
})

test('AuthError is one class, whichever way an error comes', () => {
  const definitions = files.filter(
    (file) => file.endsWith('.js') && /\bAuthError\b.*= class|class AuthError\b/.test(read(file)),
  )
  expect(definitions).toHaveLength(1)
  expect(
    run(`
      import { createRequire } from 'node:module'
      import { AuthError, createVerifier } from 'claimcheck'
      import { createGuard as express } from 'claimcheck/express'
      import { createGuard as fastify } from 'claimcheck/fastify'
      const options = { issuer: 'https://sts.example.com', audience: 'https://api.example.com' }
      const errors = [await createVerifier(options).verifyToken('no token').catch((error) => error)]
      const request = { method: 'GET', url: '/', headers: {}, rawHeaders: [] }
      const guard = express(options)
      await new Promise((next) => guard.optional()(request, {}, next))
      try { guard.auth(request) } catch (error) { errors.push(error) }
      const { AuthError: Required } = createRequire(import.meta.url)('claimcheck')
      console.log(JSON.stringify([Required === AuthError, ...errors.map((error) => error instanceof AuthError)]))
    `),
  ).toEqual([true, true, true])
})

test('a worker thread verifies for itself, takes no token that another has verified, and may end at any time', () => {
  expect(
    run(`
      import { once } from 'node:events'
      import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
      import { createResourceServer } from 'claimcheck'
      import { oidc } from 'claimcheck/issuers'
      import { createTestIssuer, oidcLike } from 'claimcheck/testing'
      const verdict = (asked) => asked.then(() => 'let in', (error) => error.reason ?? error.name)

      async function work({ issuer, audience, jwks, tokens, auth, endless }) {
        const { verifyToken, require } = createResourceServer({ issuer: oidc({ issuer, audience, jwks }) })
        const verdicts = Promise.all([...tokens.map(verifyToken), require(auth, () => true)].map(verdict))
        if (!endless) return parentPort.postMessage(await verdicts)
        parentPort.postMessage('under way')
        for (;;) await Promise.all(tokens.map((token) => verdict(verifyToken(token))))
      }

      async function main() {
        const { issuer, audience, fetch, token } = createTestIssuer(oidcLike(), { algorithms: ['ES512'] })
        const { jwks_uri } = await (await fetch(issuer + '/.well-known/openid-configuration')).json()
        const jwks = await (await fetch(jwks_uri)).json()
        const tokens = [token(), token({ aud: 'other' }), Buffer.from(token())]
        const auth = structuredClone(await createResourceServer({ issuer, audience, fetch }).verifyToken(tokens[0]))
        const start = (endless) =>
          new Worker(new URL(import.meta.url), { workerData: { issuer, audience, jwks, tokens, auth, endless } })
        const [verdicts] = await once(start(false), 'message')
        const ending = start(true)
        await once(ending, 'message')
        await ending.terminate()
        console.log(JSON.stringify(verdicts))
      }

      await (isMainThread ? main() : work(workerData))
    `),
  ).toEqual(['let in', 'audience_mismatch', 'token_malformed', 'TypeError'])
}, 30_000)

test('no other subpath reaches the STS for tests, which would issue any token', () => {
  const reached = (module: string, seen = new Set<string>()): ReadonlySet<string> => {
    if (seen.has(module)) return seen
    seen.add(module)
    const imports = [...read(module).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g)]
    for (const [, to = ''] of imports) reached(posix.join(posix.dirname(module), to), seen)
    return seen
  }
  const makesIssuers = subpaths.filter(({ module }) =>
    [...reached(`dist/${module}.js`)].some((file) => read(file).includes('function createTestIssuer')),
  )
  expect(makesIssuers.map(({ specifier }) => specifier)).toEqual(['claimcheck/testing'])
})

test('its declarations compile in a project of users, strict and with libraries checked', () => {
  const main = join(project, 'main.mts')
  writeFileSync(
    main,
    subpaths.map(({ specifier, name }) => `import * as ${name} from '${specifier}'; void ${name};`).join('\n') +
      `const error = new index.AuthError('credential_missing'); error.status satisfies number;`,
  )
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    noEmit: true,
    typeRoots: [join(root, 'node_modules', '@types')],
    types: ['node'],
    paths: {
      express: [`${root}/node_modules/@types/express`],
      fastify: [`${root}/node_modules/fastify/fastify.d.ts`],
      '@casl/ability': [`${root}/node_modules/@casl/ability/dist/types/index.d.ts`],
      '@cedar-policy/cedar-wasm/nodejs': [`${root}/node_modules/@cedar-policy/cedar-wasm/nodejs/cedar_wasm.d.ts`],
    },
  }
  const program = ts.createProgram([main], options)
  const ours = ts.getPreEmitDiagnostics(program).filter(({ file }) => !file || file.fileName.startsWith(project))
  expect(ours.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
}, 60_000)

test('the paths of tsconfig.json name every subpath and its source, and the engine', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => readFileSync(file, 'utf8')) as {
    config: { compilerOptions: { paths: object } }
  }
  const expected = subpaths.map(({ specifier, module }) => [specifier, [`./src/${module}.ts`]])
  const engine = ['#engine', ['./src/crypto/engine-node.ts']]
  expect(config.compilerOptions.paths).toEqual(Object.fromEntries([engine, ...expected]))
})
