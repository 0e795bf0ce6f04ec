import type { SqlSession } from '../sql/sql-session.ts'
import type { Batch } from './batch.ts'
import { sameFacts, sameResults } from './portal.ts'

/** Where names come to mean something else faster than they can be looked up, nobody can say what a text means. */
const MOST_ROUNDS = 5

/** Whether everything that it would run is understood now as it was when it was decided about: others may have changed what its names stand for. */
export async function stillMeans({ items }: Batch, sql: Pick<SqlSession, 'epoch' | 'understand'>): Promise<boolean> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { epoch } = sql
    for (const { operation, statement, portal, facts: read, masks } of items) {
      if (operation < 0 || !statement || (portal ?? statement).epoch === epoch) continue
      const { facts, refusal, statements } = await sql.understand(statement.text)
      if (masks && !sameResults(statements, read)) return false
      if (refusal !== undefined || !sameFacts(facts, portal?.facts ?? statement.understood.facts)) return false
    }
    if (sql.epoch === epoch) return true
  }
  return false
}
