// docs/keys.md says what trouble costs, whom and for how long. Each cell of its table has a test, in a file that its row names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const [, table = ''] = readFileSync(join(root, 'docs/keys.md'), 'utf8').split('| held by |')
const rows = (table.split('\n\n')[0]?.split('\n').slice(2) ?? []).map((row) =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim()),
)

/** Titles of tests, for each cell of a row: tokens of known keys, of a new key, requests to the STS, and for how long. */
type Row = readonly [trouble: string, known: Titles, fresh: Titles, asked: Titles, howLong: Titles]
type Titles = readonly string[]

const atOnce = 'makes no request wait: each is answered while the STS still hangs'
const day = 'serves the last good keys for 24 hours from the last success, and not a millisecond more'
const atStart = '503 and no challenge; back, within a second of its return'
const rotated = 'for one fetch'
const fourTimes = 'is survived four times in a row: three at once, the fourth after 10 s, never with a 401'
const thousand = 'refuses none of 1000 valid tokens that come at once, for one fetch'
const inBackOff = 'is not looked for in the back-off of an STS that fails: 503, which costs no budget'
const madeUp = 'delays a rotation by ten seconds at most, though an unknown kid takes each fetch just before it'
const alb =
  'for 300 seconds keep out no real user: a new kid is served within 10 s, a known one always, for 5 fetches a second'
const joined = 'makes a request that joins it wait until its time is over, by a timer of its own: 503'

const held: readonly Row[] = [
  [
    'the STS is down, keys are known',
    [atOnce, 'for 24 hours makes at most 2 of 100 requests wait, none longer than a second'],
    ['keeps the tokens of an unknown key at 503, with the time of the next attempt'],
    ['turns no good token away, is asked eight times in two minutes, then once a minute, and is taken back'],
    ['makes it 503 with Retry-After, never 401, from the very millisecond; its first answer ends that'],
  ],
  [
    'the STS is down when the process starts',
    [atStart, 'verifies at once, and says whose keys it uses'],
    ['keeps bad tokens out with 503: whether the STS has another key, it cannot be asked'],
    ['[OWN-JWKS-2] is asked once a second at most, and nobody waits in between'],
    [atStart, 'counts the age of the keys from when the STS gave them out, not from the start'],
  ],
  [
    'one metadata address hangs or fails',
    ['(%s of three) leaves time for the one that answers', 'is one for metadata and keys'],
    ['(%s of three) leaves time for the one that answers', 'is one for metadata and keys'],
    ['[OIDCD-4-1] are asked in their order', 'is one of three that are tried, each named with its reason'],
    ['is named with its share of the time, and the last address has what is left'],
  ],
  ['rotation', [rotated], [rotated, fourTimes], [rotated], [fourTimes]],
  [
    'withdrawn key',
    ['serves one last time when its ten minutes are over, while the refresh that ends it runs'],
    [],
    ['costs a refresh as usual, and then what one made-up kid costs for as long as its tokens come'],
    ['is refused at once by a process that was idle for twice that time', day],
  ],
  [
    'new key under an old `kid`',
    ['is found when a signature fails, and the old key no longer verifies'],
    [thousand],
    [thousand],
    [thousand],
  ],
  [
    '… while the keys cannot be fetched',
    ['is 503, and costs no budget'],
    ['that come together share one look, also where it fails: no more than 60 of them get 503'],
    [inBackOff],
    [inBackOff],
  ],
  [
    'flood of forged signatures',
    ['delay no token of the key that is known'],
    ['turn the good token into 401 for the rest of those ten seconds once they have spent the 60'],
    ['cause no more than six fetches a minute beyond the burst, and 60 times 503 in any minute'],
    ['delay a replaced key by ten seconds at most'],
  ],
  [
    'flood of made-up `kid`s',
    ['gives a token with a known kid no fetch and no wait, not even while the fetch for an unknown one hangs'],
    [madeUp],
    ['[OWN-JWKS-1] makes at most four fetches of 10 000 kids in ten seconds, and then six a minute'],
    [madeUp],
  ],
  [
    '… where each key is fetched by its `kid` (`awsAlb`), 20 a second',
    [alb],
    ['grants the turn to a kid with more requests, and then to the one requested now'],
    [alb, 'grants a turn at once while there are any, five in a second'],
    [alb],
  ],
  [
    'the process is frozen between requests (Lambda, Cloud Run)',
    [
      'has good tokens verified all day, and tries again and again, though no background refresh ever ends',
      'are served after one second of waiting, counted from the first request that waited',
    ],
    [rotated],
    ['tries again when the back-off since the fetch was over has passed, not since that was seen'],
    ['refuses a withdrawn key after twice its time, with a request each $everySeconds s', day],
  ],
  [
    'a fetch ends with the request that began it (Workers)',
    [joined],
    [joined],
    ['makes no later request hang: the next begins its own when the time of the first is over by the clock'],
    ['is over after five seconds, unless the options say otherwise'],
  ],
]

it('the table has the rows that are listed here', () => {
  expect(rows.map(([trouble]) => trouble)).toEqual(held.map(([trouble]) => trouble))
})

describe.each(held)('%s', (trouble, ...cells) => {
  const row = rows.find(([name]) => name === trouble) ?? expect.fail('no such row')
  const files = [...(row[5] ?? '').matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => file)
  const tests = files.map((file) => readFileSync(join(root, file), 'utf8'))

  it.each(cells.map((titles, at) => [row[at + 1] ?? '', titles] as const))('%s', (cell, titles) => {
    expect(titles.length === 0).toBe(cell === '–')
    for (const title of titles)
      expect(
        tests.some((text) => text.includes(title)),
        title,
      ).toBe(true)
  })
})
