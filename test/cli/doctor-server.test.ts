// `serve --doctor`: only a nonce of the secret's owner is answered by a fault, once, for a minute, for its path. Everything else is
// answered as without the flag.
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  createProbeId,
  createSecretFile,
  type Fault,
  faults,
  type ProbeAction,
  type ProbeNonce,
  signNonce,
} from '../../src/cli/doctor/probe-header.ts'
import { type RawAnswer, sendRaw, valuesOf } from '../support/raw-request.ts'
import { folder, serve, stsAndConfig, write } from './run.ts'

const limit = 30_000
const target = '/orders/1'
type Served = Awaited<ReturnType<typeof open>>

/** A decision server with `--doctor`, and a token that may read orders. */
async function open(changes: object = {}, args: readonly string[] = []) {
  const { sts, config } = await stsAndConfig()
  const file = join(folder(), 'secret')
  const server = await serve(['--config', write('c.json', { ...config, ...changes }), '--doctor', file, ...args])
  const token = sts.token({ sub: 'alice', scope: 'orders:read' })
  return { ...server, sts, file, secret: readFileSync(file, 'utf8').trim(), token }
}

function nonceOf(action: ProbeAction, changes: Partial<ProbeNonce> = {}): ProbeNonce {
  return { action, id: createProbeId(), issuedMs: Date.now(), serial: 0, ...changes }
}

const faultLine = ({ secret }: Served, changes: Partial<ProbeNonce> = {}, path = target): string =>
  `X-Claimcheck-Probe: ${signNonce(secret, nonceOf('204', changes), path)}`

const reportOf = async ({ secret, admin }: Served, id: string): Promise<RawAnswer> =>
  admin('/doctor', [`X-Claimcheck-Probe: ${signNonce(secret, nonceOf('report', { id }))}`])

/** What a decision is answered with: no fault. */
function expectDecision(answer: RawAnswer): void {
  expect(['200', '401', '403', '400']).toContain(valuesOf(answer, 'X-Auth-Status')[0])
}

test(
  'makes a secret at start, for the owner of the file alone, and a new one each time',
  async () => {
    const { file, secret } = await open()
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, 'open to all')
    chmodSync(file, 0o666)
    expect(createSecretFile(file)).not.toBe(secret)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const other = join(folder(), 'other')
    writeFileSync(other, 'kept')
    const link = join(folder(), 'link')
    symlinkSync(other, link)
    createSecretFile(link)
    expect(readFileSync(other, 'utf8')).toBe('kept')
  },
  limit,
)

test(
  'plays each fault for a signed nonce, and logs it',
  async () => {
    const server = await open()
    const seen: Partial<Record<Fault, number | string>> = {}
    for (const fault of faults.filter((one) => one !== 'hang')) {
      const answer = await server.ask(target, server.token, [faultLine(server, { action: fault })]).catch(String)
      seen[fault] = typeof answer === 'string' ? 'no answer' : answer.status
      // The one that is an answer of this server, as it is without keys.
      const decided = fault === '503' ? ['503'] : []
      if (typeof answer !== 'string') expect(valuesOf(answer, 'X-Auth-Status')).toEqual(decided)
      expect(await server.line('fault')).toMatchObject({ level: 'warn', fault, dialect: 'caddy' })
    }
    expect(seen).toEqual({ reset: 'no answer', 500: 500, 503: 503, 302: 302, 204: 204, 200: 200 })
  },
  limit,
)

test(
  'plays the 503 that this server answers without keys, to the letter',
  async () => {
    const server = await open()
    const { sts, config } = await stsAndConfig()
    await sts.close()
    const cold = await serve(['--config', write('c.json', config)])
    const played = await server.ask(target, server.token, [faultLine(server, { action: '503' })])
    const real = await cold.ask(target, sts.token({ scope: 'orders:read' }))
    const without = (answer: RawAnswer) => ({ ...answer, headers: answer.headers.filter(([name]) => name !== 'Date') })
    expect(without(played)).toEqual(without(real))
    expect([real.status, valuesOf(real, 'Retry-After')]).toEqual([503, ['1']])
  },
  limit,
)

test(
  'hangs until its probe has ended',
  async () => {
    const server = await open()
    const id = createProbeId()
    let isOver = false
    const hanging = server
      .ask(target, server.token, [faultLine(server, { action: 'hang', id })])
      .catch(() => (isOver = true))
    await server.line('fault')
    expectDecision(await server.ask(target, server.token))
    expect(isOver).toBe(false)
    expect(JSON.parse((await reportOf(server, id)).body)).toMatchObject({ fault: 'hang', questions: 1 })
    await hanging
    expect(isOver).toBe(true)
  },
  limit,
)

test(
  'does nothing for a nonce that is not signed for this',
  async () => {
    const server = await open()
    const nonce = nonceOf('204')
    const signed = signNonce(server.secret, nonce, target)
    const header = (value: string): string => `X-Claimcheck-Probe: ${value}`
    const flipped = `${signed.slice(0, -2)}${signed.at(-2) === 'A' ? 'B' : 'A'}${signed.slice(-1)}`
    const lines: Readonly<Record<string, readonly string[]>> = {
      'no signature': [header(signed.slice(0, signed.lastIndexOf('.')))],
      'an empty signature': [header(`${signed.slice(0, signed.lastIndexOf('.'))}.`)],
      'another secret': [header(signNonce('A'.repeat(43), nonce, target))],
      'an empty secret': [header(signNonce('', nonce, target))],
      'one bit': [header(flipped)],
      'another fault': [header(signed.replace('204', '200'))],
      'another id': [header(signed.replace(nonce.id, createProbeId()))],
      'another serial': [header(signed.replace('.0.', '.1.'))],
      'a later time': [header(signed.replace(String(nonce.issuedMs), String(nonce.issuedMs - 1)))],
      'a signature without a path': [header(signNonce(server.secret, nonce))],
      'another path': [faultLine(server, {}, '/orders/2')],
      'another query': [faultLine(server, {}, `${target}?a`)],
      'more than a minute ago': [faultLine(server, { issuedMs: Date.now() - 61_000 })],
      'a time to come': [faultLine(server, { issuedMs: Date.now() + 30_000 })],
      'two lines': [header(signed), header('x')],
      'a body': [header(signed), 'Content-Length: 1'],
      'a body in chunks': [header(signed), 'Transfer-Encoding: chunked'],
      'a nonce for a report': [header(signNonce(server.secret, nonceOf('report')))],
    }
    for (const [title, extra] of Object.entries(lines)) {
      const answer = await server.ask(target, server.token, extra)
      expect([title, answer.status, valuesOf(answer, 'X-Auth-Status')]).toEqual([title, 200, ['200']])
    }
    for (const other of ['/orders/2', `${target}?a`, '/health'])
      expectDecision(await server.ask(other, server.token, [header(signed)]))
    for (const method of ['POST', 'HEAD', 'get', 'DELETE']) {
      const told = [`X-Forwarded-Method: ${method}`, 'X-Forwarded-Proto: https', 'X-Forwarded-Host: api.example.com']
      const answer = await sendRaw(server.port, {
        path: '/caddy',
        lines: [...told, `X-Forwarded-Uri: ${target}`, header(signNonce(server.secret, nonceOf('204'), target))],
      })
      expectDecision(answer)
    }
    expect(server.lines.some(({ what }) => what === 'fault')).toBe(false)
    // None of these has used the nonce up: the check above would pass with a server that plays nothing.
    expect((await server.ask(target, server.token, [header(signed)])).status).toBe(204)
  },
  limit,
)

test(
  'counts a nonce once, and none after its probe has ended',
  async () => {
    const server = await open()
    const id = createProbeId()
    const first = faultLine(server, { id })
    const second = faultLine(server, { id, serial: 1 })
    const third = faultLine(server, { id, serial: 2 })
    expect((await server.ask(target, server.token, [first])).status).toBe(204)
    expectDecision(await server.ask(target, server.token, [first]))
    // A gateway that asks again uses the next one.
    expect((await server.ask(target, server.token, [`${first},${second.split(' ')[1]}`])).status).toBe(204)
    expect(JSON.parse((await reportOf(server, id)).body)).toMatchObject({ fault: '204', questions: 2 })
    expectDecision(await server.ask(target, server.token, [third]))
    expectDecision(await server.ask(target, server.token, [faultLine(server, { id, action: '500' })]))
  },
  limit,
)

test(
  'tells what was said of a probe, to the signer alone, once, and nothing secret',
  async () => {
    const server = await open()
    const id = createProbeId()
    const tell = `X-Claimcheck-Probe: ${signNonce(server.secret, nonceOf('tell', { id }))}`
    expectDecision(await server.ask(`${target}?a=%2F`, server.token, [tell, 'Cookie: sid=secret-cookie']))
    const unsigned = await server.admin('/doctor')
    expect(unsigned.status).toBe(404)
    const again = signNonce(server.secret, nonceOf('tell', { id, serial: 1 }))
    expect(await server.admin('/doctor', [`X-Claimcheck-Probe: ${again}`])).toMatchObject({ status: 404 })
    const asked = `X-Claimcheck-Probe: ${signNonce(server.secret, nonceOf('report', { id }))}`
    const { status, body } = await server.admin('/doctor', [asked])
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({
      dialect: 'caddy',
      told: { method: 'GET', target: `${target}?a=%2F`, host: 'api.example.com', scheme: 'https' },
      hasBody: false,
      questions: 1,
      answer: { status: '200', challenge: '', retryAfter: '', body: '' },
    })
    for (const hidden of [server.token, 'secret-cookie', 'alice']) expect(body).not.toContain(hidden)
    expect((await server.admin('/doctor', [asked])).status).toBe(404)
    expect((await reportOf(server, createProbeId())).body).toBe('null')
  },
  limit,
)

test(
  'sees no question of a peer that is not trusted',
  async () => {
    const secret = 's'.repeat(40)
    const env = { DOCTOR_TEST_SECRET: secret }
    const { sts, config } = await stsAndConfig()
    const file = join(folder(), 'secret')
    const changes = { trust: { secret: { env: 'DOCTOR_TEST_SECRET' } } }
    const server = await serve(['--config', write('c.json', { ...config, ...changes }), '--doctor', file], { env })
    const opened = {
      ...server,
      sts,
      file,
      secret: readFileSync(file, 'utf8').trim(),
      token: sts.token({ scope: 'orders:read' }),
    }
    const line = faultLine(opened)
    expect((await server.ask(target, opened.token, [line])).status).toBe(403)
    expect((await server.ask(target, opened.token, [line, `X-Claimcheck-Secret: ${secret}`])).status).toBe(204)
  },
  limit,
)

test(
  'gives no report to a peer that is not trusted',
  async () => {
    const server = await open({ admin: '0.0.0.0:0', trust: { addresses: ['192.0.2.1'] } })
    expect((await reportOf(server, createProbeId())).status).toBe(404)
    const trusting = await open({ admin: '0.0.0.0:0', trust: { addresses: ['127.0.0.1'] } })
    expect((await reportOf(trusting, createProbeId())).status).toBe(200)
  },
  limit,
)

test(
  'is not there without the flag',
  async () => {
    const { sts, config } = await stsAndConfig()
    const secret = createSecretFile(join(folder(), 'secret'))
    const server = await serve(['--config', write('c.json', config)])
    const opened = { ...server, sts, file: '', secret, token: sts.token({ scope: 'orders:read' }) }
    expectDecision(await server.ask(target, opened.token, [faultLine(opened)]))
    expect((await reportOf(opened, createProbeId())).status).toBe(404)
    expect(server.lines.some(({ what }) => what === 'doctor' || what === 'fault')).toBe(false)
  },
  limit,
)
