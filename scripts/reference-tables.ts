// The tables of docs/reference.md and docs/issuers.md, from the code itself: the table of refusals, docstrings, answers of a resource
// server, and the fixtures of the presets.
import { readFileSync } from 'node:fs'
import { AuthError, type ClaimcheckEvent, createResourceServer, fromWeb, logTo } from 'claimcheck'
import { scope, stepUp } from 'claimcheck/policy'
import { createTestIssuer, oidcLike } from 'claimcheck/testing'
import ts from 'typescript'
import { errorTable } from '../src/errors/reasons.ts'
import { allFixtures } from '../test/support/sts-fixture.ts'
import { memberMeanings, reasonMeanings } from './reference-words.ts'
import { root } from './subpaths.ts'

type Row = readonly string[]

export const tables: Readonly<Record<string, () => Promise<string> | string>> = {
  codes: () => {
    const rows = Object.values(errorTable).map(({ code, status, fault }) => [`\`${code}\``, String(status), fault])
    return tableOf(['`error.code`', 'status', 'whose fault'], unique(rows))
  },
  reasons: () => {
    const rows = Object.entries(errorTable).map(([reason, { status, code }]) => {
      return [`\`${reason}\``, String(status), `\`${code}\``, reasonMeanings[reason as keyof typeof errorTable]]
    })
    return tableOf(['reason', 'status', 'code', 'means'], rows)
  },
  details: () => tableOf(['`error.details`', ''], membersOf('errors/auth-error.ts', 'ErrorDetails', 'details')),
  options: () => tableOf(['option', ''], optionRows()),
  'key-cache': () => tableOf(['`keyCache`', ''], membersOf('jwks/settings.ts', 'KeyCacheOptions')),
  'token-cache': () => tableOf(['`tokenCache`', ''], membersOf('verifier/options.ts', 'TokenCacheOptions')),
  metadata: () => tableOf(['`metadata`', ''], membersOf('http/resource-metadata.ts', 'ResourceMetadataOptions')),
  principal: () => {
    const parts = ['client', 'groups', 'actor', 'authentication'].flatMap((part) =>
      membersOf('principal/principal.ts', `Principal${part[0]?.toUpperCase()}${part.slice(1)}`, part).map(
        ([name = '', text = '']) => [`\`${part}.${name.slice(1)}`, text],
      ),
    )
    return tableOf(['`principal`', ''], [...membersOf('principal/principal.ts', 'Principal', 'principal'), ...parts])
  },
  presets: () => tableOf(['preset', 'kinds', 'members that its tokens fill', 'traits'], allFixtures().map(presetRow)),
  issuers: () => {
    const rows = allFixtures().flatMap(({ name, row }) => (row === undefined ? [] : [[`\`${name}\``, row]]))
    return tableOf(['preset', 'options', 'accepts', 'refuses', 'not known, not read †'], rows)
  },
  events: () => tableOf(['event', 'log', 'members', ''], eventRows()),
  answers: async () => tableOf(['request', 'status', 'header lines', 'body'], await answerRows()),
}

const unused = new Set(Object.keys(memberMeanings))

/** Words whose member is gone, once the tables are written. */
export function unusedWords(): readonly string[] {
  return [...unused]
}

function wordsFor(member: string): string {
  unused.delete(member)
  return memberMeanings[member] ?? ''
}

function tableOf(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function unique(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [row.join(), row])).values()]
}

/** The members of an interface in src, each with the first paragraph of its docstring, or with the words that stand in for one. */
function membersOf(file: string, name: string, words = name): Row[] {
  const found = nodesOf(file).filter((node) => ts.isInterfaceDeclaration(node) && node.name.text === name)
  const members = found.flatMap((node) => [...(node as ts.InterfaceDeclaration).members])
  if (members.length === 0) throw new Error(`src/${file} has no interface ${name} with members`)
  return members.map((member) => {
    const own = member.name?.getText() ?? ''
    return [`\`${own}\``, wordsFor(`${words}.${own}`) || docOf(member) || missing(`${name}.${own}`)]
  })
}

function nodesOf(file: string): ts.Node[] {
  const text = readFileSync(`${root}/src/${file}`, 'utf8')
  const nodes: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    nodes.push(node)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true))
  return nodes
}

function docOf(node: ts.Node): string {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' ')
  const [first = ''] = text.split(/\n\s*\n/)
  const byDefault = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === 'default')?.comment
  const suffix = byDefault === undefined ? '' : ` Default ${ts.getTextOfJSDocComment(byDefault)}.`
  return `${first}${suffix}`.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim()
}

/** The names that the refusal of an unknown option lists, so that none is left out. */
function optionRows(): Row[] {
  const documented = new Map(
    // A later entry replaces one before: reversed, since the options of a resource server stand before its own members.
    ['verifier/options.ts', 'server/resource-server.ts']
      .flatMap(nodesOf)
      .flatMap((node) => {
        const doc = ts.isPropertySignature(node) ? docOf(node) : ''
        return doc === '' ? [] : [[(node as ts.PropertySignature).name.getText(), doc] as const]
      })
      .toReversed(),
  )
  return listedOptions().map((name) => [`\`${name}\``, documented.get(name) ?? missing(name)])
}

function listedOptions(): string[] {
  try {
    createResourceServer({ noSuchOption: 1 } as never)
  } catch (error) {
    return /It has: (.*)\.$/.exec(String(error))?.[1]?.split(', ') ?? missing('the list of options')
  }
  return missing('the list of options')
}

function missing(what: string): never {
  throw new Error(`${what} is not documented`)
}

/** What the accepted tokens of a fixture fill, which is what the documents of that STS say. */
function presetRow({ name, accepted, naive }: ReturnType<typeof allFixtures>[number]): Row {
  const principals = [...accepted, ...naive].flatMap((sample) => ('principal' in sample ? [sample.principal] : []))
  const filled = (isFilled: (principal: (typeof principals)[number]) => boolean): boolean => principals.some(isFilled)
  const members = ['tenant', 'client', 'scopes', 'roles', 'permissions', 'groups', 'actor', 'authentication'].filter(
    (member) => filled((principal) => !isEmpty(principal[member as keyof typeof principal])),
  )
  const kinds = ['user', 'application', 'device', 'unknown'].filter((kind) => filled((one) => one.kind === kind))
  const traits = [...new Set(principals.flatMap((one) => one.traits))].toSorted()
  return [`\`${name}\``, ...[kinds, members, traits].map((words) => words.map((word) => `\`${word}\``).join(' '))]
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object' || value === null) return false
  return 'values' in value ? isEmpty(value.values) : Object.keys(value).length === 0
}

function eventRows(): Row[] {
  const union = nodesOf('errors/events.ts').find(
    (node) => ts.isTypeAliasDeclaration(node) && node.name.text === 'ClaimcheckEvent',
  ) as ts.TypeAliasDeclaration
  const text = union.getSourceFile().text
  const { types } = union.type as ts.UnionTypeNode
  return types.map((one, index) => {
    const [type, ...rest] = (one as ts.TypeLiteralNode).members as ts.NodeArray<ts.PropertySignature>
    const name = type?.type?.getText().slice(1, -1) ?? missing('an event')
    const [, comment = ''] = /\/\*\*([^]*?)\*\//.exec(text.slice(types[index - 1]?.end ?? union.pos, one.pos)) ?? []
    const doc = comment
      .replaceAll(/^\s*\* ?/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim()
    const names = rest.map((member) => `\`${member.name.getText()}\``).join(' ')
    return [`\`${name}\``, levelOf(name), names, wordsFor(name) || doc || missing(name)]
  })
}

function levelOf(type: string): string {
  const level = { warn: 'info', info: 'info' }
  logTo({ warn: () => void (level.warn = 'warn'), info: () => {} })({ type } as ClaimcheckEvent)
  return `\`${level.warn}\``
}

/** What real requests are answered. */
async function answerRows(): Promise<Row[]> {
  const sts = createTestIssuer(oidcLike())
  const { issuer, audience, fetch, clock } = sts
  const api = createResourceServer({ issuer, audience, fetch, clock })
  const down = createResourceServer({ issuer, audience, clock, fetch: () => Promise.reject(new Error('down')) })
  const token = sts.token({ scope: 'orders:read' })
  const cases = [
    ['no token', api, undefined, scope('orders:read')],
    ['`Authorization: Bearer a b`', api, 'Bearer a b', scope('orders:read')],
    ['a bad token, for whatever reason', api, `Bearer ${sts.badToken('expired')}`, scope('orders:read')],
    ['a scope is missing', api, `Bearer ${token}`, scope('orders:read', 'orders:write')],
    ['the login is too old', api, `Bearer ${token}`, stepUp({ maxAgeSeconds: 300 })],
    ['the policy says no', api, `Bearer ${token}`, () => false],
    ['the STS is down, and no key is known', down, `Bearer ${token}`, scope('orders:read')],
  ] as const
  return Promise.all(
    cases.map(async ([title, server, authorization, policy]) => {
      const request = new Request('https://api.example.com/orders', {
        ...(authorization && { headers: { authorization } }),
      })
      const error: unknown = await server.guard(fromWeb(request), policy).catch((reason: unknown) => reason)
      if (!(error instanceof AuthError)) throw new Error(`${title}: no refusal`)
      const { status, headers, body } = server.challenge(error)
      const lines = headers.filter(([name]) => name === 'WWW-Authenticate' || name === 'Retry-After')
      return [title, String(status), lines.map(([name, value]) => `\`${name}: ${value}\``).join('<br>'), `\`${body}\``]
    }),
  )
}
