// The pages of the site: the documents as they are, and the documents and programs that they link to. The files stay as they are: a link
// leads to the same place on GitHub, in the package and here.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { documents } from '../scripts/check-docs.ts'
import { root } from '../scripts/subpaths.ts'

export interface Page {
  /** The document, by its path from the root: `docs/migrating/README.md`. */
  readonly document: string
  readonly title: string
  readonly text: string
}

/** Every page, in the order of the first link to it: the order of README. Documents without a link to them come last. */
export function readPages(): readonly Page[] {
  const pages = new Map<string, Page>()
  // A queue that grows while it is read: linked pages come behind their page.
  const queue = ['README.md']
  for (const document of queue) {
    if (pages.has(document)) continue
    const page = readPage(document)
    pages.set(document, page)
    queue.push(...linkedPages(page))
  }
  const rest = documents().filter((document) => !pages.has(document))
  return [...pages.values(), ...rest.map(readPage)]
}

/** Writes `page` below `folder`, where a folder's page is its index.md, and copies the pictures that it shows. */
export function writePage(page: Page, folder: string): void {
  const text = page.text.replace(localLink, (link, target: string) => {
    const file = targetOf(page, target)
    if (file === undefined) return link
    if (!isPage(file)) writeFile(join(folder, file), readFileSync(`${root}/${file}`))
    return `](${relativeLink(page, fileOf(file))}`
  })
  writeFile(join(folder, fileOf(page.document)), text)
}

/** The address of a page on the site: `/docs/migrating/`, `/docs/cors.html`. */
export function addressOf({ document }: Page): string {
  const file = fileOf(document).replace(/\.md$/, '.html')
  return `/${file.replace(/(^|\/)index\.html$/, '$1')}`
}

/** `](` and the target of a link within the repository, without its heading. */
const localLink = /\]\((?!https?:|#)([^)#\s]+)/g

function readPage(document: string): Page {
  const text = readFileSync(`${root}/${document}`, 'utf8')
  if (document.endsWith('.ts')) {
    const title = posix.basename(document)
    return { document, title, text: `# ${title}\n\n\`\`\`ts\n${text}\`\`\`\n` }
  }
  return { document, text, title: (/^# (.*)$/m.exec(text)?.[1] ?? document).replaceAll('`', '') }
}

function linkedPages(page: Page): string[] {
  return [...page.text.matchAll(localLink)].flatMap(([, target = '']) => {
    const file = targetOf(page, target)
    return file !== undefined && isPage(file) ? [file] : []
  })
}

/** The file that a link leads to; for a folder its README.md, as on GitHub. */
function targetOf({ document }: Page, target: string): string | undefined {
  const path = posix.join(posix.dirname(document), target)
  if (!existsSync(`${root}/${path}`)) return undefined
  return statSync(`${root}/${path}`).isDirectory() ? posix.join(path, 'README.md') : path
}

function isPage(file: string): boolean {
  return /\.(md|ts)$/.test(file)
}

/** Where a document stands on the site; what is no page stays where it is. */
function fileOf(document: string): string {
  return document.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.ts$/, '.ts.md')
}

function relativeLink({ document }: Page, file: string): string {
  return `./${posix.relative(posix.dirname(document), file)}`
}

function writeFile(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
