// Our own texts in events: a line of the log is ASCII, so any other character of a hint would be read as a question mark.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../../src')
/** These write no events: their texts are for terminals. */
const others = /^(?:cli|gateway|testing)[/\\]/

function textsOf(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const texts: string[] = []
  const visit = (node: ts.Node): void => {
    // A TypeError is thrown at creation, and is in no event.
    if (ts.isNewExpression(node) && node.expression.getText() === 'TypeError') return
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      texts.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return texts
}

it('are ASCII', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const texts = files.filter((file) => !others.test(file)).flatMap(textsOf)
  expect(texts.length).toBeGreaterThan(1000)
  // The replacement character is looked for, and written nowhere.
  expect(texts.filter((text) => /[^\0-\x7e]/.test(text) && text !== '\ufffd')).toEqual([])
})
