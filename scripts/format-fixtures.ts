// Formats the tokens in test/presets/fixtures (`npm run format`; `--check` only looks). Each sample has a line, and the claims of a long
// one share lines. Biome would give each claim a line of its own: twice as many lines.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseJsonObject } from '../src/internal/json.ts'
import { root } from './subpaths.ts'

const lineWidth = 240
const folder = `${root}/test/presets/fixtures`
const isCheck = process.argv.includes('--check')

for (const file of readdirSync(folder)) {
  const text = readFileSync(`${folder}/${file}`, 'utf8')
  // A name that is there twice would lose its first value.
  const fixture = parseJsonObject(text)
  if (!fixture) throw new TypeError(`${file} is no strict JSON object: see that each name in it is there once.`)
  const formatted = `${layOut(fixture)}\n`
  if (formatted === text) continue
  if (!isCheck) writeFileSync(`${folder}/${file}`, formatted)
  else {
    console.error(`test/presets/fixtures/${file} is not formatted: run npm run format.`)
    process.exitCode = 1
  }
}

/** `value` behind `name`, in one line where it fits. The file, its sections and tokens have their brackets on lines of their own. */
function layOut(value: unknown, name = '', level = 0): string {
  const line = name + inOneLine(value)
  const indent = '  '.repeat(level)
  const fits = level > 0 && indent.length + line.length < lineWidth
  if (fits || typeof value !== 'object' || value === null) return line
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const parts = Array.isArray(value)
    ? value.map((item) => layOut(item, '', level + 1))
    : Object.entries(value).map(([key, item]) => layOut(item, `${JSON.stringify(key)}: `, level + 1))
  if (level < 3) {
    const lines = level < 2 ? parts : fill(parts, lineWidth - indent.length - 2)
    return `${name}${open}\n${indent}  ${lines.join(`,\n${indent}  `)}\n${indent}${close}`
  }
  const [first = '', ...others] = parts
  return `${fill([`${name}${open} ${first}`, ...others], lineWidth - indent.length - 2).join(`,\n${indent}  `)} ${close}`
}

/** Puts as many parts on each line as fit. A part of several lines has them for itself. */
function fill(parts: readonly string[], width: number): readonly string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    const joined = `${last}, ${part}`
    if (last !== undefined && !joined.includes('\n') && joined.length < width) lines[lines.length - 1] = joined
    else lines.push(part)
  }
  return lines
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${inOneLine(item)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
