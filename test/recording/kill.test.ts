import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { eventsOf, recordingIn, sessionsOf } from '../parts/recordings.ts'
import { seeded } from '../parts/seeded.ts'
import { openShop, type Shop } from '../parts/shop.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'

const SEED = seedOr(20_261_127)
const KILLS = 3
const CLIENTS = 8
/** A segment is of so much at most, ms: what is older was recorded. */
const SEGMENT_MS = 1_000
const KILLS_PER_SHOP = 20

interface Seen {
  readonly value: string
  readonly at: number
}

it('is killed while it shows: whatever a client had seen is recorded, but for the last segment; and strictly recorded, all of it is', {
  timeout: patience(120_000),
}, async () => {
  const random = seeded(SEED)
  const total = {
    kills: 0,
    'rows shown': 0,
    'rows of the last second': 0,
    'rows of the last second that were lost': 0,
    'older rows lost': 0,
    'strictly recorded rows lost': 0,
  }
  let shop: Shop | undefined
  try {
    for (const round of rounds(KILLS)) {
      const strict = round % 2 === 1
      if (round % KILLS_PER_SHOP === 0) {
        await shop?.close()
        shop = await openShop()
      }
      await shop!.gateway.reconfigure({ recording: { strict } } as never)
      const { seen, killedAt } = await killed(shop!, `${round}`, 1_500 + random() * 1_500)
      const known = new Set(await recordedValues(shop!, `${round}`))
      const lost = seen.filter(({ value }) => !known.has(value))
      const last = ({ at }: Seen) => at >= killedAt - SEGMENT_MS
      total.kills++
      total['rows shown'] += seen.length
      total['rows of the last second'] += seen.filter(last).length
      if (strict) total['strictly recorded rows lost'] += lost.length
      else {
        total['rows of the last second that were lost'] += lost.filter(last).length
        total['older rows lost'] += lost.filter((each) => !last(each)).length
      }
    }
  } finally {
    await shop?.close()
  }
  shown('test/recording/kill.test.ts', total)
  expect(total).toMatchObject({ 'older rows lost': 0, 'strictly recorded rows lost': 0 })
  // Otherwise it was killed when there was nothing to lose.
  expect(total['rows of the last second']).toBeGreaterThan(0)
})

/** Clients read one row after the other until the gateway is killed. */
async function killed(shop: Shop, mark: string, after: number): Promise<{ readonly seen: readonly Seen[]; readonly killedAt: number }> {
  const job = await shop.gateway.credential()
  const seen: Seen[] = []
  const reading = Array.from({ length: CLIENTS }, async (_, of) => {
    const client = new Client(shop.clientOf(job))
    client.on('error', () => undefined)
    try {
      await client.connect()
      for (let n = 0; ; n++) {
        const { rows } = await client.query<{ value: string }>(`SELECT 'mark-${mark}-${of}-${n}' AS value`)
        seen.push({ value: rows[0]!.value, at: performance.now() })
      }
    } catch {
      // The gateway is gone.
    }
  })
  await sleep(after)
  const killedAt = performance.now()
  await shop.gateway.kill9()
  await Promise.all(reading)
  shop.gateway = await shop.gateway.again()
  return { seen, killedAt }
}

async function recordedValues(shop: Shop, mark: string): Promise<string[]> {
  const values: string[] = []
  const entries = await readTrail(shop.gateway.operator)
  for (const session of sessionsOf(entries).slice(-CLIENTS)) {
    for (const event of eventsOf(await recordingIn(entries, session))) {
      const cell = event[1] === 'row' ? event[2][0] : undefined
      if (typeof cell === 'string' && cell.startsWith(`mark-${mark}-`)) values.push(cell)
    }
  }
  return values
}
