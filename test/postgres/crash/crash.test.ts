import { describe, expect, it } from 'vitest'
import { seeded } from '../../parts/seeded.ts'
import { openShop, type Shop } from '../../parts/shop.ts'
import { patience, rounds, seedOr, shown } from '../../parts/soak.ts'
import { crashRun } from './crash-run.ts'

const SEED = seedOr(20_261_123)
const RUNS = 3
const CLIENTS = 16
/** A fresh server and gateway after this many kills: reading the whole trail after each would grow with the square. */
const KILLS_PER_SHOP = 25

describe('a gateway that is killed under load', () => {
  it('has an intent for every statement that PostgreSQL executed', { timeout: patience(60_000) }, async () => {
    const random = seeded(SEED)
    const total = {
      kills: 0,
      'statements executed': 0,
      'without an intent': 0,
      'left open': 0,
      'kills with a written and unacknowledged batch': 0,
    }
    let fewestInFlight = Number.POSITIVE_INFINITY
    let shop: Shop | undefined
    try {
      for (const run of rounds(RUNS)) {
        if (run % KILLS_PER_SHOP === 0) {
          await shop?.close()
          shop = undefined
          shop = await openShop()
        }
        const report = await crashRun(shop as Shop, `k${run}`, CLIENTS, 50 + random() * 400)
        expect(report, `run ${run} of seed ${SEED}`).toMatchObject({ unrecorded: [], answeredUnrecorded: [], open: 0 })
        expect(report.inFlightAtKill).toBeGreaterThanOrEqual(8)
        expect(report.executed).toBeGreaterThan(CLIENTS)
        total.kills += 1
        total['statements executed'] += report.executed
        total['without an intent'] += report.unrecorded.length + report.answeredUnrecorded.length
        total['left open'] += report.open
        if (report.unacknowledged > 0) total['kills with a written and unacknowledged batch'] += 1
        fewestInFlight = Math.min(fewestInFlight, report.inFlightAtKill)
      }
    } finally {
      await shop?.close()
    }
    shown('test/postgres/crash/crash.test.ts', { ...total, 'fewest statements in flight at a kill': fewestInFlight })
    // Kills that never meet such a batch test nothing; three may miss it by chance.
    if (total.kills > 20) expect(total['kills with a written and unacknowledged batch']).toBeGreaterThan(0)
  })
})
