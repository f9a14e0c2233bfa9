// Trust in the peer: its word decides what a request is for, so it must be the gateway. Nothing of a question is read before.
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { checkOptionNames, checkString, checkStrings } from '../internal/options.ts'

/** The gateways to believe. With both members, both must hold. */
export interface TrustOptions {
  /** Addresses or networks of the gateways: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`. */
  readonly addresses?: readonly string[]
  /** A file with a secret of at least 32 characters, which the gateway sends as `X-Claimcheck-Secret`. Read once. */
  readonly secretFile?: string
  /** The same secret, for a configuration that keeps it elsewhere than in a file. */
  readonly secret?: string
}

/** The part of a request that tells its peer. */
interface PeerRequest {
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly rawHeaders: readonly string[]
}

/** Where to listen: a port of an address, or a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

const secretHeader = 'x-claimcheck-secret'

/** Reads `listen`. @throws TypeError when it is neither `address:port` nor `unix:/path`. A name may mean another address tomorrow. */
export function readAddress(listen: string): Address {
  checkString('listen', listen)
  if (listen.startsWith('unix:/')) return { path: listen.slice('unix:'.length) }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits)
  if (isIP(host) === 0 || port > 65_535)
    throw new TypeError(
      `listen must be like '127.0.0.1:9001', '[::1]:9001' or 'unix:/run/claimcheck.sock', not '${listen}'.`,
    )
  return { host, port }
}

/**
 * Makes the check of a peer.
 *
 * @throws TypeError without `trust` where other machines can reach the server, and for a trust that cannot be read.
 */
export function createPeerCheck(address: Address, trust: TrustOptions | undefined): (request: PeerRequest) => boolean {
  if (trust === undefined) {
    if ('path' in address || isLocal(address)) return () => true
    throw new TypeError(
      `trust is missing: other machines can reach ${address.host}. Name the gateways, such as trust: { addresses: ['10.0.0.7'] }, or listen on 127.0.0.1.`,
    )
  }
  checkOptionNames('trust', trust, ['addresses', 'secretFile', 'secret'])
  const { addresses, secretFile, secret } = trust
  if (addresses === undefined && secretFile === undefined && secret === undefined)
    throw new TypeError('trust must name addresses or a secretFile, or have a secret.')
  if (secretFile !== undefined && secret !== undefined)
    throw new TypeError('trust has a secret and a secretFile: write one.')
  if (addresses !== undefined && 'path' in address)
    throw new TypeError(
      'trust.addresses: the peers of a Unix socket have no address. Use its file mode, or a secretFile.',
    )
  const isKnown = addresses === undefined ? () => true : createAddressCheck(addresses)
  const expected = secretFile === undefined ? secret : readSecret(secretFile)
  const hasSecret = expected === undefined ? () => true : createSecretCheck(expected)
  return (request) => isKnown(request) && hasSecret(request)
}

/** Whether only this machine reaches `address`. */
export function isLocal(address: Address): boolean {
  return 'path' in address || address.host === '::1' || address.host.startsWith('127.')
}

function createAddressCheck(addresses: readonly string[]): (request: PeerRequest) => boolean {
  checkStrings('trust.addresses', addresses)
  const list = new BlockList()
  for (const one of addresses) addNetwork(list, one)
  return ({ socket: { remoteAddress = '' } }) => {
    // A socket for both families names an IPv4 peer like this.
    const host = remoteAddress.replace(/^::ffff:(?=[\d.]+$)/i, '')
    const family = isIP(host)
    return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6')
  }
}

function addNetwork(list: BlockList, network: string): void {
  const [, host = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? []
  const family = isIP(host)
  const longest = family === 4 ? 32 : 128
  const prefix = bits === undefined ? longest : Number(bits)
  if (family === 0 || prefix > longest || prefix === 0)
    throw new TypeError(
      `trust.addresses: '${network}' must be an address, or a network such as '10.0.0.0/8'. One that holds every address trusts everyone.`,
    )
  list.addSubnet(host, prefix, family === 4 ? 'ipv4' : 'ipv6')
}

function readSecret(file: string): string {
  checkString('trust.secretFile', file)
  return readFileSync(file, 'utf8').trim()
}

function createSecretCheck(secret: string): (request: PeerRequest) => boolean {
  if (typeof secret !== 'string' || !/^[!-~]{32,}$/.test(secret))
    throw new TypeError('trust: the secret must have at least 32 visible ASCII characters, and nothing else.')
  const expected = digest(secret)
  return ({ rawHeaders }) => {
    const values = rawHeaders.filter(
      (_, index) => rawHeaders[index - (index % 2)]?.toLowerCase() === secretHeader && index % 2 === 1,
    )
    const [received] = values
    // Digests have one length, and tell nothing of how much was right.
    return values.length === 1 && received !== undefined && timingSafeEqual(digest(received), expected)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
