import { setTimeout as sleep } from 'node:timers/promises'
import { operationsOf, readTrail } from '../../parts/recorded.ts'
import { SHOP_ROLE, type Shop } from '../../parts/shop.ts'
import { startLoad } from './load.ts'

export interface CrashReport {
  readonly inFlightAtKill: number
  /** Statements in PostgreSQL's own log. */
  readonly executed: number
  /** Of those, the ones that the trail does not know: must be none. */
  readonly unrecorded: readonly string[]
  /** Statements that a client got an answer to and the trail does not know: must be none. */
  readonly answeredUnrecorded: readonly string[]
  /** Intents that PostgreSQL never saw: their batch was written and nobody had been told yet. */
  readonly unacknowledged: number
  /** Intents of the run that have no outcome after recovery: must be none. */
  readonly open: number
}

/** Until the load runs: a kill before that shows little. */
const PATIENCE_MS = 20_000

/** kill -9 under load; then the gateway starts again and both logs are compared. @param delay ms of load before the kill, once every client was answered on average */
export async function crashRun(shop: Shop, mark: string, clients: number, delay: number): Promise<CrashReport> {
  const job = await shop.gateway.credential()
  const load = await startLoad(clients, mark, shop.clientOf(job))
  for (let waited = 0; load.answered.length <= clients && waited < PATIENCE_MS; waited += 5) await sleep(5)
  await sleep(delay)
  const inFlightAtKill = load.inFlight()
  await shop.gateway.kill9()
  await load.over
  // What was already on its way to PostgreSQL is still executed and logged.
  while ((await shop.server.query('SELECT 1 FROM pg_stat_activity WHERE usename = $1', [SHOP_ROLE])).length > 0) await sleep(10)

  shop.gateway = await shop.gateway.again()
  const recorded = operationsOf(await readTrail(shop.gateway.operator)).filter(({ statement }) => statement.includes(`${mark}-`))
  const intended = new Set(recorded.flatMap(({ statement }) => markIn(statement)))
  const executed = shop.server
    .log()
    .split('\n')
    .filter((line) => line.includes(`${SHOP_ROLE}@`) && line.includes(`'${mark}-`))
    .flatMap(markIn)
  const seen = new Set(executed)
  return {
    inFlightAtKill,
    executed: seen.size,
    unrecorded: [...seen].filter((name) => !intended.has(name)),
    answeredUnrecorded: load.answered.filter((name) => !intended.has(name)),
    unacknowledged: [...intended].filter((name) => !seen.has(name)).length,
    open: recorded.filter(({ status }) => status === undefined).length,
  }
}

function markIn(text: string): string[] {
  const found = /SELECT '([^']+)'/.exec(text)?.[1]
  return found === undefined ? [] : [found]
}
