// Prometheus reads a histogram as cumulative: each bucket counts what the smaller ones count, too.
import { expect, it } from 'vitest'
import { createMetrics } from '../../src/cli/metrics.ts'

it('counts each decision in its bucket and in all larger ones', () => {
  const metrics = createMetrics()
  for (const ms of [0.5, 0.6, 30, 4000]) metrics.decided({ effect: 'allow', status: 200, ms })
  const counts = metrics
    .print([])
    .split('\n')
    .filter((line) => line.startsWith('claimcheck_decision_seconds_bucket'))
    .map((line) => line.replace(/.*le="(.*)"\} /, '$1: '))
  expect(counts).toEqual([
    ...['0.0005: 1', '0.001: 2', '0.0025: 2', '0.005: 2', '0.01: 2', '0.05: 3', '0.1: 3', '0.5: 3', '1: 3', '2.5: 3'],
    '+Inf: 4',
  ])
})
