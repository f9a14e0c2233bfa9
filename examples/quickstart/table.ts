// Lays text out in columns; the last one takes what room is left and wraps between words.

/** Formats rows as lines of at most `width` columns, as far as single words allow. The first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[], width = 120): string {
  const last = Math.max(...rows.map((row) => row.length)) - 1
  const widths = Array.from({ length: last }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const indent = widths.reduce((sum, each) => sum + each + 2, 0)
  return rows
    .map((row) => {
      const [line = '', ...more] = wrap(row[last] ?? '', width - indent)
      const cells = widths.map((each, column) => (row[column] ?? '').padEnd(each + 2))
      return [cells.join('') + line, ...more.map((text) => ' '.repeat(indent) + text)].map((text) => text.trimEnd())
    })
    .flat()
    .join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
