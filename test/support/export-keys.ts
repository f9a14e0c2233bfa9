// Exports the keys of many test issuers, often enough that the garbage collector runs within an export. Prints when it is through.
import { createTestIssuer, oidcLike } from 'claimcheck/testing'

for (const algorithm of ['EdDSA', 'ES256'] as const) {
  for (let made = 0; made < 40; made++) {
    const sts = createTestIssuer(oidcLike(), { algorithms: [algorithm] })
    for (let exported = 0; exported < 1000; exported++) void sts.kids
  }
}
console.log('through')
