// Text that is safe to print. A token is a key: it must not end in a terminal, a log of CI or a ticket. Claims are a stranger's text,
// which may hold the escape sequences of a terminal.
import { maxReasonLength, printable } from '../../internal/json.ts'

/** Makes every text in `value` safe to print, names of members included. */
export type Clean = <T>(value: T) => T

/** The beginning of a JSON object in base64url: a token within a claim, or one in the place of another argument. */
const encodedObject = /(?:eyJ|eyAi|ewo[gJ])[\w-]{12,}[\w.=~+/-]*/g
const placeholder = '[token]'
// Shorter pieces are words, such as `undefined`, which hints repeat.
const minPiece = 12
const maxPieces = 100

/** Makes a cleaner that also takes out `secret` and every part of it. */
export function createClean(secret: string): Clean {
  const pieces = secret
    .split(/[^\w~+/=-]+/)
    .filter((piece) => piece.length >= minPiece)
    .slice(0, maxPieces)
  // A piece that was cut counts, too.
  const patterns = pieces.map((piece) => new RegExp(`${escape(piece.slice(0, 2 * minPiece))}[\\w~+/=-]*`, 'g'))

  function cleanText(text: string): string {
    const without = patterns.reduce((rest, pattern) => rest.replace(pattern, placeholder), text)
    // Hints have an ellipsis.
    return printable(without.replace(encodedObject, placeholder).replaceAll('…', '...'), maxReasonLength)
  }

  function clean(value: unknown): unknown {
    if (typeof value === 'string') return cleanText(value)
    if (Array.isArray(value)) return value.map(clean)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [cleanText(name), clean(one)]))
  }

  return clean as Clean
}

function escape(text: string): string {
  return text.replace(/[^\w]/g, '\\$&')
}
