// A new process that forgets to wait for a guard. With `listen` it prints each rejection that nothing handled; with `end` it does what
// Node does by default. Started by test/attacks/forgotten-await.test.ts.
import { AuthError } from 'claimcheck'
import { scope } from 'claimcheck/policy'
import { createTestApi, requestWith } from './resource-servers.ts'
import { createToken } from './tokens.ts'

const { api } = createTestApi()
const remembered = createToken()
const auth = await api.verifyToken(remembered)
const mayRead = scope('read')

const calls: Readonly<Record<string, () => unknown>> = {
  'guard without a token': () => api.guard(requestWith(), mayRead),
  'guard with a bad token': () => api.guard(requestWith('Bearer garbage'), mayRead),
  'guard with a new token without rights': () => api.guard(requestWith(`Bearer ${createToken()}`), mayRead),
  'guard with a remembered token without rights': () => api.guard(requestWith(`Bearer ${remembered}`), mayRead),
  require: () => api.require(auth, () => false),
  verifyToken: () => api.verifyToken('garbage'),
  'guard misused': () => api.guard(requestWith(`Bearer ${remembered}`), undefined as never),
}

async function listen(): Promise<void> {
  const heard: string[] = []
  for (const [name, call] of Object.entries(calls)) {
    const rejected = new Promise<unknown>((resolve) => process.once('unhandledRejection', resolve))
    call()
    const reason = await rejected
    heard.push(`${name}: ${reason instanceof AuthError ? reason.reason : (reason as Error).name}`)
  }
  console.log(JSON.stringify(heard))
}

if (process.argv[2] === 'listen') await listen()
else {
  void api.guard(requestWith(`Bearer ${remembered}`), mayRead)
  // Without the rejection the process would live on, as a server does.
  setTimeout(() => console.log('went on'), 1000)
}
