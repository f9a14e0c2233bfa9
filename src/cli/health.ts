// `claimcheck health`: asks the admin listener, for a HEALTHCHECK in images that have neither a shell nor curl.
import { get } from 'node:http'
import { isLocal, readAddress } from '../gateway/peers.ts'
import type { Command } from './command.ts'
import { readArguments } from './settings.ts'

export const healthCommand: Command = {
  summary: 'asks a running server whether it answers',
  usage: `claimcheck health

  --admin ADDRESS   the admin listener, 127.0.0.1:9002   (CLAIMCHECK_ADMIN)`,
  async run(args) {
    const { overrides } = readArguments(args)
    const address = readAddress(overrides.admin ?? '127.0.0.1:9002')
    const target = 'path' in address ? { socketPath: address.path } : { ...address, host: reachable(address) }
    return new Promise((resolve) => {
      const request = get({ ...target, path: '/healthz', timeout: 2000 }, (response) => {
        response.resume()
        resolve(response.statusCode === 200 ? 0 : 1)
      })
      request.on('timeout', () => request.destroy())
      request.on('error', () => resolve(1))
    })
  },
}

/** A server that listens on every address is asked at this machine's own. */
export function reachable(address: { readonly host: string; readonly port: number }): string {
  if (isLocal(address) || !/^(?:0\.0\.0\.0|::)$/.test(address.host)) return address.host
  return address.host === '::' ? '::1' : '127.0.0.1'
}
