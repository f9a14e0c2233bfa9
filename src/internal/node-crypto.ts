// node:crypto, loaded when it is first needed: that takes longer than all of claimcheck, and not everybody who imports claimcheck
// verifies something, or has it.

let loaded: typeof import('node:crypto') | undefined

/** @throws TypeError on a runtime that has none. */
export function nodeCrypto(): typeof import('node:crypto') {
  loaded ??= globalThis.process?.getBuiltinModule?.('node:crypto')
  if (!loaded) throw new TypeError('This needs node:crypto, which this runtime does not have.')
  return loaded
}
