// The network between the STS and who fetches its keys: it counts what passes, and it can be cut.
import { listenOnLoopback } from '../quickstart/loopback.ts'

type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** One party's way to the STS. */
export interface Line {
  readonly fetch: Fetch
  /** How many requests for the JWK Set have been sent so far, answered or not. */
  keyFetches(): number
  /** How many requests for anything else. */
  otherFetches(): number
  isBusy(): boolean
}

export interface Network {
  connect(jwksUri: string): Line
  /** From now on every connection is refused, really: it goes to a port where nobody listens. */
  cut(): void
  mend(): void
}

/** Makes a network that works, until it is cut. */
export async function createNetwork(): Promise<Network> {
  const nobody = await listenOnLoopback(() => {}, 0)
  await nobody.close()
  let isCut = false

  function connect(jwksUri: string): Line {
    let keyFetches = 0
    let otherFetches = 0
    let underWay = 0
    return {
      async fetch(url, init) {
        if (url === jwksUri) keyFetches++
        else otherFetches++
        underWay++
        try {
          return await wholeAnswer(await fetch(isCut ? nobody.url : url, init))
        } finally {
          underWay--
        }
      },
      keyFetches: () => keyFetches,
      otherFetches: () => otherFetches,
      isBusy: () => underWay > 0,
    }
  }

  return {
    connect,
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
    },
  }
}

/** Reads the body to its end, so that a line that is not busy has nothing more to come. */
async function wholeAnswer(response: Response): Promise<Response> {
  return new Response(await response.arrayBuffer(), response)
}
