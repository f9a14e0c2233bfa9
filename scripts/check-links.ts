// Checks every link from one document to another: the file exists, and it has the heading that the link names.
// Links to other sites are left alone: this check needs no network.
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { documents } from './check-docs.ts'
import { nameOfHeading } from './heading-names.ts'
import { root } from './subpaths.ts'

interface Link {
  readonly page: string
  readonly line: number
  readonly target: string
}

if (process.argv[1] === import.meta.filename) check()

function check(): void {
  const links = documents().flatMap(linksOf)
  const broken = links.filter((link) => !leadsSomewhere(link))
  for (const { page, line, target } of broken) console.error(`${page}:${line} leads nowhere: ${target}`)
  if (broken.length > 0) process.exitCode = 1
  console.log(`${links.length} links, ${broken.length} broken`)
}

function linksOf(page: string): Link[] {
  const text = withoutCode(readFileSync(`${root}/${page}`, 'utf8'))
  return text.split('\n').flatMap((content, index) => {
    const targets = [...content.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
    return targets.map(([, target = '']) => ({ page, line: index + 1, target }))
  })
}

function leadsSomewhere({ page, target }: Link): boolean {
  const [path = '', heading] = target.split('#')
  const file = path === '' ? page : posix.join(posix.dirname(page), path)
  if (!existsSync(`${root}/${file}`)) return false
  return heading === undefined || headingsOf(readFileSync(`${root}/${file}`, 'utf8')).includes(heading)
}

function headingsOf(markdown: string): readonly string[] {
  return [...withoutCode(markdown).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => nameOfHeading(heading))
}

/** Keeps the lines, so that their numbers stay right. */
function withoutCode(markdown: string): string {
  return markdown.replace(/^ *```[^]*?^ *```/gm, (block) => block.replace(/[^\n]/g, ''))
}
