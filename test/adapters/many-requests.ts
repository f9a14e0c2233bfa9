// The part of the contract about requests beside each other: several guards, several callers, and clients that hang up.
import { once } from 'node:events'
import { connect } from 'node:net'
import { scope } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { everyoneGoesOn } from '../support/key-cache.ts'
import { type RawAnswer, sendRaw, valuesOf } from '../support/raw-request.ts'
import { testApiOptions } from '../support/resource-servers.ts'
import { createToken } from '../support/tokens.ts'
import { type Framework, listen } from './framework.ts'

const sent = (claims: Record<string, unknown> = {}, path = '/') => ({
  path,
  lines: [`Authorization: Bearer ${createToken({ claims })}`],
})

export function describeManyRequests<Q extends object, H>({ createApp, createGuard }: Framework<Q, H>): void {
  describe('several requests', () => {
    it('two guards in one application each decide, and each know their own caller', async () => {
      const one = createGuard(testApiOptions().options)
      const other = createGuard(testApiOptions({ policy: scope('other'), realm: 'other' }).options)
      const app = createApp()
      const subjects = (request: Q) => [one, other].map((guard) => guard.auth(request).principal.subject)
      app.route('/both', [one(), other()], subjects)
      app.route('/one', [one()], subjects)
      const port = await listen(app)
      const refused = await sendRaw(port, sent({}, '/both'))
      expect([refused.status, valuesOf(refused, 'WWW-Authenticate')[0]]).toEqual([
        403,
        expect.stringContaining('realm="other"'),
      ])
      expect(JSON.parse((await sendRaw(port, sent({ scope: 'other' }, '/both'))).body)).toEqual(['alice', 'alice'])
      // What one guard has found is no answer of the other.
      expect((await sendRaw(port, sent({ scope: 'other' }, '/one'))).status).toBe(500)
    })

    it('100 callers at once are never taken for each other', async () => {
      const isRevoked = async (): Promise<boolean> => {
        await everyoneGoesOn()
        return false
      }
      const guard = createGuard(testApiOptions({ isRevoked }).options)
      const app = createApp()
      app.route('/', [guard(), guard.optional()], async (request) => {
        const before = guard.auth(request).principal.subject
        await everyoneGoesOn()
        return [before, guard.auth(request).principal.subject]
      })
      const port = await listen(app)
      const names = Array.from({ length: 100 }, (_, index) => `caller-${index}`)
      const answers = await Promise.all(names.map((sub) => sendRaw(port, sent({ sub }))))
      expect(answers.map(({ body }: RawAnswer) => JSON.parse(body) as unknown)).toEqual(
        names.map((name) => [name, name]),
      )
    })

    it('no handler runs for a client that hangs up before it is refused', async () => {
      let refuse: (isRevoked: boolean) => void = () => {}
      let ask: () => void = () => {}
      const asked = new Promise<void>((resolve) => (ask = resolve))
      const isRevoked = (): Promise<boolean> => {
        ask()
        return new Promise((resolve) => (refuse = resolve))
      }
      const guard = createGuard(testApiOptions({ isRevoked }).options)
      let ran = 0
      const app = createApp()
      app.route('/', [guard()], () => ({ ran: ++ran }))
      app.route('/alive', [], () => ({}))
      const port = await listen(app)
      const client = connect(port, '127.0.0.1')
      client.write(`GET / HTTP/1.1\r\nHost: x\r\n${sent().lines[0]}\r\n\r\n`)
      await asked
      const closed = once(client, 'close')
      client.resetAndDestroy()
      await closed
      refuse(true)
      expect((await sendRaw(port, { path: '/alive' })).status).toBe(200)
      await everyoneGoesOn()
      expect(ran).toBe(0)
    })
  })
}
