import type { Statement } from '../../../operations/index.ts'
import type { Understood } from '../sql/sql-session.ts'

/** A statement as it was read, with what it was understood to be, and when. */
export interface ReadStatement extends Statement {
  understood: Understood
  /** The session's epoch at that time: in another one it is understood anew. */
  epoch: number
}
