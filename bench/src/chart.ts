// chart.svg for the README: bars, no script, no font of its own, and colours that can be read on white and on black
// (a picture in a page is not told which of them the page has).
import { type Report, candidatesOf, summarize } from './results.ts'
import type { NodeVersion } from './rows.ts'

interface Panel {
  readonly title: string
  readonly row: string
  readonly ours: string
  /** A ratio "how many times less" is drawn upside down. */
  readonly inverted?: boolean
}

const node: NodeVersion = '24'

const panels: readonly Panel[] = [
  {
    title: 'A token seen before: main-thread time, jose (local keys) = 1',
    row: 'known-jose',
    ours: 'claimcheck',
    inverted: true,
  },
  {
    title: 'A new RS256 token, one after the other: bare crypto.verify = 1',
    row: 'new-RS256',
    ours: 'claimcheck, cache off',
  },
  { title: 'An expired token: main-thread time, jose = 1', row: 'expired', ours: 'claimcheck' },
]

const width = 760
const left = 230
const barHeight = 13
const longest = width - left - 70

export function chart(reports: readonly Report[]): string {
  let top = 8
  const drawn = panels.map((panel) => {
    const { svg, height } = draw(panel, reports, top)
    top += height
    return svg
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" role="img" aria-label="claimcheck beside its peers on Node ${node}; shorter is better">
<style>
  text { font: 12px system-ui, sans-serif; fill: #768390 }
  .title { font-weight: 600 }
  .bar { fill: #9aa4af }
  .ours { fill: #1a9c78 }
</style>
${drawn.join('\n')}
</svg>
`
}

function draw(
  { title, row, ours, inverted = false }: Panel,
  reports: readonly Report[],
  top: number,
): { svg: string; height: number } {
  const bars = candidatesOf(reports, row)
    .filter((candidate) => candidate !== 'jose, local keys') // jose is there already
    .flatMap((candidate) => {
      const value = summarize(reports, { row, candidate, node })?.value
      return value === undefined ? [] : [{ candidate, value: inverted ? 1 / value : value }]
    })
    .toSorted((a, b) => a.value - b.value)
  const most = Math.max(...bars.map(({ value }) => value))
  const lines = bars.map(({ candidate, value }, at) => {
    const y = top + 28 + at * (barHeight + 4)
    const length = Math.max(2, (value / most) * longest).toFixed(1)
    return `<text x="${left - 8}" y="${y + 11}" text-anchor="end">${candidate}</text>
<rect class="${candidate === ours ? 'ours' : 'bar'}" x="${left}" y="${y}" width="${length}" height="${barHeight}" rx="2"/>
<text x="${left + Number(length) + 6}" y="${y + 11}">${value < 10 ? value.toFixed(2) : value.toFixed(1)}</text>`
  })
  const heading = `<text class="title" x="0" y="${top + 16}">${title} (Node ${node}, shorter is better)</text>`
  return { svg: [heading, ...lines].join('\n'), height: 28 + bars.length * (barHeight + 4) + 16 }
}
