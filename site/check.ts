// `npm run docs:check` opens every page of the built site in Chromium, as wide as a phone: no dead link, nothing in the console, nothing
// from elsewhere, nothing wider than the screen. Then it searches. The last line is `N passed, N failed`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, extname, join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { root } from '../scripts/subpaths.ts'

interface Visit {
  readonly path: string
  readonly problems: string[]
  readonly links: readonly string[]
  readonly names: readonly string[]
}

const site = `${root}/site/dist`
const phone = { width: 360, height: 740 }

const server = await serve()
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const browser = await chromium.launch({ executablePath: browserPath() })
try {
  // One context: pages share a cache, as a reader's do.
  const context = await browser.newContext({ viewport: phone })
  report([...(await visitAll(context)), await searchFor('explain', context)])
} finally {
  await browser.close()
  server.close()
}

/** Debian's Chromium, or what this machine has of its kind. */
function browserPath(): string {
  const places = (process.env['PATH'] ?? '').split(delimiter)
  const programs = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    places.map((at) => join(at, name)),
  )
  const found = programs.find((program) => existsSync(program))
  if (found === undefined) throw new Error('no browser: apt-get install -y --no-install-recommends chromium')
  return found
}

/** A server of static files, as plain as any that the site may have. */
async function serve(): Promise<Server> {
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
  }
  const files = new Set(filesOf(site))
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const file = decodeURIComponent(pathname).replace(/\/$/, '/index.html').slice(1)
    if (!files.has(file)) response.writeHead(404).end()
    else {
      response.setHeader('Content-Type', types[extname(file)] ?? 'text/plain').setHeader('Cache-Control', 'max-age=600')
      response.end(readFileSync(join(site, file)))
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return server
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
}

async function visitAll(context: BrowserContext): Promise<readonly Visit[]> {
  const paths = filesOf(site).filter((file) => file.endsWith('.html') && file !== '404.html')
  const visits: Visit[] = []
  for (const path of paths) visits.push(await visit(`/${path.replace(/(^|\/)index\.html$/, '$1')}`, context))
  const pages = new Map(visits.map(({ path, names }) => [path, new Set(names)]))
  for (const { links, problems } of visits) {
    problems.push(...links.filter((link) => !leadsSomewhere(link, pages)).map((link) => `dead link: ${link}`))
  }
  return visits
}

async function visit(path: string, context: BrowserContext): Promise<Visit> {
  const page = await context.newPage()
  const problems = watch(page)
  await open(path, page)
  // Functions given to evaluate run in the page.
  const { width, links, names } = await page.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    links: [...document.querySelectorAll('a[href]')].map((link) => (link as HTMLAnchorElement).href),
    names: [...document.querySelectorAll('[id]')].map(({ id }) => id),
  }))
  await page.close()
  if (width > phone.width) problems.push(`${width} px wide on a screen of ${phone.width} px`)
  return { path, problems, names, links: [...new Set(links)].filter((link) => link.startsWith(`${origin}/`)) }
}

/** Searches as a reader does, and follows the result that leads to the page of that name. */
async function searchFor(word: string, context: BrowserContext): Promise<Visit> {
  const page = await context.newPage()
  const problems = watch(page)
  try {
    await open('/', page)
    await page.locator('#local-search button').click()
    await page.locator('input.search-input').fill(word)
    await page.locator(`.results a[href^="/docs/${word}.html"]`).first().click()
    await page.waitForURL(`${origin}/docs/${word}.html*`)
  } catch (error) {
    problems.push(String(error))
  }
  return { path: `search for ${word}`, problems, links: [], names: [] }
}

/** Opens a page, and waits until its code has taken over what the server sent. */
async function open(path: string, page: Page): Promise<void> {
  await page.goto(`${origin}${path}`)
  await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}))
}

/** Collects what the browser complains of, and each request to another host. */
function watch(page: Page): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`))
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`)
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!/^(data|blob):/.test(url) && !url.startsWith(`${origin}/`)) problems.push(`loads ${url}`)
  })
  return problems
}

function leadsSomewhere(link: string, pages: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const { pathname, hash } = new URL(link)
  const names = pages.get(pathname.replace(/index\.html$/, ''))
  return names !== undefined && (hash === '' || names.has(decodeURIComponent(hash.slice(1))))
}

function report(visits: readonly Visit[]): void {
  for (const { path, problems } of visits) for (const problem of problems) console.error(`${path}: ${problem}`)
  const failed = visits.filter(({ problems }) => problems.length > 0).length
  if (failed > 0) process.exitCode = 1
  console.log(`${visits.length - failed} passed, ${failed} failed`)
}
