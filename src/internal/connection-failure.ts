// What the usual failures of a connection mean, and what to change.

const unknownHost = 'this machine finds no address for that name. Is it spelt right, and is its DNS reachable?'
const unknownCa =
  'its certificate is of a CA that Node does not know. For a private CA, start Node with NODE_EXTRA_CA_CERTS=<path of its PEM file>'

/** What the usual codes of failed connections mean. */
const explanations: Readonly<Record<string, string>> = {
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNREFUSED: 'no server listens there',
  ETIMEDOUT: 'it does not answer. Is a firewall or a proxy in between?',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer. Is a firewall or a proxy in between?',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownCa,
  SELF_SIGNED_CERT_IN_CHAIN: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownCa,
}

/** What the operator can do about a failed connection, as the end of a sentence. Empty for codes that are not known. */
export function explainFailure(code: unknown): string {
  const explanation = typeof code === 'string' && Object.hasOwn(explanations, code) ? `: ${explanations[code]}` : ''
  return explanation === '' ? '' : explanation + proxyHint()
}

/** Node's own fetch goes past the proxy that the environment names, unless it is told otherwise. */
function proxyHint(): string {
  // oxlint-disable-next-line eslint/no-restricted-properties -- whether a variable is set, never its value
  const environment = globalThis.process?.env ?? {}
  const name = ['HTTPS_PROXY', 'https_proxy'].find((one) => environment[one])
  if (name === undefined || environment['NODE_USE_ENV_PROXY'] === '1') return ''
  return `. ${name} is set, and Node's fetch does not use it: start Node 24 with NODE_USE_ENV_PROXY=1, or give a fetch that does`
}
