import type { Facts } from './facts.ts'
import type { Resource } from './resource.ts'

/**
 * Exact content that one session may use many times: the text of a SQL statement. Compared by identity: a protocol
 * makes one object per Parse or Query and passes the same object for each use, so that the trail says it once.
 */
export interface Statement {
  /** The bytes as the client sent them, without the terminating NUL. */
  readonly text: Uint8Array
}

/** One thing a client asks for; docs/operations.md says what that is in each protocol. */
export interface Operation {
  readonly protocol: Resource['kind']
  /**
   * PostgreSQL: a `Query` message, a `Parse` message, or a `Bind` with everything that belongs to its portal. `unsupported`: a message
   * that is not carried; its statement says why in our own words, and holds nothing of the client.
   */
  readonly form: 'query' | 'prepare' | 'bind' | 'unsupported'
  readonly statement: Statement
  /** For `bind`: parameter formats, parameters and result formats exactly as on the wire. */
  readonly parameters?: Uint8Array
  /** What is known of it. The same object for the same facts wherever it can be: decisions and records are kept by it. Absent where it is not carried. */
  readonly facts?: Facts
}
