// What probes say that is not true. None of it names anything that exists.
export const forged = {
  target: '/claimcheck-doctor-forged',
  host: 'forged.invalid',
  identity: 'claimcheck-doctor-forged',
} as const

/** The token with another signature. */
export function badToken(token: string): string {
  const at = token.lastIndexOf('.') + 1
  return `${token.slice(0, at)}${token.charAt(at) === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
}
