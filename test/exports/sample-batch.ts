import { Abouts } from '../../src/exports/about.ts'
import { type Batch, batchOf, eventOf } from '../../src/exports/batch.ts'
import { SAMPLES, storedSample } from './sample-entries.ts'

export const SAMPLE_LOG = 'gateway.test/tests/one'
export const SAMPLE_SENDER = { version: '0.1.0', instance: 'one' }

/** A batch with every kind of entry, and every kind of notice. */
export function sampleBatch(): Batch {
  const abouts = new Abouts()
  const events = SAMPLES.map(([kind, fields], index) => {
    const entry = storedSample(index, kind, fields)
    return eventOf(SAMPLE_LOG, entry, abouts.of(entry))
  })
  const gaps = [
    { log: SAMPLE_LOG, from: 3, to: 9, why: 'pruned' },
    { log: 'gateway.test/tests/zero', from: 12, why: 'set-aside' },
  ] as const
  const batch = batchOf(SAMPLE_LOG, { from: 0, to: events.length }, events, gaps, Date.UTC(2026, 10, 27))
  return { ...batch, notices: [...batch.notices, { notice: 'test', id: 'tst_1', at: Date.UTC(2026, 10, 27) }] }
}
