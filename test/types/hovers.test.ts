// What an editor shows of a verified token: its name, not its inside. Asks the language service of TypeScript, as editors do.
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const file = join(root, 'test/types/hovered.ts')
/** The editor's pointer rests on each name that begins with `shown`. */
const code = `
import { createResourceServer, createVerifier, type VerifiedToken } from 'claimcheck'
import { createGuard } from 'claimcheck/express'
import { createGuard as createFastifyGuard } from 'claimcheck/fastify'
import { createGuard as createHonoGuard } from 'claimcheck/hono'
import { entra, oidc, withClaims } from 'claimcheck/issuers'
import { policy, type PolicyQuery, scope } from 'claimcheck/policy'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { z } from 'zod'

const [issuer, audience] = ['https://sts.example.com', 'https://api.example.com']
const ofEntra = entra({ tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', clientId: '11112222-bbbb-3333-cccc-4444dddd5555' })
const { verifyToken } = createVerifier({ issuer, audience })
export const shownByVerifier = await verifyToken('')
const api = createResourceServer({ issuer: ofEntra })
export const shownByServer = await api.verifyToken('')
export const shownByGuardOfServer = await api.guard({ method: 'GET', url: '/', headers: [] })
const typed = createResourceServer({ issuer, audience, claims: z.object({ plan: z.string() }) })
export const shownWithSchema = await typed.verifyToken('')
const several = createVerifier({ issuer: [withClaims(ofEntra, z.object({ plan: z.string() })), oidc({ issuer, audience })] })
export const shownOfSeveral = await several.verifyToken('')

const guard = createGuard(api)
const app = express()
app.get('/', guard(scope('read')), (req, res) => {
  const shownByAuth = guard.auth(req)
  const shownByMaybeAuth = guard.maybeAuth(req)
  res.json([shownByAuth, shownByMaybeAuth])
})
app.get('/', guard.handler(async (_req, _res, shownInExpress) => void shownInExpress))
const inFastify = createFastifyGuard(api)
fastify().get('/', inFastify.handler(async (_request, _reply, shownInFastify) => shownInFastify))
const inHono = createHonoGuard(api)
new Hono().get('/', inHono(), (c) => {
  const shownInHono = c.get('auth')
  return c.text(shownInHono.issuer)
})
export const own = policy('own', ({ auth: shownInPolicy }: PolicyQuery<VerifiedToken>) => shownInPolicy.issuer === '')
`

function createService(): ts.LanguageService {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  return ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const text = name === file ? code : ts.sys.readFile(name)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
  })
}

it('is VerifiedToken in verifiers, guards, handlers and policies', () => {
  const service = createService()
  const errors = service.getSemanticDiagnostics(file)
  expect(errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  const hovers = [...code.matchAll(/\b(?:const |[(,:] *)(?<name>shown\w+)/g)].map(({ 0: whole, index, groups }) => {
    const { name = '' } = groups ?? {}
    const info = service.getQuickInfoAtPosition(file, index + whole.length - name.length)
    return [
      name,
      ts
        .displayPartsToString(info?.displayParts)
        .replace(/^.*?: /, '')
        .replace(/\s+/g, ' '),
    ]
  })
  const plain = 'VerifiedToken<Record<string, unknown>>'
  expect(Object.fromEntries(hovers)).toEqual({
    shownByVerifier: plain,
    shownByServer: plain,
    shownByGuardOfServer: plain,
    shownWithSchema: 'VerifiedToken<{ plan: string; }>',
    shownOfSeveral:
      '(VerifiedToken<{ plan: string; }> & { readonly issuer: EntraIssuerName; }) | (VerifiedToken<Record<string, unknown>> & { readonly issuer: string; })',
    shownByAuth: plain,
    shownByMaybeAuth: `${plain} | undefined`,
    shownInExpress: plain,
    shownInFastify: plain,
    shownInHono: plain,
    shownInPolicy: plain,
  })
}, 120_000)
