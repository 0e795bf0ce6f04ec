import { expect, it } from 'vitest'
import { SOURCES } from '../../test/metrics/every-family.ts'
import { createMetrics } from './index.ts'
import type { Sources } from './sources.ts'

const lookedAt = (more: Partial<Sources>) => {
  const metrics = createMetrics({ version: '1.2.3', node: '26.0.0', startedAt: 0 })
  metrics.look({ ...SOURCES, ...more })
  return metrics
}
const CASES: readonly (readonly [name: string, lacks: string, more: Partial<Sources>])[] = [
  ['fails', 'gatescribe_search_lag_entries', { searching: { lag: () => Promise.reject(new Error('the thread has ended')) } }],
  [
    'throws',
    'gatescribe_certificate_expiry_timestamp_seconds',
    {
      certificates: () => {
        throw new Error('no certificate')
      },
    },
  ],
  ['does not answer', 'gatescribe_search_lag_entries', { searching: { lag: () => new Promise(() => undefined) } }],
  [
    'throws of a count',
    'gatescribe_recording_segments_total',
    {
      recording: {
        get state(): never {
          throw new Error('no recorder')
        },
      },
    },
  ],
  [
    'says nonsense of a count',
    'gatescribe_export_delivered_total',
    { exports: () => [{ name: 'siem', lagEntries: 0, lagSeconds: 0, delivered: -1, failed: 0, state: 'running' }] },
  ],
]

it.for(CASES)('leaves out what %s, and tells the rest', { timeout: 4_000 }, async ([, lacks, more]) => {
  const metrics = lookedAt(more)
  for (const open of [false, true]) {
    const { text } = await metrics.text(open)
    expect(text).toContain('\ngatescribe_ready 1\n')
    expect(text).not.toMatch(new RegExp(`^${lacks}[ {]`, 'm'))
  }
  expect(JSON.stringify(await metrics.otlp({ version: '1.2.3', instance: 'gw/main' }))).toContain('"gatescribe_ready"')
})
