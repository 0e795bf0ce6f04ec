import type { ErasureRequest, ErasureRequestStore } from '../../retention/index.ts'
import type { EmbeddedDatabase } from './database.ts'
import { jsonRecords } from './json-records.ts'

/** Requests for erasure in the embedded database. */
export function embeddedErasureRequests(database: EmbeddedDatabase): ErasureRequestStore {
  return jsonRecords<ErasureRequest>(database, 'erasure', ({ state }) => state === 'asked')
}
