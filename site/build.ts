// `npm run docs` builds the site into site/dist, for any server of static files. It reads the documents and the sources where they are.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { root, subpaths } from '../scripts/subpaths.ts'
import { addressOf, type Page, readPages, writePage } from './pages.ts'

const site = `${root}/site`

if (existsSync(`${site}/node_modules`)) await build()
else {
  console.error('The site has packages of its own. Install them first: npm ci --prefix site')
  process.exitCode = 1
}

async function build(): Promise<void> {
  // Only now: these two import the packages.
  const [{ writeApi }, vitepress] = await Promise.all([import('./api.ts'), import('vitepress')])
  rmSync(`${site}/pages`, { recursive: true, force: true })
  await writeApi(`${site}/pages/api`)
  const pages = readPages()
  for (const page of pages) writePage(page, `${site}/pages`)
  writeFileSync(`${site}/pages/sidebar.json`, JSON.stringify(sidebar(pages)))
  await vitepress.build(site)
}

interface Group {
  readonly text: string
  readonly items: readonly { readonly text: string; readonly link: string }[]
}

function sidebar(pages: readonly Page[]): readonly Group[] {
  const groups = { Guide: /^(README|docs\/[^/]+)$/, 'Your STS': /^docs\/sts\//, 'Moving here': /^docs\/migrating\// }
  const groupOf = ({ document }: Page): string => {
    const path = document.replace(/\.md$/, '')
    return Object.entries(groups).find(([, pattern]) => pattern.test(path))?.[0] ?? 'Project'
  }
  const api = subpaths.map(({ specifier }) => ({ text: specifier, link: `/api/${specifier}` }))
  const documented = [...Object.keys(groups), 'Project'].map((text) => {
    const members = pages.filter((page) => groupOf(page) === text)
    return { text, items: members.map((page) => ({ text: page.title, link: addressOf(page) })) }
  })
  return [...documented, { text: 'API reference', items: api }]
}
