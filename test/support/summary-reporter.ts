// Prints `N passed, N failed` as the last line of a test run, for people and for CI.
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      // A file that does not load, or a hook that throws, has an error of its own and perhaps no failed test.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) count.failed++
      for (const test of module.children.allTests()) count[test.result().state]++
    }
    // No tests at all is a failure too; a test that never ran (bail, interrupt) is one that did not pass.
    if (reason !== 'passed' && count.failed === 0) count.failed = 1
    const skipped = count.skipped + count.pending
    console.log(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }
}
