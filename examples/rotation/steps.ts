// What happens at the STS in 24 hours, which tokens arrive meanwhile, and what is expected of claimcheck.
import { randomUUID } from 'node:crypto'
import { clientCredentialsToken } from '../quickstart/client.ts'
import type { Sts } from '../quickstart/sts.ts'
import type { Network } from './network.ts'

/** A number, or the least and the most where chance (when a routine refresh is due) has a say. */
export type Expected = number | readonly [least: number, most: number]

export interface Traffic {
  readonly what: string
  /** What arrives at one moment. */
  tokens(): readonly string[]
  /** Over all moments of the step. What is left out is 0. */
  readonly expected: { readonly letIn?: Expected; readonly refused?: Expected; readonly unavailable?: Expected }
}

export interface Step {
  /** The first moment of traffic, since the start. */
  readonly atMs: number
  /** @default 1 moment */
  readonly moments?: number
  readonly everyMs?: number
  /** What happens before. */
  event?(): Promise<void> | void
  /** What arrives together. */
  readonly traffic: readonly Traffic[]
  /** Requests for the JWK Set. */
  readonly expectedFetches: Expected
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** The story, in order. Its events act on `sts` and `network`. */
export function createSteps({ sts, network }: { readonly sts: Sts; readonly network: Network }): Step[] {
  /** Tokens by the key that signed them, counted from 0: the first key, the second, … */
  const signedBy: (readonly string[])[] = []

  async function collectTokens(): Promise<void> {
    signedBy.push(await Promise.all(Array.from({ length: 10 }, () => clientCredentialsToken(sts))))
  }

  async function rotate(keepOld: boolean): Promise<void> {
    await sts.rotate({ keepOld })
    await collectTokens()
  }

  function tokens(key: number, count: number): readonly string[] {
    const some = signedBy[key] ?? []
    return Array.from({ length: count }, (_, index) => some[index % some.length] ?? '')
  }

  /** Plausible in all but its kid, which nobody has ever used. */
  function madeUp(count: number): readonly string[] {
    const [, claims, signature] = signedBy[0]?.[0]?.split('.') ?? []
    return Array.from({ length: count }, () => {
      const header = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: randomUUID() })
      return `${Buffer.from(header).toString('base64url')}.${claims}.${signature}`
    })
  }

  const flood = { everyMs: second / 10 }
  return [
    {
      atMs: 0,
      event: collectTokens,
      traffic: [{ what: 'warm-up, all at once', tokens: () => tokens(0, 1000), expected: { letIn: 1000 } }],
      expectedFetches: 1,
    },
    {
      atMs: second,
      event: () => rotate(true),
      traffic: [
        { what: 'rotation, old key kept: its tokens', tokens: () => tokens(0, 500), expected: { letIn: 500 } },
        { what: '  tokens of the new key', tokens: () => tokens(1, 500), expected: { letIn: 500 } },
      ],
      expectedFetches: 1,
    },
    {
      atMs: 2 * second,
      event: () => rotate(false),
      traffic: [
        { what: 'rotation, old keys retired: new tokens', tokens: () => tokens(2, 1000), expected: { letIn: 1000 } },
      ],
      expectedFetches: 1,
    },
    {
      atMs: minute,
      traffic: [{ what: 'the same a minute later', tokens: () => tokens(2, 1000), expected: { letIn: 1000 } }],
      expectedFetches: 0,
    },
    {
      atMs: hour,
      moments: 23,
      everyMs: hour,
      event: network.cut,
      traffic: [{ what: 'STS unreachable, each hour for 23 h', tokens: () => tokens(2, 10), expected: { letIn: 230 } }],
      // One each hour, for the keys; the first attempt asked for the metadata, too, and that was its second try.
      expectedFetches: 23,
    },
    {
      ...flood,
      atMs: 23 * hour + second,
      moments: 10,
      traffic: [
        { what: '  and 1000 made-up kids in 1 s', tokens: () => madeUp(100), expected: { unavailable: 1000 } },
        { what: '  good tokens meanwhile', tokens: () => tokens(2, 10), expected: { letIn: 100 } },
      ],
      expectedFetches: 0,
    },
    {
      atMs: 23 * hour + 2 * minute,
      event: network.mend,
      traffic: [{ what: 'STS back', tokens: () => tokens(2, 10), expected: { letIn: 10 } }],
      expectedFetches: 1,
    },
    {
      ...flood,
      atMs: 23 * hour + 3 * minute,
      moments: 50,
      traffic: [
        // A burst of three fetches, or one more where the refill falls in here: what came before each is known to be no key of the
        // STS, and the rest cannot be looked for.
        {
          what: 'flood of made-up kids, 1000 a second',
          tokens: () => madeUp(100),
          expected: { refused: [300, 400], unavailable: [4600, 4700] },
        },
        { what: '  good tokens meanwhile', tokens: () => tokens(2, 10), expected: { letIn: 500 } },
      ],
      expectedFetches: [3, 4],
    },
    {
      ...flood,
      atMs: 23 * hour + 3 * minute + 5 * second,
      moments: 100,
      event: () => rotate(true),
      traffic: [
        {
          what: 'rotation while the flood goes on',
          tokens: () => madeUp(100),
          expected: { refused: 100, unavailable: 9900 },
        },
        { what: '  tokens of the old key', tokens: () => tokens(2, 10), expected: { letIn: 1000 } },
        // Never refused, and let in from the next refill on.
        {
          what: '  tokens of the new key',
          tokens: () => tokens(3, 10),
          expected: { letIn: [1, 999], unavailable: [1, 999] },
        },
      ],
      expectedFetches: 1,
    },
    {
      ...flood,
      atMs: 23 * hour + 3 * minute + 15 * second,
      moments: 10,
      traffic: [
        { what: '  10 s after the rotation', tokens: () => madeUp(100), expected: { unavailable: 1000 } },
        { what: '  tokens of the new key', tokens: () => tokens(3, 10), expected: { letIn: 100 } },
      ],
      expectedFetches: 0,
    },
    {
      atMs: 23 * hour + 3 * minute + 40 * second,
      traffic: [{ what: 'after the flood, the new key', tokens: () => tokens(3, 10), expected: { letIn: 10 } }],
      expectedFetches: 0,
    },
    {
      atMs: 23 * hour + 5 * minute,
      moments: 10,
      everyMs: minute,
      event: () => rotate(false),
      traffic: [
        // The last refresh was 10 to 15 s after 23:03, so the next is due between 23:08:10 and 23:12:15.
        {
          what: 'key removed: its tokens, each minute',
          tokens: () => tokens(3, 10),
          expected: { letIn: [50, 90], refused: [10, 50] },
        },
      ],
      // The routine one, and then one a minute because somebody asks for the key.
      expectedFetches: [2, 6],
    },
    {
      atMs: 23 * hour + 15 * minute,
      moments: 10,
      everyMs: minute,
      traffic: [{ what: '  10 minutes later', tokens: () => tokens(3, 10), expected: { refused: 100 } }],
      expectedFetches: 10,
    },
    {
      atMs: 23 * hour + 25 * minute,
      traffic: [{ what: '  tokens of the key that is left', tokens: () => tokens(4, 10), expected: { letIn: 10 } }],
      expectedFetches: 0,
    },
  ]
}
