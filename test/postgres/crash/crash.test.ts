import { describe, expect, it } from 'vitest'
import { seeded } from '../../parts/seeded.ts'
import { openShop } from '../../parts/shop.ts'
import { crashRun } from './crash-run.ts'

const SEED = 20_261_123
const RUNS = 3
const CLIENTS = 16

// The long form, whose result is in docs/reliability.md, is `npm run soak`.
describe('a gateway that is killed under load', () => {
  it('has an intent for every statement that PostgreSQL executed', { timeout: 60_000 }, async () => {
    const random = seeded(SEED)
    const shop = await openShop()
    let atTail = 0
    try {
      for (let run = 1; run <= RUNS; run += 1) {
        const report = await crashRun(shop, `k${run}`, CLIENTS, 50 + random() * 400)
        expect(report, `run ${run} of seed ${SEED}`).toMatchObject({ unrecorded: [], answeredUnrecorded: [], open: 0 })
        expect(report.inFlightAtKill).toBeGreaterThanOrEqual(8)
        expect(report.executed).toBeGreaterThan(CLIENTS)
        if (report.unacknowledged > 0) atTail += 1
      }
      console.log(`${atTail} of ${RUNS} kills met a batch that was written and not yet acknowledged`)
    } finally {
      await shop.close()
    }
  })
})
