// npm run soak -- [--runs 1000] [--clients 16] [--seed n]     kills the gateway under load, again and again
//
// Ends with 1 where a statement was executed without an intent, and where the kills never met a batch that was written
// but not yet acknowledged: such a run has tested nothing.
import { parseArgs } from 'node:util'
import { seeded } from '../parts/seeded.ts'
import { openShop } from '../parts/shop.ts'
import { crashRun } from './crash/crash-run.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '16' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const runs = Number(values.runs)
const random = seeded(Number(values.seed))
/** A fresh server and gateway after this many kills: reading the whole trail each time would grow with the square. */
const KILLS_PER_SHOP = 25

const total = { kills: 0, executed: 0, unrecorded: 0, open: 0, atTail: 0, fewestInFlight: Number.POSITIVE_INFINITY }
while (total.kills < runs) {
  const shop = await openShop()
  try {
    for (let kill = 0; kill < KILLS_PER_SHOP && total.kills < runs; kill += 1) {
      const report = await crashRun(shop, `k${total.kills}`, Number(values.clients), 20 + random() * 400)
      total.kills += 1
      total.executed += report.executed
      total.unrecorded += report.unrecorded.length + report.answeredUnrecorded.length
      total.open += report.open
      total.atTail += report.unacknowledged > 0 ? 1 : 0
      total.fewestInFlight = Math.min(total.fewestInFlight, report.inFlightAtKill)
      if (total.kills % 10 === 0) console.log(JSON.stringify(total))
    }
  } finally {
    await shop.close()
  }
}
console.log(`seed ${values.seed}: ${JSON.stringify(total)}`)
console.log(`${total.atTail} of ${total.kills} kills met a batch that was written and not yet acknowledged`)
process.exitCode = total.unrecorded === 0 && total.open === 0 && total.atTail > 0 && total.fewestInFlight >= 8 ? 0 : 1
