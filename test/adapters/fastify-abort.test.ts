// A client that hangs up while its refusal is still being sent must not get past the door (Fastify goes on with a hook
// whose promise settles; see the comment in src/adapters/fastify.ts).
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { createGuard } from 'claimcheck/fastify'
import { scope } from 'claimcheck/policy'
import { afterEach, describe, expect, it } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { bearer, testApiOptions } from '../support/resource-servers.ts'

const apps: FastifyInstance[] = []
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())))

type Door = 'onRequest' | 'preHandler'

function createSignal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}

/** Sends a request, hangs up while an `onSend` hook holds the answer back, then lets the hook go on. */
async function hangUpDuringRefusal(door: Door, authorization: string | undefined, kind: 'async' | 'callback') {
  const guard = createGuard(testApiOptions().options)
  const app = Fastify()
  apps.push(app)
  const held = createSignal()
  const sending = createSignal()
  if (kind === 'async') {
    app.addHook('onSend', async (_request, _reply, payload) => {
      sending.give()
      await held.given
      return payload
    })
  } else {
    app.addHook('onSend', (_request, _reply, payload, done) => {
      sending.give()
      void held.given.then(() => done(null, payload))
    })
  }
  let ran = 0
  app.delete('/orders/1', { [door]: guard(scope('orders:delete')) }, async () => void ran++)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const closed = once(app.server, 'connection').then(([socket]) => once(socket as never, 'close'))
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  const line = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`
  client.write(`DELETE /orders/1 HTTP/1.1\r\nHost: x\r\n${line}\r\n`)
  await sending.given
  client.destroy()
  await closed
  await everyoneGoesOn()
  held.give()
  for (let ticks = 0; ticks < 10; ticks++) await everyoneGoesOn()
  return ran
}

describe.each<Door>(['onRequest', 'preHandler'])('a guard as %s hook', (door) => {
  it.each(['async', 'callback'] as const)(
    'lets no one in who hangs up during the refusal (%s onSend)',
    async (kind) => {
      expect(await hangUpDuringRefusal(door, undefined, kind)).toBe(0)
      expect(await hangUpDuringRefusal(door, 'Bearer forged', kind)).toBe(0)
      const [, [, lacking]] = [0, bearer({ scope: 'orders:read' }).headers[0] ?? ['', '']]
      expect(await hangUpDuringRefusal(door, lacking, kind)).toBe(0)
    },
  )
})
