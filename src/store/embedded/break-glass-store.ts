import { type BreakGlassRecord, type BreakGlassStore, isUnfinished } from '../../breakglass/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { jsonRecords } from './json-records.ts'

/** Requests to break the glass, and what became of them, in the embedded database. */
export function embeddedBreakGlassStore(database: EmbeddedDatabase): BreakGlassStore {
  return jsonRecords<BreakGlassRecord>(database, 'break_glass', isUnfinished)
}
