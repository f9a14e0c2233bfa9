// What users get: packs the tarball, installs it into an empty project without any network, and looks at it from outside.
// `npm run test:slow` has built dist; after `npx vitest` alone it may be an old one.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documentedBlocks, nameOf } from '../../scripts/check-docs.ts'
import { root, subpaths } from '../../scripts/subpaths.ts'
import { entryPoints } from '../../scripts/write-exports.ts'

const project = mkdtempSync(join(tmpdir(), 'claimcheck-package-'))
const installed = join(project, 'node_modules', 'claimcheck')
let tarball = ''
let files: string[] = []

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], { cwd, shell: process.platform === 'win32' })
}

function read(file: string): string {
  return readFileSync(join(installed, file), 'utf8')
}

/** Runs a module in the project, in a process of its own, and returns what it prints as JSON. */
function run(code: string, ...flags: readonly string[]): unknown {
  writeFileSync(join(project, 'main.mjs'), code)
  const args = [...flags.filter((flag) => flag !== ''), 'main.mjs']
  return JSON.parse(execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' }))
}

beforeAll(() => {
  npm(root, 'pack', '--pack-destination', project)
  tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? ''
  writeFileSync(join(project, 'package.json'), '{ "private": true }')
  // The dependencies come from our own node_modules, so that nothing is fetched.
  const dependencies = ['lru-cache'].map((name) => join(root, 'node_modules', name))
  npm(project, 'install', '--offline', '--ignore-scripts', '--omit=peer', `./${tarball}`, ...dependencies)
  linkOurPackages(['@modelcontextprotocol', '@nestjs', '@trpc'])
  files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
}, 60_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

/** Every text in `value`, at any depth. */
function textsIn(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [value as string]
}

test('package.json names each subpath in both formats, as `npm run exports` writes it', () => {
  expect(JSON.parse(read('package.json'))).toMatchObject(entryPoints())
})

test('every file that package.json names is in the tarball', () => {
  const { main, bin, types, typesVersions, imports, exports } = JSON.parse(read('package.json')) as Record<
    string,
    unknown
  >
  const targets = textsIn([main, bin, types, typesVersions, imports, exports])
  expect(targets.length).toBeGreaterThan(subpaths.length * 7)
  for (const target of targets) expect(files).toContain(target.replace('./', ''))
})

test('the tarball holds the build and the papers, and no source, map or test', () => {
  const papers = files.filter((file) => !/^(dist|docs|examples|bench)(\/|$)/.test(file))
  expect(papers.toSorted()).toEqual([
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'gateway.schema.json',
    'package.json',
  ])
  expect(files.filter((file) => /^dist\/.*(\.test|\.map$|(?<!\.d)\.c?ts$)/.test(file))).toEqual([])
})

// 350 kB were meant for what there was before the gateway. Twelve subpaths have come since, in both formats with one set of declarations
// (80 kB), the command with doctor and explain (40 kB), and the pages that README links to (45 kB). To be brought down again.
test('the tarball is below 500 kB', () => {
  expect(statSync(join(project, tarball)).size).toBeLessThan(500_000)
})

test('the command runs from the installed package, and a module there makes its gateway with the same copy', () => {
  const config = `
    import { anonymous, createGateway } from 'claimcheck/gateway'
    export const server = { dialects: ['nginx'] }
    export default createGateway({ issuer: 'https://sts.example.com', audience: 'a', routes: { '/health': anonymous } })
  `
  writeFileSync(join(project, 'gateway.mjs'), config)
  const command = join(project, 'node_modules', '.bin', 'claimcheck')
  const options = { cwd: project, encoding: 'utf8', shell: process.platform === 'win32' } as const
  expect(execFileSync(command, ['check', '--config', 'gateway.mjs'], options)).toContain('The configuration is good.')
  expect(
    execFileSync(command, ['recipe', 'nginx', '--config', 'gateway.mjs', '--upstream', '127.0.0.1:3000'], options),
  ).toContain('auth_request')
})

test('what README, SECURITY and the pages of docs link to is in the tarball', () => {
  const pages = files.filter((file) => file.endsWith('.md') && !['CHANGELOG.md', 'CONTRIBUTING.md'].includes(file))
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].flatMap(([, link = '']) => {
      const target = posix.join(posix.dirname(page), link)
      return files.includes(target.replace(/\/$/, '')) ? [] : [`${page}: ${link}`]
    }),
  )
  expect(missing).toEqual([])
})

test('no file speaks of the machine that built it', () => {
  const texts = files.filter((file) => /\.\w+$/.test(file))
  expect(texts.filter((file) => read(file).includes(root))).toEqual([])
})

test('every subpath gives the same names to import and to require(), in one copy and in two', () => {
  const code = `
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    const names = (module) => Object.keys(module).filter((name) => !['__esModule', 'module.exports'].includes(name)).sort()
    const all = {}
    for (const specifier of ${JSON.stringify(subpaths.map(({ specifier }) => specifier))})
      all[specifier] = [names(await import(specifier)), names(require(specifier))]
    console.log(JSON.stringify(all))
  `
  for (const flag of ['', '--no-experimental-require-module']) {
    const all = run(code, flag) as Record<string, [string[], string[]]>
    expect(Object.keys(all)).toEqual(subpaths.map(({ specifier }) => specifier))
    for (const [specifier, [imported, required]] of Object.entries(all)) {
      expect(imported, specifier).not.toEqual([])
      expect(required, specifier).toEqual(imported)
    }
  }
})

// Without require() of ES modules, as in jest and older tools, CommonJS is a copy of its own.
test.each([
  ['ES modules', 'js', '', 'await import(specifier)'],
  ['CommonJS', 'cjs', '--no-experimental-require-module', 'require(specifier)'],
])('of %s, AuthError, guards and policies are one, whichever subpath they come through', (_, extension, flag, load) => {
  const definitions = files.filter((file) => file.endsWith(`.${extension}`) && /\bclass _?AuthError\b/.test(read(file)))
  expect(definitions).toHaveLength(1)
  expect(
    run(
      `
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const names = ${JSON.stringify(subpaths.map(({ specifier }) => specifier))}
      const modules = {}
      for (const specifier of names) modules[specifier] = ${load}
      const { AuthError, createVerifier, createResourceServer } = modules.claimcheck
      const { allOf, authenticated, withoutDefaultPolicy } = modules['claimcheck/policy']
      const { createTestIssuer, oidcLike } = modules['claimcheck/testing']
      const { issuer, audience, fetch, clock, token } = createTestIssuer(oidcLike())
      const options = { issuer: modules['claimcheck/issuers'].oidc({ issuer, audience }), fetch, clock }

      const errors = [await createVerifier(options).verifyToken('no token').catch((error) => error)]
      const request = { method: 'GET', url: '/', headers: {}, rawHeaders: [] }
      const express = modules['claimcheck/express'].createGuard(options)
      await new Promise((next) => express.optional()(request, {}, next))
      try { express.auth(request) } catch (error) { errors.push(error) }

      const api = createResourceServer({ ...options, policy: () => false })
      modules['claimcheck/fastify'].createGuard(api) // takes it only from its own copy
      const auth = await api.verifyToken(token())
      await api.require(auth, withoutDefaultPolicy(allOf(authenticated)))
      console.log(JSON.stringify(errors.map((error) => error instanceof AuthError && error.constructor === AuthError)))
    `,
      flag,
    ),
  ).toEqual([true, true])
})

test('require() and import give one copy where require() can load ES modules', () => {
  expect(
    run(`
      import { createRequire } from 'node:module'
      import { AuthError } from 'claimcheck'
      console.log(JSON.stringify(createRequire(import.meta.url)('claimcheck').AuthError === AuthError))
    `),
  ).toBe(true)
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

/** What users export without a type of their own: the compiler must be able to name it. */
const exported = `
  import { createResourceServer, createVerifier } from 'claimcheck'
  import { createGuard as express } from 'claimcheck/express'
  import { createGuard as fastify } from 'claimcheck/fastify'
  import { createGuard as hono } from 'claimcheck/hono'
  import { createGuard as koa } from 'claimcheck/koa'
  import { createGuard as node } from 'claimcheck/node'
  import { createGuard as web } from 'claimcheck/web'
  import { entra, oidc, withClaims } from 'claimcheck/issuers'
  import { allOf, anyOf, scope, stepUp, when } from 'claimcheck/policy'
  import { discoverAuthzen } from 'claimcheck/policy/authzen'
  import { createTestIssuer, entraLike } from 'claimcheck/testing'
  import { z } from 'zod'
  export const [one, other] = [entra({ tenant: '', clientId: '' }), oidc({ issuer: '', audience: '' })]
  export const typed = withClaims(one, z.object({ a: z.string() }))
  export const { verifyToken, ready, keys, close } = createVerifier({ issuer: [typed, other] })
  export const auth = await verifyToken('')
  export const { claims, principal, header, issuer } = auth
  export const api = createResourceServer({ issuer: '', audience: '', claims: z.object({ b: z.string() }) })
  export const { authenticate, authorize, authorizeAll, guard, require, challenge, metadata } = api
  export const guards = { express: express(api), fastify: fastify(api) }
  export const { auth: authOf, maybeAuth, handler, optional } = guards.express
  export const others = { hono: hono(api), koa: koa(api), node: node(api), web: web(api) }
  export const onHono = [others.hono(), others.hono.optional(), others.hono.errors(), others.hono.metadata()]
  export const onKoa = [others.koa(), others.koa.optional(), others.koa.errors(), others.koa.metadata()]
  export const onNode = [others.node(), others.node.optional(), others.node.errors(), others.node.metadata()]
  export const onWeb = [others.web(), others.web.optional(), others.web.errors(), others.web.metadata()]
  export const policies = [allOf(scope('a'), stepUp({ acrValues: ['b'] })), when(scope('a'), anyOf(scope('b'), () => true))]
  export const decided = await authorize(await api.guard({ method: '', url: '', headers: [] }), scope('a'))
  export const endpoints = await discoverAuthzen('')
  export const sts = createTestIssuer(entraLike({ tenant: '', clientId: '' }))
`

test("the documents' code, and what users export, compiles with declarations, strict and with libraries checked", () => {
  linkOurPackages([
    '@casl',
    '@cedar-policy',
    '@grpc',
    '@hono',
    '@types',
    'cors',
    'express',
    'fastify',
    'hono',
    'koa',
    'supertest',
    'vitest',
    'ws',
    'zod',
  ])
  const codes = new Map([
    ['every-subpath', subpaths.map(({ specifier, name }) => `export * as ${name} from '${specifier}'`).join('\n')],
    ['exported', exported],
    ...documentedBlocks().map((block): [string, string] => [nameOf(block), exportAll(block.code)]),
  ])
  for (const [name, code] of codes) writeFileSync(join(project, `${name}.mts`), code)
  const options: ts.CompilerOptions = {
    strict: true,
    declaration: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    noEmit: true,
    typeRoots: [join(root, 'node_modules', '@types')],
    types: ['node'],
  }
  const program = ts.createProgram(
    [...codes.keys()].map((name) => join(project, `${name}.mts`)),
    options,
  )
  const sources = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(project))
  expect(sources.length).toBeGreaterThan(codes.size)
  const ours = sources.flatMap((file) => ts.getPreEmitDiagnostics(program, file))
  // Express's own types cannot be named where they lie outside the project.
  expect(ours.map(describeError).filter((error) => !/from '.*\/@types\//.test(error))).toEqual([])
}, 120_000)

/** Packages that subpaths load, or that the documents' code imports, from our own node_modules. */
function linkOurPackages(names: readonly string[]): void {
  for (const name of names)
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction')
}

/** `code` with each declaration of its top level exported: the compiler then writes a type for it. */
function exportAll(code: string): string {
  return code.replace(/^(?=(?:const|function|async function|interface|type|class) )/gm, 'export ')
}

function describeError({ file, messageText }: ts.Diagnostic): string {
  return `${posix.basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}
