// JSON that decides is read strictly: two parsers that disagree about a decision are an open door.
import { describe, expect, it } from 'vitest'
import { fetchStrictJson } from '../../src/internal/fetch-json.ts'

const url = 'https://pdp.example.com/access'

function answered(body: string | Uint8Array<ArrayBuffer>, type?: string) {
  const headers = type === undefined ? [] : [['content-type', type] as [string, string]]
  // As bytes, since a text would come with a content type of its own.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const signal = new AbortController().signal
  return fetchStrictJson(url, {
    fetch: async () => new Response(bytes, { headers }),
    timeoutMs: 5000,
    maxBytes: 1000,
    signal,
  })
}

it.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json ;charset=utf-8'])(
  'takes what is sent as %j',
  async (type) => {
    expect(await answered('{"decision":true,"context":{"id":"ä"}}', type)).toEqual({
      decision: true,
      context: { id: 'ä' },
    })
  },
)

it.each([
  undefined,
  'text/json',
  'text/html',
  'application/jsonp',
  'application/json-seq',
  'application/problem+json',
  'application/json, text/html',
  'text/html; application/json',
])('refuses what is sent as %j', async (type) => {
  const refused = new Error(`pdp.example.com sent '${type ?? ''}', not application/json`)
  await expect(answered('{"decision":true}', type)).rejects.toThrow(refused)
})

describe('refuses', () => {
  it.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ['a repeated name', '{"decision":false,"decision":true}'],
    ['a repeated name within', '{"decision":true,"context":{"obligations":[1],"obligations":[]}}'],
    ['a name repeated by another spelling', String.raw`{"decision":false,"d\u0065cision":true}`],
    ['a list', '[{"decision":true}]'],
    ['a value', 'true'],
    ['two objects', '{"decision":true}{"decision":false}'],
    ['nothing', ''],
    ['what is no UTF-8', Uint8Array.from([...new TextEncoder().encode('{"decision":true,"id":"'), 0xff, 0x22, 0x7d])],
    ['a lone surrogate', String.raw`{"decision":true,"id":"\ud800"}`],
    ['what is nested without end', `{"decision":true,"context":${'['.repeat(200)}${']'.repeat(200)}}`],
  ])('%s', async (_, body) => {
    const message = 'pdp.example.com did not send a JSON object in which no name is repeated'
    await expect(answered(body, 'application/json')).rejects.toMatchObject({ message })
  })
})
