import type { Statement } from '../../../operations/index.ts'
import type { Understood } from '../sql/sql-session.ts'

/** A statement as it was read, with what it was understood to be, and when. */
export interface ReadStatement extends Statement {
  /** Types that its Parse gives parameters by their numbers, as on the wire; absent for a Query. */
  readonly types?: Uint8Array
  understood: Understood
  /** The session's epoch at that time: in another one it is understood anew. */
  epoch: number
}
