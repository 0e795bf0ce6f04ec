import type { Statement } from '../../../operations/index.ts'
import type { Understood } from '../sql/sql-session.ts'

/** What its constants were read by. */
export interface ParsedAt {
  /** Number of the ReadyForQuery before it. */
  readonly stretch: number
  /** How many messages that change how constants are read stood before it. */
  readonly changes: number
  /** None of them stood between that ReadyForQuery and it, so that the server has told how it reads. */
  readonly isTold: boolean
  /** By what it was read, once the server has answered. */
  reading: string | undefined
}

/** A statement as it was read, with what it was understood to be, and when. */
export interface ReadStatement extends Statement {
  /** Types that its Parse gives parameters by their numbers, as on the wire; absent for a Query. */
  readonly types?: Uint8Array
  /** Where in the session it was parsed; absent for a Query. */
  readonly parsedAt?: ParsedAt
  understood: Understood
  /** The session's epoch at that time: in another one it is understood anew. */
  epoch: number
}
